"""The emulator keeps Azure's contract: Microsoft's clients work with it unmodified, and it refuses where Azure does."""

import base64
import json
import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
)
from azure.identity import (
    ClientAssertionCredential,
    ClientSecretCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)
from azure.keyvault.certificates import CertificateClient, CertificatePolicy, KeyVaultCertificate
from azure.keyvault.keys import KeyClient, KeyRotationLifetimeAction, KeyRotationPolicy, KeyRotationPolicyAction
from azure.keyvault.secrets import SecretClient
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12
from kubernetes import client as kubernetes

from sandbox.azure.configuration import assemble
from sandbox.providers.azure_native import AzureNativeProvider
from sandbox.running import Sandbox
from sandbox.tools.environment import clean_environment
from tests.support.sandboxed import environment

pytestmark = pytest.mark.integration

SCOPE = "https://vault.azure.net/.default"
AUDIENCE = "api://AzureADTokenExchange"
NAMESPACE = "emulator"
GROUP = "emulator"
ROLES = "https://emulator-roles.vault.azure.net"
POLICIES = "https://emulator-policies.vault.azure.net"

ADMINISTRATOR = "00482a5a-887f-4fb3-b363-3b7fe8e74483"
SECRETS_USER = "4633458b-17de-408a-b874-0445c86b69e6"
CERTIFICATE_USER = "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba"


class Deployment:
    """A deployer with every right, and an identity with few; deployed by the fake provider."""

    def __init__(self, world: Sandbox) -> None:
        self.world = world
        configuration = world.azure.configuration
        self.tenant = configuration.tenant
        self.subscription = configuration.subscription
        self.issuer = configuration.issuer
        self.directory = assemble(configuration).directory
        self._provider = AzureNativeProvider({"subscriptionId": self.subscription})

        self.client, principal, self.secret = self.directory.register("emulator-tests")
        self.deployer_id = principal
        self.group = self.put("resources:ResourceGroup", resourceGroupName=GROUP, location="westeurope")[0]
        roles = self.vault("emulator-roles", "premium", enableRbacAuthorization=True)
        self.policies = self.vault("emulator-policies", "standard", enableRbacAuthorization=False)
        inside = {"resourceGroupName": GROUP, "resourceName": "orders"}
        identity = self.put("managedidentity:UserAssignedIdentity", location="westeurope", **inside)[1]
        self.identity, self.principal = identity["clientId"], identity["principalId"]
        self.put(
            "managedidentity:FederatedIdentityCredential",
            **inside,
            federatedIdentityCredentialResourceName="orders",
            issuer=self.issuer,
            subject=f"system:serviceaccount:{NAMESPACE}:orders",
            audiences=[AUDIENCE],
        )
        self.assign(principal, ADMINISTRATOR, roles)
        self.assign(self.principal, SECRETS_USER, f"{roles}/secrets/own")
        self.assign(self.principal, CERTIFICATE_USER, f"{roles}/certificates/web")
        self.permit(principal, {"secrets": ["all"], "keys": ["all"], "certificates": ["all"]})
        self.permit(self.principal, {"secrets": ["get"]})
        time.sleep(configuration.settling + 0.2)
        self.deployer = ClientSecretCredential(self.tenant, self.client, self.secret)
        self.orders = ClientAssertionCredential(self.tenant, self.identity, lambda: self.token("orders"))

    def put(self, kind: str, **inputs: Any) -> tuple[str, dict[str, Any]]:
        kind = f"azure-native:{kind}"
        return self._provider.create(kind, AzureNativeProvider.check(kind, inputs, {}, "0a1b2c3d", "name"), 60)

    def vault(self, name: str, sku: str, **properties: Any) -> str:
        properties |= {"tenantId": self.tenant, "sku": {"family": "A", "name": sku}}
        place = {"resourceGroupName": GROUP, "location": "westeurope"}
        return self.put("keyvault:Vault", vaultName=name, properties=properties, **place)[0]

    def assign(self, principal: str, role: str, scope: str) -> None:
        self.put(
            "authorization:RoleAssignment",
            roleAssignmentName=str(uuid.uuid4()),
            scope=scope,
            principalId=principal,
            principalType="ServicePrincipal",
            roleDefinitionId=f"/subscriptions/{self.subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}",
        )

    def permit(self, principal: str, permissions: dict[str, list[str]]) -> None:
        policy = {"tenantId": self.tenant, "objectId": principal, "permissions": permissions}
        self.put("keyvault:AccessPolicy", resourceGroupName=GROUP, vaultName="emulator-policies", policy=policy)

    def token(self, account: str, audience: str = AUDIENCE) -> str:
        """A token of a service account, from the API server."""
        spec = kubernetes.V1TokenRequestSpec(audiences=[audience])
        request = kubernetes.AuthenticationV1TokenRequest(spec=spec)
        core = self.world.api_server.core()
        return core.create_namespaced_service_account_token(account, NAMESPACE, request).status.token

    def forged(self, key: Any = None, algorithm: str = "RS256", kid: str | None = None, **claims: Any) -> str:
        """That token with other claims or another signature; by itself, signed by the cluster's own key."""
        token = self.token("orders")
        header = {"kid": kid or jwt.get_unverified_header(token)["kid"]}
        claims = jwt.decode(token, options={"verify_signature": False}) | claims
        key = key or (None if algorithm == "none" else self.world.api_server.signing_key.read_text())
        return jwt.encode(claims, key, algorithm=algorithm, headers=header)

    def signed(self, **changes: Any) -> str:
        """A token of the deployer's with other claims, signed by the directory."""
        claims = jwt.decode(self.deployer.get_token(SCOPE).token, options={"verify_signature": False})
        key: Any = load_pem_private_key(self.world.azure.configuration.token_key.read_bytes(), None)
        return jwt.encode({**claims, **changes}, key, algorithm="RS256")

    def exchange(self, assertion: str) -> str:
        return ClientAssertionCredential(self.tenant, self.identity, lambda: assertion).get_token(SCOPE).token


def clients(world: Sandbox) -> dict[str, str]:
    """What Azure's clients, and the provider, need in their environment."""
    return world.azure.environment() | world.azure.operator()


@pytest.fixture(autouse=True)
def found(world: Sandbox) -> Iterator[None]:
    with environment(clients(world)):
        yield


@pytest.fixture(scope="module")
def azure(world: Sandbox) -> Iterator[Deployment]:
    core, store = world.api_server.core(), world.azure.store
    core.create_namespace({"metadata": {"name": NAMESPACE}})
    for name in ("orders", "checkout"):
        core.create_namespaced_service_account(NAMESPACE, {"metadata": {"name": name}})
    store.remove("/nodes/sandbox")
    with environment(clients(world)):
        made = Deployment(world)
    yield made
    for id_ in ("/nodes/sandbox", f"/applications/{made.client}", made.group):
        store.remove(id_)
    for vault in ("emulator-roles", "emulator-policies"):
        store.remove_object(vault)
    core.delete_namespace(NAMESPACE)


@pytest.fixture
def secrets(azure: Deployment) -> SecretClient:
    return SecretClient(ROLES, azure.deployer)


@pytest.fixture
def keys(azure: Deployment) -> KeyClient:
    return KeyClient(ROLES, azure.deployer)


@pytest.fixture
def certificates(azure: Deployment) -> CertificateClient:
    return CertificateClient(ROLES, azure.deployer)


def inner(error: HttpResponseError) -> str:
    """The code of Key Vault's inner error."""
    return json.loads(error.response.text())["error"]["innererror"]["code"]  # type: ignore[union-attr]


# Who comes in


def test_a_service_accounts_token_becomes_its_identitys(azure: Deployment, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(azure.token("orders"))
    credential = WorkloadIdentityCredential(tenant_id=azure.tenant, client_id=azure.identity, token_file_path=str(file))

    claims = jwt.decode(credential.get_token(SCOPE).token, options={"verify_signature": False})
    assert claims["aud"] == "https://vault.azure.net"
    assert (claims["oid"], claims["appid"], claims["tid"]) == (azure.principal, azure.identity, azure.tenant)


def test_the_scopes_that_azures_go_clients_send_are_for_the_vault_alone(azure: Deployment) -> None:
    credential = ClientAssertionCredential(azure.tenant, azure.identity, lambda: azure.token("orders"))
    token = credential.get_token(SCOPE, "openid", "offline_access", "profile").token

    assert jwt.decode(token, options={"verify_signature": False})["aud"] == "https://vault.azure.net"
    with pytest.raises(ClientAuthenticationError, match="AADSTS28000:"):
        credential.get_token(SCOPE, "https://management.azure.com/.default")


@pytest.mark.soak
@pytest.mark.skipif(shutil.which("go") is None, reason="it is built with Go")
def test_azures_own_go_clients_read_what_the_identity_may(
    azure: Deployment, secrets: SecretClient, tmp_path: Path
) -> None:
    program, file = tmp_path / "read-secret", tmp_path / "token"
    source = Path(__file__).parent / "azure_go"
    build = ["go", "build", "-mod=readonly", "-o", str(program), "."]
    subprocess.run(build, cwd=source, env=clean_environment(os.environ, tmp_path), check=True)
    secrets.set_secret("own", "mine")
    secrets.set_secret("neighbours", "theirs")
    file.write_text(azure.token("orders"))
    variables = {
        "AZURE_TENANT_ID": azure.tenant,
        "AZURE_CLIENT_ID": azure.identity,
        "AZURE_FEDERATED_TOKEN_FILE": str(file),
        "SSL_CERT_FILE": str(azure.world.authority.certificate),
    }

    def read(name: str) -> subprocess.CompletedProcess[str]:
        given = {**os.environ, **variables}
        return subprocess.run([program, ROLES, name], env=given, capture_output=True, text=True, check=False)

    assert read("own").stdout == "mine"
    refused = read("neighbours")
    assert refused.returncode == 1
    assert "ForbiddenByRbac" in refused.stderr


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"iss": "https://elsewhere.example.net"}, "AADSTS700211"),
        ({"sub": f"system:serviceaccount:{NAMESPACE}:orders2"}, "AADSTS700213"),
        ({"aud": ["api://elsewhere"]}, "AADSTS700212"),
        ({"exp": int(time.time()) - 600, "iat": int(time.time()) - 4200}, "AADSTS700024"),
        ({"nbf": int(time.time()) + 86400}, "AADSTS700024"),
    ],
    ids=["issuer", "subject", "audience", "expired", "not yet"],
)
def test_a_token_with_another_claim_is_refused(azure: Deployment, claims: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientAuthenticationError, match=f"{code}:"):
        azure.exchange(azure.forged(**claims))


def test_another_accounts_and_another_audiences_token_are_refused(azure: Deployment) -> None:
    with pytest.raises(ClientAuthenticationError, match=r"AADSTS700213:.*emulator:checkout"):
        azure.exchange(azure.token("checkout"))
    with pytest.raises(ClientAuthenticationError, match=r"AADSTS700212:.*vault"):
        azure.exchange(azure.token("orders", "vault"))


def test_a_token_that_the_cluster_did_not_sign_is_refused(azure: Deployment) -> None:
    strange = rsa.generate_private_key(65537, 2048)
    with pytest.raises(ClientAuthenticationError, match="AADSTS700027:"):
        azure.exchange(azure.forged(strange))
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000272:"):
        azure.exchange(azure.forged(strange, kid="unknown"))
    header, body, _ = azure.token("orders").split(".")
    tampered = base64.urlsafe_b64encode(b'{"exp": 9999999999, ' + base64.urlsafe_b64decode(body + "==")[1:])
    for assertion, code in {
        azure.forged(algorithm="none"): 50027,
        azure.forged("a secret of at least 32 bytes, as HS256 wants it", "HS256"): 50027,
        "not.a.token": 50027,
        f"{header}.{tampered.rstrip(b'=').decode()}.c2lnbmVk": 700027,
    }.items():
        with pytest.raises(ClientAuthenticationError, match=f"AADSTS{code}:"):
            azure.exchange(assertion)


def test_an_application_comes_in_with_its_secret_alone(azure: Deployment) -> None:
    assert azure.deployer.get_token(SCOPE).token
    for client, secret, code in (
        (azure.client, "wrong", "AADSTS7000215:"),
        (str(uuid.uuid4()), azure.secret, "AADSTS700016:"),
    ):
        with pytest.raises(ClientAuthenticationError, match=code) as raised:
            ClientSecretCredential(azure.tenant, client, secret).get_token(SCOPE)
        assert azure.secret not in str(raised.value)
    with pytest.raises(ClientAuthenticationError, match="double check your tenant"):
        ClientSecretCredential(str(uuid.uuid4()), azure.client, azure.secret).get_token(SCOPE)


def test_an_identity_without_a_federated_credential_admits_nobody(azure: Deployment) -> None:
    identity = azure.put(
        "managedidentity:UserAssignedIdentity", resourceGroupName=GROUP, resourceName="alone", location="westeurope"
    )[1]
    credential = ClientAssertionCredential(azure.tenant, identity["clientId"], lambda: azure.token("orders"))
    with pytest.raises(ClientAuthenticationError, match="AADSTS70025:"):
        credential.get_token(SCOPE)


def test_a_nodes_identities_come_in_by_the_metadata_endpoint(azure: Deployment) -> None:
    def who(client_id: str | None = None) -> str:
        token = ManagedIdentityCredential(client_id=client_id).get_token(SCOPE).token
        return jwt.decode(token, options={"verify_signature": False})["oid"]

    with pytest.raises(ClientAuthenticationError, match="Identity not found"):
        who()
    azure.directory.assign_to_node("client-a", "principal-a")
    assert who() == "principal-a"
    azure.directory.assign_to_node("client-b", "principal-b")
    assert who("client-b") == "principal-b"
    with pytest.raises(ClientAuthenticationError, match="Multiple user assigned identities exist"):
        who()
    azure.directory.assign_to_node("client-c", "principal-c", system=True)
    assert who() == "principal-c"
    with pytest.raises(ClientAuthenticationError, match="Identity not found"):
        who(azure.identity)


# What they may do


def test_a_role_at_one_object_opens_that_object_alone(azure: Deployment, secrets: SecretClient) -> None:
    secrets.set_secret("own", "mine")
    secrets.set_secret("neighbours", "theirs")
    orders = SecretClient(ROLES, azure.orders)

    assert orders.get_secret("own").value == "mine"
    assert [found.name for found in orders.list_properties_of_secret_versions("own")] == ["own"]
    for refused in (
        lambda: orders.get_secret("neighbours"),
        lambda: orders.get_secret("absent"),
        lambda: list(orders.list_properties_of_secrets()),
        lambda: orders.set_secret("own", "changed"),
        lambda: orders.begin_delete_secret("own"),
        lambda: KeyClient(ROLES, azure.orders).get_key("own"),
    ):
        with pytest.raises(HttpResponseError) as raised:
            refused()
        assert (raised.value.status_code, inner(raised.value)) == (403, "ForbiddenByRbac")
        assert azure.principal in str(raised.value)


def test_a_certificates_reader_reads_no_private_half(azure: Deployment, certificates: CertificateClient) -> None:
    certificates.begin_create_certificate("web", CertificatePolicy("Self", subject="CN=web")).result()

    assert CertificateClient(ROLES, azure.orders).get_certificate("web").cer
    with pytest.raises(HttpResponseError, match="vaults/secrets/getSecret/action"):
        SecretClient(ROLES, azure.orders).get_secret("web")


def test_an_access_policy_opens_a_kind_for_what_it_lists(azure: Deployment) -> None:
    every, orders = SecretClient(POLICIES, azure.deployer), SecretClient(POLICIES, azure.orders)
    every.set_secret("a", "1")
    every.set_secret("b", "2")

    assert [orders.get_secret(name).value for name in ("a", "b")] == ["1", "2"]
    for refused in (
        lambda: list(orders.list_properties_of_secrets()),
        lambda: orders.set_secret("a", "changed"),
        lambda: KeyClient(POLICIES, azure.orders).get_key("a"),
    ):
        with pytest.raises(HttpResponseError) as raised:
            refused()
        assert (raised.value.status_code, inner(raised.value)) == (403, "ForbiddenByPolicy")


def test_an_application_deletes_roles_and_removes_policies_and_an_identity_does_not(azure: Deployment) -> None:
    azure.assign("victim", SECRETS_USER, f"{azure.group}/providers/Microsoft.KeyVault/vaults/emulator-roles")
    azure.permit("victim", {"secrets": ["get"]})
    store = azure.world.azure.store

    def roles() -> list[str]:
        kept = store.resources("Microsoft.Authorization/roleAssignments")
        return [each["id"] for each in kept if each["properties"]["principalId"] == "victim"]

    def policies() -> set[str]:
        (vault,) = [
            each for each in store.resources("Microsoft.KeyVault/vaults") if each["name"] == "emulator-policies"
        ]
        return {each["objectId"] for each in vault["properties"]["accessPolicies"]}

    def change(method: str, path: str, who: str, **body: Any) -> int:
        claims = {"aud": "https://management.azure.com", "oid": who}
        return requests.request(
            method,
            f"https://management.azure.com{path}?api-version=2022-04-01",
            json=body,
            headers={"Authorization": f"Bearer {azure.signed(**claims)}"},
            proxies={"https": azure.world.azure.address},
            verify=str(azure.world.authority.certificate),
            timeout=10,
        ).status_code

    (role,) = roles()
    removal = f"{azure.group}/providers/Microsoft.KeyVault/vaults/emulator-policies/accessPolicies/remove"
    leaving = {"accessPolicies": [{"objectId": "victim"}]}
    assert change("DELETE", role, azure.principal) == 403
    assert change("PUT", removal, azure.principal, properties=leaving) == 403
    assert (roles(), "victim" in policies()) == ([role], True)

    deployer = azure.deployer_id
    assert [change("DELETE", role, deployer) for _ in range(2)] == [200, 204]
    assert change("PUT", removal, deployer, properties=leaving) == 200
    assert (roles(), policies()) == ([], {deployer, azure.principal})
    assert change("DELETE", azure.group, deployer) == 405


def test_a_token_for_something_else_is_challenged(azure: Deployment) -> None:
    class Elsewhere:
        def get_token(self, *_scopes: str, **_: Any) -> Any:
            return azure.deployer.get_token("https://management.azure.com/.default")

    with pytest.raises(ClientAuthenticationError) as raised:
        SecretClient(ROLES, Elsewhere()).get_secret("own")
    reported = raised.value.response.headers["WWW-Authenticate"]  # type: ignore[union-attr]
    assert f'authorization="https://login.microsoftonline.com/{azure.tenant}"' in reported
    assert 'resource="https://vault.azure.net"' in reported


def test_a_token_that_is_no_token_of_this_directory_for_vaults_opens_none(azure: Deployment) -> None:
    own = load_pem_private_key(azure.world.azure.configuration.token_key.read_bytes(), None)
    good = azure.deployer.get_token(SCOPE).token
    claims = jwt.decode(good, options={"verify_signature": False})
    tenant = str(uuid.uuid4())
    strange: Any = rsa.generate_private_key(65537, 2048)

    def answer(token: str) -> int:
        return requests.get(
            f"{ROLES}/secrets/own?api-version=7.6",
            headers={"Authorization": f"Bearer {token}"},
            proxies={"https": azure.world.azure.address},
            verify=str(azure.world.authority.certificate),
            timeout=10,
        ).status_code

    def signed(key: Any = own, algorithm: str = "RS256", **changes: Any) -> str:
        return jwt.encode({**claims, **changes}, key, algorithm)

    assert answer(good) == answer(signed())
    assert {
        what: status
        for what, token in {
            "another tenant's": signed(iss=f"https://sts.windows.net/{tenant}/", tid=tenant),
            "another resource's": signed(aud="https://management.azure.com"),
            "another vault domain's": signed(aud="https://vault.usgovcloudapi.net"),
            "expired": signed(exp=claims["iat"] - 60, nbf=claims["iat"] - 3600),
            "another key's": signed(strange),
            "nobody's": signed(None, "none"),
            "a service account's": azure.token("orders"),
            "a password's": signed("a password of at least 32 characters", "HS256"),
        }.items()
        if (status := answer(token)) != 401
    } == {}


# Secrets


def test_a_secret_has_versions_and_attributes(secrets: SecretClient) -> None:
    soon, late = (datetime.now(UTC).replace(microsecond=0) + timedelta(days=days) for days in (1, 30))
    first = secrets.set_secret("versions", "one", tags={"team": "shop"}, content_type="text/plain")
    second = secrets.set_secret("versions", "two", not_before=soon, expires_on=late)

    # Not before and expiry are reported, and keep nobody from reading.
    latest = secrets.get_secret("versions")
    assert (latest.value, latest.properties.version) == ("two", second.properties.version)
    assert (latest.properties.not_before, latest.properties.expires_on) == (soon, late)
    old = secrets.get_secret("versions", first.properties.version)
    assert (old.value, old.properties.content_type, old.properties.tags) == ("one", "text/plain", {"team": "shop"})
    listed = {found.version: found for found in secrets.list_properties_of_secret_versions("versions")}
    assert set(listed) == {first.properties.version, second.properties.version}
    with pytest.raises(ResourceNotFoundError, match="SecretNotFound"):
        secrets.get_secret("versions", "0" * 32)


def test_a_disabled_version_is_not_read(secrets: SecretClient) -> None:
    first = secrets.set_secret("disabled", "one")
    changed = secrets.update_secret_properties("disabled", enabled=False, content_type="text/plain")
    assert (changed.enabled, changed.content_type) == (False, "text/plain")
    secrets.set_secret("disabled", "two")

    assert secrets.get_secret("disabled").value == "two"
    with pytest.raises(HttpResponseError) as raised:
        secrets.get_secret("disabled", first.properties.version)
    assert (raised.value.status_code, inner(raised.value)) == (403, "SecretDisabled")
    secrets.update_secret_properties("disabled", first.properties.version, enabled=True)
    assert secrets.get_secret("disabled", first.properties.version).value == "one"


def test_a_deleted_secret_is_recovered_or_purged(secrets: SecretClient) -> None:
    secrets.set_secret("gone", "value")
    deleted = secrets.begin_delete_secret("gone").result()
    assert deleted.scheduled_purge_date - deleted.deleted_date == timedelta(days=90)
    assert secrets.get_deleted_secret("gone").recovery_id == f"{ROLES}/deletedsecrets/gone"
    assert "gone" in {found.name for found in secrets.list_deleted_secrets()}
    assert "gone" not in {found.name for found in secrets.list_properties_of_secrets()}
    with pytest.raises(ResourceNotFoundError):
        secrets.get_secret("gone")
    with pytest.raises(ResourceExistsError, match="deleted but recoverable") as raised:
        secrets.set_secret("gone", "again")
    assert inner(raised.value) == "ObjectIsDeletedButRecoverable"

    secrets.begin_recover_deleted_secret("gone").wait()
    assert secrets.get_secret("gone").value == "value"
    secrets.begin_delete_secret("gone").wait()
    secrets.purge_deleted_secret("gone")
    with pytest.raises(ResourceNotFoundError):
        secrets.get_deleted_secret("gone")
    assert secrets.set_secret("gone", "new").value == "new"


def test_who_deletes_or_updates_a_secret_is_not_reported_its_value(azure: Deployment, secrets: SecretClient) -> None:
    secrets.set_secret("unseen", "canary-1d2e")
    reported: list[str] = []

    def note(answer: Any) -> None:
        reported.append(answer.http_response.text())

    secrets.update_secret_properties("unseen", tags={"a": "b"}, raw_response_hook=note)
    secrets.begin_delete_secret("unseen", raw_response_hook=note).wait()
    secrets.get_deleted_secret("unseen", raw_response_hook=note)
    assert len(reported) >= 3
    assert not any("canary" in text for text in reported)


def test_a_secret_of_more_than_25_kilobytes_is_refused(secrets: SecretClient) -> None:
    assert len(secrets.set_secret("large", "é" * 12800).value or "") == 12800
    with pytest.raises(HttpResponseError, match=r"BadParameter.*25600 bytes") as raised:
        secrets.set_secret("large", "é" * 12800 + "x")
    assert raised.value.status_code == 400


@pytest.mark.parametrize("name", ["with_underscore", "with.dot", "x" * 128])
def test_an_illegal_name_is_refused(secrets: SecretClient, keys: KeyClient, name: str) -> None:
    for call in (
        lambda: secrets.set_secret(name, "value"),
        lambda: secrets.get_secret(name),
        lambda: keys.create_ec_key(name),
    ):
        with pytest.raises(HttpResponseError, match="invalid name") as raised:
            call()
        assert raised.value.status_code == 400


def test_listings_come_in_pages(azure: Deployment) -> None:
    secrets = SecretClient(POLICIES, azure.deployer)
    names = {f"page-{number}" for number in range(27)}
    for name in names:
        secrets.set_secret(name, "value")

    pages = [list(page) for page in secrets.list_properties_of_secrets().by_page()]
    assert len(pages) == 2
    assert len(pages[0]) == 25
    assert names <= {found.name for page in pages for found in page}
    assert len(list(next(secrets.list_properties_of_secrets(max_page_size=4).by_page()))) == 4


# Keys


def test_keys_have_the_type_that_was_asked_for(keys: KeyClient) -> None:
    made = {
        "RSA": keys.create_rsa_key("rsa", size=3072, key_operations=["sign", "verify"]),
        "RSA-HSM": keys.create_rsa_key("rsa-hsm", hardware_protected=True),
        "EC": keys.create_ec_key("ec", curve="P-384"),
        "EC-HSM": keys.create_ec_key("ec-hsm", hardware_protected=True),
    }

    assert {kind: key.key_type for kind, key in made.items()} == {kind: kind for kind in made}
    assert (made["EC"].key.crv, len(made["EC"].key.x)) == ("P-384", 48)
    assert (len(made["RSA"].key.n), made["RSA"].key_operations) == (384, ["sign", "verify"])
    assert keys.get_key("rsa").key.d is None
    assert keys.get_key("ec").key.d is None


def test_hardware_keys_need_a_premium_vault(azure: Deployment) -> None:
    with pytest.raises(HttpResponseError, match="premium"):
        KeyClient(POLICIES, azure.deployer).create_rsa_key("hsm", hardware_protected=True)
    with pytest.raises(HttpResponseError, match="premium"):
        CertificateClient(POLICIES, azure.deployer).begin_create_certificate(
            "hsm", CertificatePolicy("Self", subject="CN=hsm", key_type="RSA-HSM")
        )


def test_a_key_rotates_by_hand_and_keeps_its_policy(azure: Deployment, keys: KeyClient) -> None:
    first = keys.create_ec_key("rotated")
    policy = KeyRotationPolicy(
        lifetime_actions=[KeyRotationLifetimeAction(KeyRotationPolicyAction.rotate, time_after_create="P90D")],
        expires_in="P120D",
    )
    keys.update_key_rotation_policy("rotated", policy)
    second = keys.rotate_key("rotated")

    kept = keys.get_key_rotation_policy("rotated")
    assert (kept.expires_in, kept.lifetime_actions[0].time_after_create) == ("P120D", "P90D")
    assert second.properties.version != first.properties.version
    assert {found.version for found in keys.list_properties_of_key_versions("rotated")} == {
        first.properties.version,
        second.properties.version,
    }
    with pytest.raises(HttpResponseError, match="keyrotationpolicies/read"):
        KeyClient(ROLES, azure.orders).get_key_rotation_policy("rotated")


def test_a_key_is_updated_deleted_recovered_and_purged(keys: KeyClient) -> None:
    keys.create_ec_key("life")
    changed = keys.update_key_properties("life", enabled=False, key_operations=["sign"], tags={"a": "b"})
    assert (changed.properties.enabled, changed.key_operations, changed.properties.tags) == (
        False,
        ["sign"],
        {"a": "b"},
    )
    keys.begin_delete_key("life").wait()
    assert "life" in {found.name for found in keys.list_deleted_keys()}
    keys.begin_recover_deleted_key("life").wait()
    assert keys.get_key("life").key_operations == ["sign"]
    keys.begin_delete_key("life").wait()
    keys.purge_deleted_key("life")
    with pytest.raises(ResourceNotFoundError):
        keys.get_deleted_key("life")


# Certificates


@pytest.mark.parametrize("content", ["application/x-pem-file", "application/x-pkcs12"])
def test_a_certificate_is_also_a_key_and_a_secret(
    certificates: CertificateClient, keys: KeyClient, secrets: SecretClient, content: Any
) -> None:
    name = content.rpartition("-")[2]
    policy = CertificatePolicy(
        "Self", subject="CN=shop.example.net", san_dns_names=["shop.example.net"], content_type=content
    )
    made = certificates.begin_create_certificate(name, policy, tags={"a": "b"}).result()

    assert isinstance(made, KeyVaultCertificate)
    assert made.properties is not None
    assert made.policy is not None
    assert (made.policy.issuer_name, made.properties.tags) == ("Self", {"a": "b"})
    public = x509.load_der_x509_certificate(bytes(made.cer or b""))
    names = public.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["shop.example.net"]
    secret = secrets.get_secret(name)
    assert (secret.properties.content_type, secret.properties.managed) == (content, True)
    assert secret.properties.version == made.properties.version
    if content == "application/x-pem-file":
        private: Any = load_pem_private_key((secret.value or "").encode(), None)
        whole: Any = x509.load_pem_x509_certificate((secret.value or "").encode())
    else:
        private, whole, _ = pkcs12.load_key_and_certificates(base64.b64decode(secret.value or ""), None)
    assert whole == public
    assert private.public_key() == public.public_key()
    key = keys.get_key(name)
    assert key.properties.managed is True
    assert secret.properties.key_id == key.id
    assert int.from_bytes(key.key.n, "big") == private.public_key().public_numbers().n


def test_a_certificates_life_is_its_keys_and_secrets(certificates: CertificateClient, secrets: SecretClient) -> None:
    certificates.begin_create_certificate("life", CertificatePolicy("Self", subject="CN=life", key_type="EC")).result()
    certificates.update_certificate_properties("life", enabled=False)
    with pytest.raises(HttpResponseError, match="disabled"):
        secrets.get_secret("life")
    certificates.update_certificate_properties("life", enabled=True)
    changed = certificates.update_certificate_policy(
        "life", CertificatePolicy("Self", subject="CN=other", validity_in_months=6)
    )
    assert changed.validity_in_months == 6
    assert certificates.get_certificate_policy("life").subject == "CN=other"

    certificates.begin_delete_certificate("life").wait()
    with pytest.raises(ResourceNotFoundError):
        secrets.get_secret("life")
    certificates.begin_recover_deleted_certificate("life").wait()
    assert secrets.get_secret("life").value
    certificates.begin_delete_certificate("life").wait()
    certificates.purge_deleted_certificate("life")
    secrets.set_secret("life", "free again")


def test_another_issuers_certificate_waits(certificates: CertificateClient) -> None:
    certificates.begin_create_certificate("waits", CertificatePolicy("Unknown", subject="CN=waits"))

    assert certificates.get_certificate_operation("waits").status == "inProgress"
    with pytest.raises(ResourceNotFoundError):
        certificates.get_certificate("waits")


# What it keeps


def test_a_restart_keeps_everything_and_nothing_in_the_open(
    azure: Deployment, monkeypatch: pytest.MonkeyPatch, secrets: SecretClient
) -> None:
    value = f"canary-{uuid.uuid4().hex}"
    first = secrets.set_secret("kept", value)
    secrets.set_secret("kept", f"{value}-2")
    secrets.set_secret("kept-deleted", value)
    secrets.begin_delete_secret("kept-deleted").wait()

    emulator = azure.world.azure
    emulator.process.stop()
    emulator.start()
    for name, found in emulator.environment().items():
        monkeypatch.setenv(name, found)
    again = SecretClient(ROLES, ClientSecretCredential(azure.tenant, azure.client, azure.secret))
    assert again.get_secret("kept").value == f"{value}-2"
    assert again.get_secret("kept", first.properties.version).value == value
    assert again.get_deleted_secret("kept-deleted").name == "kept-deleted"
    assert SecretClient(ROLES, azure.orders).get_secret("own").value

    home = azure.world.state / "azure"
    assert home.stat().st_mode & 0o777 == 0o700
    files = [file for file in home.iterdir() if file.is_file()]
    assert {"azure.sqlite", "emulator.json", "operator.json", "vaults.key"} <= {file.name for file in files}
    for file in [*files, emulator.process.log]:
        content = file.read_bytes()
        assert file.stat().st_mode & 0o777 == 0o600, file.name
        for secret in (value, azure.secret):
            assert secret.encode() not in content, file.name
            assert base64.b64encode(secret.encode()) not in content, file.name
