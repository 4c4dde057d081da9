"""The pack judges effects, not spellings: ways round its rules, each of which once got through, or is of that kind."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.policy.rules import RULES, UNKNOWN, Declared
from tests.policy.test_rules import (
    ACCOUNT,
    AZURE,
    BY_NAME,
    GOOD_POD,
    ROLES,
    SECRETS_USER,
    VAULT_SCOPE,
    assignment,
    chart,
    container,
    declared,
    federated,
    key_vault,
    pod,
    provider,
    provider_class,
    role,
)

SECRET_SCOPE = f"{VAULT_SCOPE}/secrets/db-pass"
OWNER = f"{ROLES}/8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
DATA_ADMIN = f"{ROLES}/8b54135c-b56d-4d72-a534-26097cfdc8d8"
CUSTOM = f"{ROLES}/12345678-0000-0000-0000-000000000000"
BAD_POD = {**GOOD_POD, "hostNetwork": True}
TEMPLATE = {"spec": {"template": {"spec": BAD_POD}}}
LIFE = {"tokenTtl": 60, "tokenMaxTtl": 60}
CHARTS = [
    "./charts/vault-0.32.0.tgz",
    "charts/vault/",
    "oci://registry.example.net/charts/vault",
    "oci://registry.example.net/mirror/hashicorp-vault",
    "https://mirror.example.net/vault-0.32.0.tgz",
    "C:\\charts\\vault",
    "Vault",
]


def annotated(**annotations: str) -> Declared:
    named = {f"vault.hashicorp.com/{name.replace('_', '-')}": value for name, value in annotations.items()}
    return declared("kubernetes:core/v1:Pod", {"metadata": {"annotations": named}, "spec": GOOD_POD})


def variable(name: str, value: str) -> Declared:
    return container(env=[{"name": name, "value": value}])


def network(*ranges: str) -> Declared:
    return key_vault(networkAcls={"defaultAction": "Deny", "ipRules": [{"value": value} for value in ranges]})


def vault(kind: str, **properties: Any) -> Declared:
    return declared(f"vault:{kind}", properties)


WAYS: list[tuple[str, Declared]] = [
    # Other spellings of true, and what a template takes for true.
    *[
        ("vault-tls", provider(address="https://v", skipTlsVerify=each))
        for each in ("1", "t", "T", "TRUE", "yes", 1, 1.0)
    ],
    *[("vault-tls", provider_class("vault", vaultSkipTLSVerify=each)) for each in ("1", "t", "True")],
    *[("vault-tls", chart({"global": {"tlsDisable": each}})) for each in ("false", "true", "1", 1, None)],
    *[("no-pod-identity", provider_class("azure", usePodIdentity=each)) for each in ("1", "t", "TRUE")],
    *[("vault-no-dev-mode", chart({"server": {"dev": {"enabled": each}}})) for each in ("true", "1", "t", 1)],
    ("vault-tls", provider(address="HTTP://vault:8200")),
    ("vault-tls", provider(address="unix:///var/run/vault.sock")),
    # Vault's chart by another name.
    *[("vault-tls", chart({}, name=name)) for name in CHARTS],
    *[("vault-audit", chart({}, name=name)) for name in CHARTS],
    ("vault-no-dev-mode", chart({"server": {"dev": {"enabled": True}}}, name="./platform/store")),
    (
        "vault-no-dev-mode",
        declared("kubernetes:helm.sh/v3:Release", {"chart": "vault", "valueYamlFiles": [{"path": "x"}]}),
    ),
    # Dev servers.
    ("vault-no-dev-mode", container(image="hashicorp/vault:1.21", args=["server", "--dev"])),
    ("vault-no-dev-mode", container(image="hashicorp/vault:1.21", args=["server", "-dev=true"])),
    ("vault-no-dev-mode", container(image="hashicorp/vault:1.21", command=["sh", "-c", "vault server '-dev'"])),
    ("vault-no-dev-mode", container(image="mirror.example.net/hashicorp-vault:1.21")),
    ("vault-no-dev-mode", container(image="hashicorp/vault-enterprise:1.21-ent")),
    ("vault-no-dev-mode", container(image="openbao/openbao:2", args=["server", "-dev"])),
    ("vault-no-dev-mode", container(image="example/tools:1", command=["vault", "server", "-dev-tls"])),
    # The injector, and clients in a pod.
    ("vault-tls", annotated(service="http://vault:8200")),
    ("vault-tls", annotated(tls_skip_verify="1")),
    ("vault-tls", variable("VAULT_ADDR", "http://vault.vault:8200")),
    ("vault-tls", variable("VAULT_SKIP_VERIFY", "t")),
    ("vault-tls", vault("ldap/authBackend:AuthBackend", insecureTls=True)),
    # Audit devices that log secrets.
    ("vault-audit", vault("index/audit:Audit", options={"log_raw": "1"})),
    ("vault-audit", vault("index/audit:Audit", options={"hmac_accessor": "false"})),
    # Networks.
    *[("key-vault-network", network(each)) for each in ("0.0.0.0/0", "0.0.0.0/1", "10.0.0.0/8", "::/0", "everywhere")],
    ("key-vault-network", network("192.0.2.1", "0.0.0.0/0")),
    # Roles of Azure.
    *[
        ("key-vault-object-scope", assignment(SECRET_SCOPE, each))
        for each in (OWNER, DATA_ADMIN, CUSTOM, "", f"{OWNER}/")
    ],
    *[("key-vault-object-scope", assignment(VAULT_SCOPE, each)) for each in (OWNER, CUSTOM, SECRETS_USER.upper())],
    ("key-vault-object-scope", assignment(f"{VAULT_SCOPE}/", SECRETS_USER)),
    ("key-vault-object-scope", assignment(f"{VAULT_SCOPE}//secrets/", SECRETS_USER)),
    ("key-vault-object-scope", assignment(f"{VAULT_SCOPE}//secrets/x", SECRETS_USER)),
    ("key-vault-object-scope", assignment(f"{VAULT_SCOPE}/secrets//", SECRETS_USER)),
    ("key-vault-object-scope", assignment(f"{VAULT_SCOPE}/secrets/*", SECRETS_USER)),
    ("key-vault-object-scope", assignment("/", SECRETS_USER)),
    ("key-vault-object-scope", assignment("", SECRETS_USER)),
    ("key-vault-object-scope", assignment(VAULT_SCOPE, f"{SECRETS_USER}/")),
    ("key-vault-object-scope", assignment(VAULT_SCOPE, f"{ROLES}/12338af0-0e69-4776-bea7-57ae8d297424")),
    (
        "key-vault-object-scope",
        assignment(
            "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i", OWNER
        ),
    ),
    # Access policies, on a vault that exists too.
    ("key-vault-rbac", declared("azure-native:keyvault:AccessPolicy", {"vaultName": "theirs", "policy": {}})),
    # Tokens of a type with a version.
    ("key-vault-rbac", declared("azure-native:keyvault/v20230701:Vault", {"properties": {}})),
    ("key-vault-rbac", declared("azure-native_keyvault_v20230701:keyvault:Vault", {"properties": {}})),
    ("key-vault-rbac", declared("azure-native_keyvault_v20240401preview:keyvault:Vault", {"properties": {}})),
    (
        "key-vault-object-scope",
        declared(
            "azure-native_authorization_v20220401:authorization:RoleAssignment",
            {"scope": VAULT_SCOPE, "roleDefinitionId": SECRETS_USER},
        ),
    ),
    # Kinds that run pods.
    ("restricted-workload", declared("kubernetes:apps/v1:DeploymentPatch", TEMPLATE)),
    ("restricted-workload", declared("kubernetes:core/v1:PodPatch", {"spec": BAD_POD})),
    *(
        (
            "restricted-workload",
            declared("kubernetes:apps/v1:DeploymentPatch", {"spec": {"template": {"spec": {"containers": [added]}}}}),
        )
        for added in (
            {"name": "a", "image": "b:1"},
            {"name": "a", "securityContext": {"runAsUser": 1}},
            {"name": "a", "ports": [{"hostPort": 80}]},
        )
    ),
    ("restricted-workload", declared("kubernetes:argoproj.io/v1alpha1:Rollout", TEMPLATE)),
    ("restricted-workload", declared("kubernetes:extensions/v1beta1:Deployment", TEMPLATE)),
    ("restricted-workload", declared("kubernetes:apps.openshift.io/v1:DeploymentConfig", TEMPLATE)),
    ("restricted-workload", declared("kubernetes:serving.knative.dev/v1:Service", TEMPLATE)),
    ("restricted-workload", declared("kubernetes:core/v1:PodTemplate", {"template": {"spec": BAD_POD}})),
    ("restricted-workload", declared("kubernetes:apps/v1:DeploymentList", {"items": [TEMPLATE]})),
    ("restricted-workload", declared("kubernetes:core/v1:PodList", {"items": [{"spec": BAD_POD}]})),
    (
        "restricted-workload",
        pod(securityContext={**GOOD_POD["securityContext"], "windowsOptions": {"hostProcess": True}}),
    ),
    ("restricted-workload", pod(volumes=["everything"])),
    (
        "no-pod-identity",
        declared(
            "kubernetes:apps/v1:DeploymentPatch",
            {"spec": {"template": {"metadata": {"labels": {"aadpodidbinding": "x"}}}}},
        ),
    ),
    # Who logs in.
    ("vault-one-account", role(**ACCOUNT)),
    ("vault-one-account", role(**ACCOUNT, audience="")),
    ("vault-one-account", role(**{**ACCOUNT, "boundServiceAccountNames": ["default"]}, audience="vault")),
    ("vault-one-account", role(**{**ACCOUNT, "boundServiceAccountNames": []}, audience="vault")),
    ("vault-one-account", role("jwt", boundSubject="x")),
    ("vault-one-account", role("jwt", boundSubject="", boundAudiences=["vault"])),
    ("vault-one-account", role("jwt", boundClaims={}, boundAudiences=["vault"])),
    ("vault-one-account", role("jwt", boundSubject="system:serviceaccount:shop:default", boundAudiences=["vault"])),
    ("vault-one-account", role("jwt", roleType="oidc", tokenPolicies=["p"], boundAudiences=["vault"])),
    ("vault-one-account", role("appRole", bindSecretId=False)),
    ("federated-one-account", federated(subject="system:serviceaccount:shop:default", audiences=AZURE)),
    ("federated-one-account", federated(subject="system:serviceaccount:shop:orders")),
    ("federated-one-account", federated(subject="system:serviceaccount:shop:orders", audiences=["*"])),
    ("federated-one-account", federated(audiences=AZURE)),
    ("federated-one-account", federated(subject="system:serviceaccount:shop", audiences=AZURE)),
    # How long.
    ("vault-ttl", vault("index/userpassAuthBackendUser:UserpassAuthBackendUser", username="a")),
    ("vault-ttl", vault("ldap/authBackend:AuthBackend", tokenTtl=60, tokenMaxTtl=86400)),
    ("vault-ttl", vault("github/authBackend:AuthBackend", tokenTtl=60)),
    ("vault-ttl", vault("tokenauth/authBackendRole:AuthBackendRole", **LIFE, tokenPeriod="1h")),
    ("vault-ttl", vault("index/token:Token", ttl="1h")),
    ("vault-ttl", vault("index/token:Token", ttl="1h", explicitMaxTtl="1h", period="1h")),
    ("vault-ttl", role(tokenTtl="1.5h", tokenMaxTtl=60)),
    ("vault-ttl", role(tokenTtl="9999 h", tokenMaxTtl=60)),
    ("vault-ttl", role(**LIFE, tokenPeriod="a while")),
    ("vault-ttl", role(tokenTtl=-1, tokenMaxTtl=60)),
    ("vault-ttl", vault("aws/secretBackendRole:SecretBackendRole", defaultStsTtl=60)),
    ("vault-ttl", vault("kubernetes/secretBackendRole:SecretBackendRole", tokenDefaultTtl=60, tokenMaxTtl=10**6)),
    # Kinds that give rights and that nothing reads.
    ("known-grants", vault("generic/endpoint:Endpoint", path="sys/policies/acl/x", dataJson="{}")),
    ("known-grants", vault("generic/endpoint:Endpoint", path="/auth/kubernetes/role/x")),
    ("known-grants", vault("generic/endpoint:Endpoint", path="secret/../sys/raw")),
    ("known-grants", vault("generic/secret:Secret", path="identity/group")),
    ("known-grants", vault("index/token:Token")),
    ("known-grants", vault("index/token:Token", policies=["Root"])),
    ("known-grants", vault("aws/authBackendRole:AuthBackendRole")),
    ("known-grants", vault("ldap/authBackendGroup:AuthBackendGroup", policies=["p"])),
    ("known-grants", vault("ldap/authBackend:AuthBackend", tokenPolicies=["p"])),
    ("known-grants", vault("index/certAuthBackendRole:CertAuthBackendRole")),
    ("known-grants", vault("identity/entityPolicies:EntityPolicies", policies=UNKNOWN)),
    ("known-grants", vault("tokenauth/authBackendRole:AuthBackendRole")),
    ("known-grants", declared("azure-native:authorization:PimRoleEligibilitySchedule", {})),
    ("known-grants", declared("azure-native:resources:Deployment", {})),
    ("known-grants", declared("azure-native:resources:Resource", {"resourceProviderNamespace": "Microsoft.KeyVault"})),
    ("known-grants", declared("azure:keyvault/accessPolicy:AccessPolicy", {})),
    ("known-grants", declared("azure:authorization/assignment:Assignment", {})),
    (
        "known-grants",
        declared("azuread:index/applicationFederatedIdentityCredential:ApplicationFederatedIdentityCredential", {}),
    ),
]

PLAIN = {
    "a token of GitHub": "ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8",
    "a key of AWS": "AKIA" + "ABCDEFGH12345678",
    "a token of Slack": "xoxb-" + "1234567890-canary",
    "a key of Stripe": "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
    "a JWT": "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0.canary",
    "a token of Vault": "hvs." + "CAESIJ" * 5,
    "a connection string": "Server=db;User=me;Password=canary-1;",
    "a storage account's key": "DefaultEndpointsProtocol=https;AccountKey=Zm9vYmFy==",
    "a signed URL": "https://x.blob.core.windows.net/c?sv=1&sig=abcdef123456",
    "a private key": "-----BEGIN EC PRIVATE KEY-----",
    "a password without a user in a URL": "redis://:canary@db:6379",
    "something random": "9fQ2xLr7VbT4mZk8Wd3YhS6n",
    "random hexadecimal": "d41d8cd98f00b204e9800998ecf8427e",
}

OPEN_TO_ALL = {
    "args": {"args": ["--password=canary"]},
    "two words": {"args": ["--db-password", "canary"]},
    "camel case": {"args": ["--apiKey=canary"]},
    "a shell's command": {"command": ["sh", "-c", "export DB_PASSWORD=canary && run"]},
    "an assignment": {"command": ["sh", "-c", "PGPASSWORD=canary psql"]},
    "a probe": {"livenessProbe": {"exec": {"command": ["check", "--token=canary"]}}},
    "a hook": {"lifecycle": {"preStop": {"exec": {"command": ["bye", "--token", "canary"]}}}},
    **{f"args with {what}": {"args": ["run", value]} for what, value in PLAIN.items()},
}

FINE: list[tuple[str, Declared]] = [
    ("vault-tls", provider(address="HTTPS://vault:8200", skipTlsVerify="0")),
    ("vault-tls", annotated(service="https://vault:8200", tls_skip_verify="false")),
    ("vault-tls", variable("VAULT_ADDR", "http://127.0.0.1:8200")),
    ("vault-tls", chart({"global": {"tlsDisable": False}}, name=CHARTS[0])),
    ("vault-tls", chart({}, name="oci://registry.example.net/charts/vault-secrets-operator")),
    ("vault-no-dev-mode", container(image="hashicorp/vault:1.21", args=["server", "-dev=false", "-config=/x"])),
    ("vault-no-dev-mode", container(image="node:22", args=["webpack", "server", "-dev"])),
    ("key-vault-network", network("192.0.2.0/24", "198.51.100.7")),
    ("key-vault-object-scope", assignment(SECRET_SCOPE, SECRETS_USER.upper())),
    ("key-vault-object-scope", assignment(SECRET_SCOPE.lower())),
    (
        "key-vault-object-scope",
        assignment("/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/x", OWNER),
    ),
    ("key-vault-object-scope", assignment(VAULT_SCOPE, f"{ROLES}/acdd72a7-3385-48ef-bd42-f606fba81ae7")),
    ("federated-one-account", federated(subject="repo:o/r:environment:prod", audiences=AZURE)),
    ("vault-one-account", role("jwt", roleType="oidc", boundAudiences=["client"])),
    ("vault-one-account", role("appRole", bindSecretId=True)),
    ("vault-ttl", vault("index/token:Token", ttl="1h", explicitMaxTtl="2h")),
    ("known-grants", vault("generic/endpoint:Endpoint", path="transit/keys/x")),
    ("known-grants", vault("index/token:Token", policies=["p"])),
    ("known-grants", vault("identity/group:Group", policies=["p"])),
    ("known-grants", declared("azure-native:resources:ResourceGroup", {})),
    ("restricted-workload", declared("kubernetes:apps/v1:DeploymentPatch", {"spec": {"replicas": 2}})),
    (
        "restricted-workload",
        declared(
            "kubernetes:apps/v1:DeploymentPatch", {"spec": {"template": {"spec": {"containers": [{"name": "a"}]}}}}
        ),
    ),
    (
        "restricted-workload",
        declared(
            "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", {"spec": {"containers": {"type": "array"}}}
        ),
    ),
    ("no-plain-secret", variable("AZURE_CLIENT_ID", "11111111-2222-3333-4444-555555555555")),
    ("no-plain-secret", variable("GIT_COMMIT", "d41d8cd98f00b204e9800998ecf8427ed41d8cd9")),
    ("no-plain-secret", variable("IMAGE", "app@sha256:" + "d41d8cd9" * 8)),
    ("no-plain-secret", variable("SCOPE", SECRET_SCOPE)),
    ("no-plain-secret", variable("SERVICE", "MyVeryLongServiceName2ForProduction")),
    ("no-plain-secret", container(args=["--token-file=/mnt/token", "--password", "$(DB_PASSWORD)", "--verbose"])),
    ("no-plain-secret", container(command=["sh", "-c", 'TOKEN="$(cat /mnt/token)" run --password-file /mnt/x'])),
    ("no-plain-secret", declared("kubernetes:core/v1:ConfigMap", {"data": {"a": "key: value", "b": UNKNOWN}})),
]


@pytest.mark.parametrize(("name", "resource"), WAYS)
def test_a_way_round_a_rule_is_closed(name: str, resource: Declared) -> None:
    assert BY_NAME[name].list_findings([resource])


@pytest.mark.parametrize(("name", "resource"), FINE)
def test_what_is_known_good_passes(name: str, resource: Declared) -> None:
    assert BY_NAME[name].list_findings([resource]) == []


@pytest.mark.parametrize("value", PLAIN.values(), ids=PLAIN)
def test_a_secret_is_known_by_its_value(value: str) -> None:
    found = BY_NAME["no-plain-secret"].list_findings([variable("SETTING", value)])

    assert found
    assert value not in str(found)


@pytest.mark.parametrize("changes", OPEN_TO_ALL.values(), ids=OPEN_TO_ALL)
def test_a_secret_is_known_in_a_command(changes: dict[str, Any]) -> None:
    found = BY_NAME["no-plain-secret"].list_findings([container(**changes)])

    assert found
    assert "canary" not in str(found)


@pytest.mark.parametrize("kind", ["ConfigMap", "ConfigMapPatch"])
def test_a_token_in_a_config_map_is_reported(kind: str) -> None:
    resource = declared(
        f"kubernetes:core/v1:{kind}", {"data": {"settings.yaml": f"token: {PLAIN['a token of Vault']}"}}
    )

    (found,) = BY_NAME["no-plain-secret"].list_findings([resource])

    assert "settings.yaml" in found.problem


WORDS = """spec template metadata annotations labels containers env args command name value volumes properties data
drop add networkAcls ipRules logs options values server dev global audience policies securityContext capabilities"""
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.just(UNKNOWN),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(WORDS.split()),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)
KINDS = sorted({resource.type for _, resource in WAYS})
NAMES = """spec properties policy scope roleDefinitionId subject audiences logs options values chart
path policies tokenPolicies boundClaims boundSubject boundServiceAccountNames tokenTtl tokenPeriod ttl data
address name resourceUri"""


@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(NAMES.split()), VALUES, max_size=6))
def test_no_rule_fails_on_any_declaration(kind: str, properties: dict[str, Any]) -> None:
    for rule in RULES:
        rule.list_findings([declared(kind, properties)])
