"""The fake of azure-native refuses what the Resource Manager refuses, and computes what it computes."""

import threading
import uuid
from pathlib import Path
from typing import Any

import pytest

from sandbox.azure.configuration import Configuration
from sandbox.azure.store import Store
from sandbox.certificates import Authority, write_private
from sandbox.providers.azure_native import CONFIGURATION, KINDS, AzureNativeProvider, _arguments
from sandbox.providers.protocol import ProviderError
from sandbox.providers.values import UNKNOWN

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
TENANT = "99999999-2222-3333-4444-555555555555"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
ISSUER = "https://issuer.example.net/"
_ROLES = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions"
SECRETS_USER = f"{_ROLES}/4633458b-17de-408a-b874-0445c86b69e6"


class Azure:
    """A subscription with a resource group, deployed to as the engine would."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.provider = AzureNativeProvider({"subscriptionId": SUBSCRIPTION})
        self.put("resources:ResourceGroup", resourceGroupName="rg", location="westeurope")

    def put(self, kind: str, **inputs: Any) -> tuple[str, dict[str, Any]]:
        return self.provider.create(f"azure-native:{kind}", check(kind, **inputs), 0)

    def vault(self, name: str = "kv-shop", **properties: Any) -> str:
        return self.put("keyvault:Vault", **vault(name, **properties))[0]

    def delete(self, kind: str, id_: str, **inputs: Any) -> None:
        self.provider.delete(f"azure-native:{kind}", id_, inputs, 0)

    def identity(self, name: str = "orders") -> tuple[str, dict[str, Any]]:
        place = {"resourceGroupName": "rg", "location": "westeurope"}
        return self.put("managedidentity:UserAssignedIdentity", resourceName=name, **place)

    def federate(self, subject: str, name: str) -> str:
        return self.put("managedidentity:FederatedIdentityCredential", **credential(subject, name))[0]

    def assign(self, scope: str, **other: Any) -> str:
        inputs = {"principalId": str(uuid.uuid4()), "principalType": "ServicePrincipal"} | other
        return self.put("authorization:RoleAssignment", scope=scope, roleDefinitionId=SECRETS_USER, **inputs)[0]

    def lock(self, scope: str) -> str:
        lock = {"lockName": "guard", "level": "CanNotDelete"}
        return self.put("authorization:ManagementLockByScope", scope=scope, **lock)[0]


def check(kind: str, **inputs: Any) -> dict[str, Any]:
    return AzureNativeProvider.check(f"azure-native:{kind}", inputs, {}, uuid.uuid4().hex[:8], "name")


def vault(name: str, **properties: Any) -> dict[str, Any]:
    properties = {"tenantId": TENANT, "sku": {"family": "A", "name": "standard"}} | properties
    place = {"resourceGroupName": "rg", "location": "westeurope"}
    return {"vaultName": name, "properties": properties, **place}


def secret(name: str, value: str, vault_name: str = "kv-shop") -> dict[str, Any]:
    return {"secretName": name, "vaultName": vault_name, "resourceGroupName": "rg", "properties": {"value": value}}


def credential(subject: str, name: str) -> dict[str, Any]:
    place = {"resourceGroupName": "rg", "resourceName": "orders"}
    named = {"federatedIdentityCredentialResourceName": name}
    return {"issuer": ISSUER, "subject": subject, "audiences": ["api://AzureADTokenExchange"], **named, **place}


def policy(object_id: str, *permissions: str) -> dict[str, Any]:
    entry = {"tenantId": TENANT, "objectId": object_id, "permissions": {"secrets": list(permissions)}}
    return {"vaultName": "kv-shop", "resourceGroupName": "rg", "policy": entry}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def azure(tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Azure:
    nowhere = tmp_path / "nowhere"
    configuration = Configuration(
        state=tmp_path / "state",
        tenant=TENANT,
        subscription=SUBSCRIPTION,
        token_key=authority.signing_key("directory")[0],
        certificate=nowhere,
        certificate_key=nowhere,
        tls_port=0,
        node_port=0,
        proxy_port=0,
        issuer=ISSUER,
        issuer_address=ISSUER,
        authority=nowhere,
        client_certificate=nowhere,
        client_key=nowhere,
        kubeconfig=nowhere,
    )
    file = tmp_path / "emulator.json"
    write_private(file, configuration.model_dump_json())
    monkeypatch.setenv(CONFIGURATION, str(file))
    return Azure(Store(configuration.state))


# What is checked before anything is written


def test_a_provider_without_an_emulator_or_a_subscription_is_refused(
    azure: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ARM_SUBSCRIPTION_ID", raising=False)
    with pytest.raises(ProviderError, match="no subscription"):
        AzureNativeProvider({})
    monkeypatch.delenv(CONFIGURATION)
    with pytest.raises(ProviderError, match="not running"):
        AzureNativeProvider({"subscriptionId": SUBSCRIPTION})


def test_a_type_that_the_table_lacks_is_refused() -> None:
    with pytest.raises(ProviderError, match="needs the official provider"):
        check("storage:StorageAccount")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_in_a_resources_id_is_the_sdks_and_cannot_be_changed_in_place(kind: str) -> None:
    names = set(AzureNativeProvider.immutable(kind))
    inputs = set(_arguments(kind).__init__.__annotations__)

    assert inputs
    assert names - {"objectId", "*"}
    for name in names - {"objectId", "*"}:
        snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name.partition(".")[0])
        assert snake in inputs, name


def test_all_that_is_wrong_is_reported_at_once() -> None:
    inputs = vault("kv-shop", sku={"name": "gold", "colour": "red"}, enablePurgeProtection="yes")
    del inputs["resourceGroupName"], inputs["properties"]["tenantId"]
    with pytest.raises(ProviderError) as raised:
        check("keyvault:Vault", **inputs, vaultname="twice")

    assert set(str(raised.value).split("; ")) == {
        "resourceGroupName is required",
        "vaultname is not a property",
        "properties.tenantId is required",
        "properties.enablePurgeProtection must be true or false",
        "properties.sku.family is required",
        "properties.sku.colour is not a property",
        "properties.sku.name must be one of standard, premium",
    }


def test_an_access_policy_is_checked_too() -> None:
    with pytest.raises(ProviderError, match=r"policy\.tenantId is required"):
        check("keyvault:AccessPolicy", vaultName="v", resourceGroupName="rg", policy={"objectId": "o"})


def test_what_only_an_update_knows_passes() -> None:
    inputs = vault(UNKNOWN, tenantId=UNKNOWN, softDeleteRetentionInDays=UNKNOWN, enablePurgeProtection=UNKNOWN)

    assert check("keyvault:Vault", **inputs) == inputs


@pytest.mark.parametrize(
    ("kind", "named", "names"),
    [
        ("keyvault:Vault", "vaultName", ["kv", "1kv", "kv--a", "kv-", "a" * 25, "kv_a"]),
        ("keyvault:Secret", "secretName", ["db_pass", "a/b", "a" * 128]),
        ("keyvault:Key", "keyName", ["sign_key", "a.b"]),
        ("managedidentity:UserAssignedIdentity", "resourceName", ["ab", "-ab", "a/b", "é" * 3]),
        (
            "managedidentity:FederatedIdentityCredential",
            "federatedIdentityCredentialResourceName",
            ["ab", "_ab", "a:b", "a" * 121],
        ),
        ("authorization:RoleAssignment", "roleAssignmentName", ["orders"]),
    ],
)
def test_illegal_names_are_refused(kind: str, named: str, names: list[str]) -> None:
    legal: dict[str, dict[str, Any]] = {
        "keyvault:Vault": vault("kv-shop"),
        "keyvault:Secret": secret("a", "value"),
        "keyvault:Key": {"vaultName": "v", "resourceGroupName": "rg", "properties": {"kty": "EC"}},
        "managedidentity:UserAssignedIdentity": {"resourceGroupName": "rg"},
        "managedidentity:FederatedIdentityCredential": credential("a", "abc"),
        "authorization:RoleAssignment": {"scope": GROUP, "principalId": "p", "roleDefinitionId": SECRETS_USER},
    }
    check(kind, **legal[kind])
    for name in names:
        with pytest.raises(ProviderError, match="Invalid"):
            check(kind, **legal[kind] | {named: name})


def test_a_made_up_name_stays_the_same() -> None:
    kind = "azure-native:authorization:RoleAssignment"
    inputs = {"scope": GROUP, "principalId": "p", "roleDefinitionId": SECRETS_USER}
    first = AzureNativeProvider.check(kind, inputs, {}, "0a1b2c3d", "name")

    assert uuid.UUID(first["roleAssignmentName"])
    assert AzureNativeProvider.check(kind, inputs, first, "4e5f6a7b", "name") == first


@pytest.mark.parametrize("days", [6, 91])
def test_a_retention_that_azure_has_not_is_refused(days: int) -> None:
    with pytest.raises(ProviderError, match="between 7 and 90"):
        check("keyvault:Vault", **vault("kv-shop", softDeleteRetentionInDays=days))


def test_a_federated_credential_has_one_audience() -> None:
    with pytest.raises(ProviderError, match="exactly one audience"):
        check("managedidentity:FederatedIdentityCredential", **credential("a", "abc") | {"audiences": ["a", "b"]})


# What is computed


def test_ids_and_read_only_outputs_are_the_resource_managers(azure: Azure) -> None:
    vault_id, made = azure.put("keyvault:Vault", **vault("kv-shop"))
    assert vault_id == f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-shop"
    assert (made["name"], made["type"]) == ("kv-shop", "Microsoft.KeyVault/vaults")
    assert made["properties"]["vaultUri"] == "https://kv-shop.vault.azure.net/"
    assert made["properties"]["softDeleteRetentionInDays"] == 90

    identity_id, identity = azure.identity()
    assert identity_id == f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/orders"
    assert identity["tenantId"] == TENANT
    assert uuid.UUID(identity["clientId"]) != uuid.UUID(identity["principalId"])
    assert azure.federate("a", "orders") == f"{identity_id}/federatedIdentityCredentials/orders"

    secret_id, kept = azure.put("keyvault:Secret", **secret("db-pass", "hunter2"))
    assert secret_id == f"{vault_id}/secrets/db-pass"
    assert kept["properties"]["secretUri"] == "https://kv-shop.vault.azure.net/secrets/db-pass"
    assert kept["properties"]["secretUriWithVersion"].startswith(f"{kept['properties']['secretUri']}/")
    assert "value" not in kept["properties"]

    name = str(uuid.uuid4())
    assert azure.assign(secret_id, roleAssignmentName=name) == (
        f"{secret_id}/providers/Microsoft.Authorization/roleAssignments/{name}"
    )


def test_what_an_update_leaves_out_is_kept(azure: Azure) -> None:
    id_, first = azure.identity()
    kind = "azure-native:managedidentity:UserAssignedIdentity"
    inputs = {"resourceName": "orders", "resourceGroupName": "rg", "location": "westeurope", "tags": {"a": "b"}}
    second = azure.provider.update(kind, id_, inputs, inputs, 0)

    assert [second[name] for name in ("clientId", "principalId")] == [first[n] for n in ("clientId", "principalId")]
    assert second["tags"] == {"a": "b"}


def test_a_second_write_of_a_secret_is_a_version_and_of_a_key_none(azure: Azure) -> None:
    azure.vault()
    inputs = secret("db-pass", "one")
    id_, first = azure.put("keyvault:Secret", **inputs)
    second = azure.provider.update("azure-native:keyvault:Secret", id_, inputs, secret("db-pass", "two"), 0)
    assert second["properties"]["secretUriWithVersion"] != first["properties"]["secretUriWithVersion"]
    kept = azure.store.object("kv-shop", "secrets", "db-pass")
    assert kept is not None
    assert [version["value"] for version in kept["versions"]] == ["one", "two"]

    key = {"vaultName": "kv-shop", "resourceGroupName": "rg", "keyName": "sign", "properties": {"kty": "EC"}}
    rotation = {"lifetimeActions": [{"action": {"type": "rotate"}, "trigger": {"timeAfterCreate": "P90D"}}]}
    key["properties"]["rotationPolicy"] = rotation
    id_, first = azure.put("keyvault:Key", **key)
    assert azure.provider.update("azure-native:keyvault:Key", id_, key, key, 0) == first
    kept = azure.store.object("kv-shop", "keys", "sign")
    assert kept is not None
    assert kept["rotation"] == rotation


def test_what_is_there_already_and_what_has_no_parent_is_refused(azure: Azure) -> None:
    azure.vault()
    with pytest.raises(ProviderError, match="already exists"):
        azure.vault()
    with pytest.raises(ProviderError, match="ParentResourceNotFound"):
        azure.put("keyvault:Secret", **secret("a", "value", "kv-absent"))
    with pytest.raises(ProviderError, match="ResourceGroupNotFound"):
        azure.put("keyvault:Vault", **vault("kv-other") | {"resourceGroupName": "absent"})


@pytest.mark.parametrize(
    ("kind", "paths"),
    [
        ("keyvault:Vault", {"vaultName", "resourceGroupName", "location", "properties.tenantId"}),
        ("keyvault:Key", {"vaultName", "keyName", "properties.kty", "properties.curveName"}),
        ("managedidentity:UserAssignedIdentity", {"resourceName", "location"}),
        ("authorization:RoleAssignment", {"*"}),
        ("network:PrivateEndpoint", {"subnet"}),
    ],
)
def test_what_cannot_be_changed_in_place_makes_another_resource(kind: str, paths: set[str]) -> None:
    assert paths <= set(AzureNativeProvider.immutable(f"azure-native:{kind}"))


def test_a_replacement_of_the_same_id_comes_after_what_it_replaces_went() -> None:
    same = AzureNativeProvider.same_name
    kind = "azure-native:keyvault:Vault"
    assert same(kind, vault("kv-shop") | {"location": "northeurope"}, vault("kv-shop"))
    assert not same(kind, vault("kv-other"), vault("kv-shop"))


# Vaults


def test_a_soft_deleted_vault_keeps_its_name_until_it_is_recovered(azure: Azure) -> None:
    id_ = azure.vault()
    azure.put("keyvault:Secret", **secret("db-pass", "hunter2"))
    azure.delete("keyvault:Vault", id_)
    with pytest.raises(ProviderError, match=r"ConflictError.*recover or purge"):
        azure.vault("KV-shop")

    azure.vault(createMode="recover")
    assert azure.store.resources("Microsoft.KeyVault/deletedVaults") == []
    assert azure.store.object("kv-shop", "secrets", "db-pass")
    with pytest.raises(ProviderError, match="VaultNotFound"):
        azure.vault("kv-never", createMode="recover")


def test_a_vaults_name_is_one_in_the_world(azure: Azure) -> None:
    azure.vault()
    azure.put("resources:ResourceGroup", resourceGroupName="other", location="westeurope")
    with pytest.raises(ProviderError, match="VaultAlreadyExists"):
        azure.put("keyvault:Vault", **vault("kv-shop") | {"resourceGroupName": "other"})


def test_deleting_a_group_deletes_its_vaults_softly(azure: Azure) -> None:
    azure.vault()
    azure.delete("resources:ResourceGroup", GROUP)

    assert azure.store.resources("Microsoft.KeyVault/vaults") == []
    assert [gone["name"] for gone in azure.store.resources("Microsoft.KeyVault/deletedVaults")] == ["kv-shop"]


def test_purge_protection_stays_on_and_retention_as_it_was(azure: Azure) -> None:
    id_ = azure.vault(enablePurgeProtection=True, softDeleteRetentionInDays=30)
    kind, before = "azure-native:keyvault:Vault", vault("kv-shop", enablePurgeProtection=True)

    with pytest.raises(ProviderError, match="cannot be set to false"):
        check("keyvault:Vault", **vault("kv-shop", enablePurgeProtection=False))
    with pytest.raises(ProviderError, match="cannot be set to false"):
        azure.provider.update(kind, id_, before, vault("kv-shop", enablePurgeProtection=False), 0)
    with pytest.raises(ProviderError, match="can't be modified"):
        azure.provider.update(kind, id_, before, vault("kv-shop", softDeleteRetentionInDays=60), 0)
    after = azure.provider.update(kind, id_, before, vault("kv-shop"), 0)
    assert after["properties"]["enablePurgeProtection"] is True
    assert after["properties"]["softDeleteRetentionInDays"] == 30


def test_access_policies_are_the_vaults_and_at_most_1024(azure: Azure) -> None:
    id_ = azure.vault()
    made = azure.put("keyvault:AccessPolicy", **policy("o-1", "get"))[0]
    azure.provider.update("azure-native:keyvault:AccessPolicy", made, {}, policy("o-1", "get", "list"), 0)
    kept = azure.store.resource(id_)
    assert kept is not None
    assert [entry["permissions"]["secrets"] for entry in kept["properties"]["accessPolicies"]] == [["get", "list"]]

    kept["properties"]["accessPolicies"] = [policy(f"o-{number}")["policy"] for number in range(1, 1025)]
    azure.store.put(id_, kept["type"], kept)
    with pytest.raises(ProviderError, match="at most 1024"):
        azure.put("keyvault:AccessPolicy", **policy("o-1025", "get"))
    assert azure.store.resource(f"{id_}/accessPolicies/o-1025") is None
    azure.delete("keyvault:AccessPolicy", made, **policy("o-1", "get", "list"))
    azure.put("keyvault:AccessPolicy", **policy("o-1025", "get"))


# Identities and roles


def test_an_identity_has_at_most_20_federated_credentials_and_each_once(azure: Azure) -> None:
    azure.identity()
    azure.federate("subject-0", "credential-0")
    with pytest.raises(ProviderError, match="combination already exists"):
        azure.federate("subject-0", "again")
    for number in range(1, 20):
        azure.federate(f"subject-{number}", f"credential-{number}")
    with pytest.raises(ProviderError, match="limit is 20"):
        azure.federate("subject-20", "credential-20")


def test_two_writes_at_once_to_one_identitys_credentials_are_refused(azure: Azure) -> None:
    azure.identity()
    together, refused = threading.Barrier(2), list[str]()

    def write(number: int) -> None:
        together.wait()
        try:
            azure.federate(f"subject-{number}", f"credential-{number}")
        except ProviderError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) == 1
    assert refused[0].startswith("ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity")
    azure.federate("subject-2", "credential-2")


def test_a_role_needs_a_principal_that_is_known_or_reported(azure: Azure) -> None:
    principal = azure.identity()[1]["principalId"]
    azure.assign(GROUP, principalId=principal, principalType=None)
    with pytest.raises(ProviderError, match="RoleAssignmentExists"):
        azure.assign(GROUP.upper(), principalId=principal)
    with pytest.raises(ProviderError, match="PrincipalNotFound"):
        azure.assign(GROUP, principalType=None)
    with pytest.raises(ProviderError, match="RoleDefinitionDoesNotExist"):
        azure.put(
            "authorization:RoleAssignment", scope=GROUP, principalId=principal, roleDefinitionId=SECRETS_USER[:-1]
        )


# Locks


def test_a_lock_guards_its_vault_and_what_hangs_on_it(azure: Azure) -> None:
    id_ = azure.vault()
    guarded = {
        "keyvault:Vault": id_,
        "authorization:RoleAssignment": azure.assign(f"{id_}/secrets/db-pass"),
        "monitor:DiagnosticSetting": azure.put("monitor:DiagnosticSetting", name="audit", resourceUri=id_)[0],
        "eventgrid:EventSubscription": azure.put(
            "eventgrid:EventSubscription", eventSubscriptionName="ends", scope=id_
        )[0],
        "resources:ResourceGroup": GROUP,
    }
    lock = azure.lock(id_)

    for kind, guarded_id in guarded.items():
        with pytest.raises(ProviderError, match=f"ScopeLocked.*are locked: '{id_}'"):
            azure.delete(kind, guarded_id)
        assert azure.store.resource(guarded_id)
    azure.delete("authorization:ManagementLockByScope", lock)
    for kind, guarded_id in guarded.items():
        azure.delete(kind, guarded_id)
        assert azure.store.resource(guarded_id) is None


def test_a_lock_leaves_changes_the_data_plane_and_neighbours_alone(azure: Azure) -> None:
    id_, neighbour = azure.vault(), azure.vault("kv-shop2")
    azure.lock(id_)
    azure.put("keyvault:AccessPolicy", **policy("o", "get"))
    secret_id, _ = azure.put("keyvault:Secret", **secret("db-pass", "hunter2"))

    azure.provider.update("azure-native:keyvault:Vault", id_, vault("kv-shop"), vault("kv-shop"), 0)
    azure.delete("keyvault:Secret", secret_id, **secret("db-pass", "hunter2"))
    azure.delete("keyvault:AccessPolicy", f"{id_}/accessPolicies/o", **policy("o", "get"))
    azure.delete("keyvault:Vault", neighbour)


def test_a_lock_of_a_group_guards_what_is_in_it(azure: Azure) -> None:
    id_ = azure.vault()
    azure.lock(GROUP)
    for kind, guarded in {"keyvault:Vault": id_, "resources:ResourceGroup": GROUP}.items():
        with pytest.raises(ProviderError, match="ScopeLocked"):
            azure.delete(kind, guarded)


# Secrets


def test_a_secrets_value_is_reported_nowhere(azure: Azure, tmp_path: Path) -> None:
    azure.vault()
    canary = "canary-8f1b2c"
    azure.put("keyvault:Secret", **secret("db-pass", canary))
    faulty: list[dict[str, Any]] = [
        secret("db_pass", canary),
        secret("db-pass", canary) | {"properties": {"value": canary, "valeu": canary}},
        secret("db-pass", canary * 2000),
    ]
    for inputs in faulty:
        with pytest.raises(ProviderError) as raised:
            check("keyvault:Secret", **inputs)
        assert "canary" not in str(raised.value)
    azure.delete(
        "keyvault:Secret",
        f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-shop/secrets/db-pass",
        **faulty[0] | {"secretName": "db-pass"},
    )
    with pytest.raises(ProviderError, match="deleted but recoverable") as raised:
        azure.put("keyvault:Secret", **secret("db-pass", canary))
    assert "canary" not in str(raised.value)

    for file in (tmp_path / "state").iterdir():
        assert b"canary" not in file.read_bytes(), file.name
        assert file.stat().st_mode & 0o777 == 0o600, file.name


def test_a_refresh_keeps_the_value_that_azure_does_not_tell(azure: Azure) -> None:
    azure.vault()
    kind, inputs = "azure-native:keyvault:Secret", secret("db-pass", "hunter2")
    id_, outputs = azure.put("keyvault:Secret", **inputs)

    read = azure.provider.read(kind, id_, inputs, outputs)
    assert read is not None
    assert read[1] == inputs
    assert "hunter2" not in str(read[0])
    azure.store.remove(id_)
    assert azure.provider.read(kind, id_, inputs, outputs) is None
