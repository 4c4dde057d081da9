"""What a key vault declares."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pulumi
import pytest

from strongroom import (
    Contents,
    ExistingVault,
    Generate,
    InvalidArgumentsError,
    KeyVault,
    KeyVaultArgs,
    Network,
    NewVault,
    PrivateEndpoint,
    VaultCertificate,
    VaultKey,
    VaultSecret,
)
from tests.support.recording import VAULT_ID, Declare

VAULT = "azure-native:keyvault:Vault"
SECRET = "azure-native:keyvault:Secret"
TENANT = "11111111-2222-3333-4444-555555555555"
CANARY = "canary-19b4"
GROUP = f"/subscriptions/{TENANT}/resourceGroups/rg/providers"
NETWORK = f"{GROUP}/Microsoft.Network/virtualNetworks/net"
SUBNET = f"{NETWORK}/subnets/vault"
ZONE = f"{GROUP}/Microsoft.Network/privateDnsZones/privatelink.vaultcore.azure.net"
WORKSPACE = f"{GROUP}/Microsoft.OperationalInsights/workspaces/audit"
_OPS = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-ops/providers"
HUB = f"{_OPS}/Microsoft.EventHub/namespaces/shop/eventhubs/ends"
BUS = f"{_OPS}/Microsoft.ServiceBus/namespaces/shop"
ACCOUNT = f"{_OPS}/Microsoft.Storage/storageAccounts/shop"


def vault(**options: Any) -> KeyVault:
    return KeyVault("vault", KeyVaultArgs(vault_name="kv-shop", resource_group="rg", tenant_id=TENANT, **options))


def test_a_vault_has_productions_defaults(declare: Declare) -> None:
    made = declare(vault).one(VAULT).inputs

    assert made["vaultName"] == "kv-shop"
    properties = made["properties"]
    assert properties["enableRbacAuthorization"] is True
    assert properties["enablePurgeProtection"] is True
    assert properties["enableSoftDelete"] is True
    assert properties["softDeleteRetentionInDays"] == 90
    assert properties["publicNetworkAccess"] == "Enabled"
    assert properties["networkAcls"]["defaultAction"] == "Allow"
    assert "createMode" not in properties


def test_purge_protection_that_is_off_is_omitted(declare: Declare) -> None:
    made = declare(lambda: vault(vault=NewVault(purge_protection=False))).one(VAULT).inputs

    assert "enablePurgeProtection" not in made["properties"]


def test_access_policies_turn_role_based_access_off_explicitly(declare: Declare) -> None:
    assert declare(lambda: vault(access="policies")).one(VAULT).inputs["properties"]["enableRbacAuthorization"] is False


def test_a_limited_network_denies_everybody_else(declare: Declare) -> None:
    network = Network(allowed_ip_ranges=["203.0.113.0/24"], allowed_subnet_ids=[SUBNET])
    rules = declare(lambda: vault(vault=NewVault(network=network))).one(VAULT).inputs["properties"]["networkAcls"]

    assert rules["defaultAction"] == "Deny"
    assert rules["ipRules"] == [{"value": "203.0.113.0/24"}]
    assert [rule["id"] for rule in rules["virtualNetworkRules"]] == [SUBNET]


def test_a_private_vault_is_found_by_its_public_name(declare: Declare) -> None:
    network = Network(public=False, private_endpoint=PrivateEndpoint(subnet_id=SUBNET, virtual_network_id=NETWORK))
    recorder = declare(lambda: vault(vault=NewVault(network=network, location="westeurope")))

    properties = recorder.one(VAULT).inputs["properties"]
    assert properties["publicNetworkAccess"] == "Disabled"
    assert properties["networkAcls"]["defaultAction"] == "Deny"
    connection = recorder.one("azure-native:network:PrivateEndpoint").inputs["privateLinkServiceConnections"][0]
    assert (connection["privateLinkServiceId"], connection["groupIds"]) == (VAULT_ID, ["vault"])
    zone = recorder.one("azure-native:privatedns:PrivateZone").inputs
    assert zone["privateZoneName"] == "privatelink.vaultcore.azure.net"
    link = recorder.one("azure-native:privatedns:VirtualNetworkLink").inputs
    assert link["virtualNetwork"] == {"id": NETWORK}
    group = recorder.one("azure-native:network:PrivateDnsZoneGroup").inputs
    assert group["privateDnsZoneConfigs"][0]["privateDnsZoneId"] == "vault-id"


def test_a_dns_zone_that_exists_is_used(declare: Declare) -> None:
    network = Network(public=False, private_endpoint=PrivateEndpoint(subnet_id=SUBNET, dns_zone_id=ZONE))
    recorder = declare(lambda: vault(vault=NewVault(network=network)))

    assert recorder.all("azure-native:privatedns:PrivateZone") == []
    group = recorder.one("azure-native:network:PrivateDnsZoneGroup").inputs
    assert group["privateDnsZoneConfigs"][0]["privateDnsZoneId"] == ZONE


def test_audit_and_lock_are_of_the_vault(declare: Declare) -> None:
    shape = NewVault(audit_workspace_id=WORKSPACE, expiry_events_to_id=HUB, lock=True)
    recorder = declare(lambda: vault(vault=shape))

    setting = recorder.one("azure-native:monitor:DiagnosticSetting")
    assert (setting.inputs["resourceUri"], setting.inputs["workspaceId"]) == (VAULT_ID, WORKSPACE)
    assert setting.inputs["logs"] == [{"category": "AuditEvent", "enabled": True}]
    lock = recorder.one("azure-native:authorization:ManagementLockByScope")
    assert (lock.inputs["scope"], lock.inputs["level"]) == (VAULT_ID, "CanNotDelete")
    # It goes first, for it guards them too.
    events = recorder.one("azure-native:eventgrid:EventSubscription")
    assert {setting.type, events.type} <= set(lock.dependency_types)


@pytest.mark.parametrize(
    ("destination", "sent"),
    [
        (HUB, {"endpointType": "EventHub", "resourceId": HUB}),
        (f"{BUS}/queues/ends", {"endpointType": "ServiceBusQueue", "resourceId": f"{BUS}/queues/ends"}),
        (f"{BUS}/topics/ends", {"endpointType": "ServiceBusTopic", "resourceId": f"{BUS}/topics/ends"}),
        (
            f"{ACCOUNT}/queueServices/default/queues/ends",
            {"endpointType": "StorageQueue", "resourceId": ACCOUNT, "queueName": "ends"},
        ),
    ],
)
def test_what_ends_is_reported_where_the_setting_says(declare: Declare, destination: str, sent: dict[str, str]) -> None:
    recorder = declare(lambda: vault(vault=NewVault(expiry_events_to_id=destination)))

    events = recorder.one("azure-native:eventgrid:EventSubscription").inputs
    assert (events["scope"], events["destination"]) == (VAULT_ID, sent)
    assert set(events["filter"]["includedEventTypes"]) == {
        f"Microsoft.KeyVault.{each}"
        for each in (
            "SecretNearExpiry",
            "SecretExpired",
            "KeyNearExpiry",
            "KeyExpired",
            "CertificateNearExpiry",
            "CertificateExpired",
        )
    }


def test_secrets_are_secret_and_have_their_attributes(declare: Declare) -> None:
    contents = Contents(
        secrets={
            "given": VaultSecret(
                value=CANARY,
                content_type="text/plain",
                not_before=datetime(2027, 1, 1, tzinfo=UTC),
                expires=datetime(2028, 1, 1, tzinfo=UTC),
            ),
            "made": VaultSecret(value=Generate(length=20)),
        }
    )
    recorder = declare(lambda: vault(contents=contents))

    given = recorder.one(SECRET, "given")
    assert given.inputs["properties"]["contentType"] == "text/plain"
    assert given.inputs["properties"]["attributes"] == {"enabled": True, "notBefore": 1798761600, "expires": 1830297600}
    assert given.shown["properties"]["value"] != CANARY
    assert recorder.one("random:index/randomPassword:RandomPassword", "made").inputs["length"] == 20
    assert "vault" in given.dependencies


def test_an_initial_value_is_written_once_with_its_attributes(declare: Declare) -> None:
    first = VaultSecret(value=Generate(initial=True), content_type="text/plain")
    recorder = declare(
        lambda: vault(contents=Contents(secrets={"first": first, "kept": VaultSecret(value=Generate())}))
    )

    assert recorder.one(SECRET, "first").ignore_changes == ["properties"]
    assert recorder.one(SECRET, "kept").ignore_changes == []


def test_keys_have_their_kind_and_rotation(declare: Declare) -> None:
    contents = Contents(
        keys={
            "rsa": VaultKey(rotate_after="P90D", expires_after="P1Y"),
            "hsm": VaultKey(type="EC-HSM", curve="P-384", operations=["sign", "verify"]),
        }
    )
    recorder = declare(lambda: vault(vault=NewVault(sku="premium"), contents=contents))

    rsa = recorder.one("azure-native:keyvault:Key", "rsa").inputs["properties"]
    assert (rsa["kty"], rsa["keySize"]) == ("RSA", 3072)
    assert rsa["rotationPolicy"]["attributes"] == {"expiryTime": "P1Y"}
    (action,) = rsa["rotationPolicy"]["lifetimeActions"]
    assert action == {"action": {"type": "rotate"}, "trigger": {"timeAfterCreate": "P90D"}}
    hsm = recorder.one("azure-native:keyvault:Key", "hsm").inputs["properties"]
    assert (hsm["kty"], hsm["curveName"], hsm["keyOps"]) == ("EC-HSM", "P-384", ["sign", "verify"])
    assert "keySize" not in hsm


def test_the_deployer_may_make_its_certificates_and_read_no_secret(declare: Declare) -> None:
    contents = Contents(
        certificates={"web": VaultCertificate(subject="CN=shop.example.net", dns_names=["shop.example.net"])}
    )
    recorder = declare(lambda: vault(contents=contents))

    role = recorder.one("azure-native:authorization:RoleAssignment").inputs
    assert role["scope"] == f"{VAULT_ID}/certificates/web"
    assert role["roleDefinitionId"].endswith("a4417e6f-fecd-4de8-b567-7b0420556985")
    assert role["principalId"] == "the deployer"
    made = recorder.one("pulumi-python:dynamic/strongroom:Certificate", "vault/web")
    assert made.inputs["subject"] == "CN=shop.example.net"
    assert made.inputs["keySize"] == 3072
    assert {"vault", "deployer/certificates/web/Key Vault Certificates Officer"} <= made.dependencies


def test_one_policy_of_the_deployer_is_enough_for_many_certificates(declare: Declare) -> None:
    contents = Contents(certificates={name: VaultCertificate(subject=f"CN={name}") for name in ("a", "b")})
    recorder = declare(lambda: vault(access="policies", contents=contents))

    policy = recorder.one("azure-native:keyvault:AccessPolicy").inputs["policy"]
    assert set(policy["permissions"]) == {"certificates"}


def test_a_vault_that_exists_is_looked_up_and_left_alone(declare: Declare) -> None:
    ids: list[str] = []
    recorder = declare(lambda: vault(vault=ExistingVault()).vault_id.apply(ids.append))

    assert ids == [VAULT_ID]
    assert recorder.all(VAULT) == []


def test_a_vault_that_decides_otherwise_is_refused(declare: Declare) -> None:
    with pytest.raises(pulumi.RunError, match="decides by 'rbac', not by 'policies'"):
        declare(lambda: vault(vault=ExistingVault(), access="policies").vault_id)


@pytest.mark.parametrize(
    ("model", "wrong"),
    [
        (NewVault, {"retention_days": 6}),
        (NewVault, {"tags": {"a<b": "c"}}),
        (Network, {"allowed_ip_ranges": ["10.0.0.0/8"]}),
        (VaultKey, {"size": 1024}),
        (VaultKey, {"rotate_after": "90d"}),
        (VaultCertificate, {"subject": "shop.example.net"}),
        (Generate, {"length": 3}),
    ],
)
def test_what_a_stack_file_is_refused_a_program_is_too(model: Callable[..., object], wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentsError, match=next(iter(wrong))):
        model(**wrong)


def test_a_refused_secrets_value_is_not_repeated() -> None:
    with pytest.raises(InvalidArgumentsError, match="content_type") as refused:
        VaultSecret(value=CANARY, content_type="a" * 256)
    assert CANARY not in str(refused.value)
    assert CANARY not in repr(VaultSecret(value=CANARY))
