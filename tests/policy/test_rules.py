"""Every rule fires on what it forbids, and is silent on what Strongroom itself declares."""

import json
import runpy
import sys
from collections.abc import Mapping
from pathlib import Path
from string import ascii_lowercase
from types import SimpleNamespace
from typing import Any

import pulumi_policy
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from strongroom.policy.rules import RULES, UNKNOWN, Declared
from strongroom.policy.rules.policies import read_paths
from strongroom.policy.rules.rule import Finding
from strongroom.stacks.load import parse
from strongroom.stacks.provision.program import provision
from tests.support.recording import Declare, Recorder

ROOT = Path(__file__).parents[2]
BY_NAME = {rule.name: rule for rule in RULES}
VAULT_SCOPE = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv"
ROLES = "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions"
SECRETS_USER = f"{ROLES}/4633458b-17de-408a-b874-0445c86b69e6"

AZURE = ["api://AzureADTokenExchange"]
ACCOUNT = {"boundServiceAccountNames": ["orders"], "boundServiceAccountNamespaces": ["shop"]}

GOOD_VAULT: dict[str, Any] = {
    "vaultName": "kv",
    "properties": {
        "enablePurgeProtection": True,
        "enableRbacAuthorization": True,
        "publicNetworkAccess": "Enabled",
        "networkAcls": {"defaultAction": "Deny"},
    },
}
GOOD_CONTAINER: dict[str, Any] = {
    "name": "app",
    "image": "registry.example.net:5000/app:1.2",
    "env": [{"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
}
GOOD_POD: dict[str, Any] = {
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [GOOD_CONTAINER],
}


def declared(kind: str, properties: Mapping[str, Any], *dependencies: str) -> Declared:
    return Declared(kind, f"urn:pulumi:test::strongroom::{kind}::thing", properties, dependencies)


def key_vault(**changes: Any) -> Declared:
    return declared(
        "azure-native:keyvault:Vault", {**GOOD_VAULT, "properties": {**GOOD_VAULT["properties"], **changes}}
    )


def assignment(scope: str, role: str = SECRETS_USER) -> Declared:
    return declared("azure-native:authorization:RoleAssignment", {"scope": scope, "roleDefinitionId": role})


def federated(**properties: Any) -> Declared:
    return declared("azure-native:managedidentity:FederatedIdentityCredential", properties)


def provider_class(provider: str, **parameters: str) -> Declared:
    return declared(
        "kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass",
        {"spec": {"provider": provider, "parameters": parameters}},
    )


def provider(**properties: Any) -> Declared:
    return declared("pulumi:providers:vault", properties)


def chart(values: Any, name: str = "vault") -> Declared:
    return declared("kubernetes:helm.sh/v3:Release", {"chart": name, "values": values})


def policy(document: Any, name: str = "p") -> Declared:
    return declared("vault:index/policy:Policy", {"name": name, "policy": document})


def role(kind: str = "kubernetes", **properties: Any) -> Declared:
    return declared(f"vault:{kind}/authBackendRole:AuthBackendRole", properties)


def lease(**properties: Any) -> Declared:
    return declared("vault:database/secretBackendRole:SecretBackendRole", properties)


def pod(**changes: Any) -> Declared:
    return declared("kubernetes:core/v1:Pod", {"spec": {**GOOD_POD, **changes}})


def container(**changes: Any) -> Declared:
    return pod(containers=[{**GOOD_CONTAINER, **changes}])


def secured(**changes: Any) -> Declared:
    return container(securityContext={**GOOD_CONTAINER["securityContext"], **changes})


def copying(kind: str, **spec: Any) -> Declared:
    return declared(f"kubernetes:{kind}", {"spec": spec})


CLASS = "secrets-store.csi.x-k8s.io/v1:SecretProviderClass"


BROKEN: list[tuple[str, Declared, str]] = [
    ("no-copy-in-etcd", copying(CLASS, secretObjects=[{"secretName": "orders-env"}]), "Kubernetes Secret orders-env"),
    ("no-copy-in-etcd", copying(CLASS, secretObjects=[{"secretName": UNKNOWN}]), "Secret (not known yet)"),
    ("no-copy-in-etcd", copying("spv.no/v2beta1:AzureKeyVaultSecret", output={"secret": {"name": "a"}}), "Secret a"),
    ("no-copy-in-etcd", copying("external-secrets.io/v1:ExternalSecret"), "copies values to etcd"),
    ("no-copy-in-etcd", copying("secrets.hashicorp.com/v1beta1:VaultStaticSecret"), "copies values to etcd"),
    ("key-vault-purge-protection", key_vault(enablePurgeProtection=None), "has no purge protection"),
    ("key-vault-purge-protection", key_vault(enablePurgeProtection=False), "has no purge protection"),
    ("key-vault-rbac", key_vault(enableRbacAuthorization=False), "access policies"),
    ("key-vault-network", key_vault(networkAcls=None), "every network"),
    ("key-vault-network", key_vault(networkAcls={"defaultAction": "Allow"}), "every network"),
    ("key-vault-audit", key_vault(), "does not send its audit log"),
    ("key-vault-object-scope", assignment(VAULT_SCOPE), "Key Vault Secrets User"),
    ("key-vault-object-scope", assignment("/subscriptions/s"), "every secret below it"),
    ("key-vault-object-scope", assignment(f"{VAULT_SCOPE}/secrets/db-pass/versions/1"), "Key Vault Secrets User"),
    ("federated-one-account", federated(subject="system:serviceaccount:shop:*"), "subject"),
    ("federated-one-account", federated(claimsMatchingExpression={"value": "x"}), "expression"),
    ("vault-tls", provider(address="http://vault:8200"), "address: http://vault:8200"),
    ("vault-tls", provider(address="https://vault:8200", skipTlsVerify="true"), "skipTlsVerify"),
    ("vault-tls", provider_class("vault", vaultAddress="http://vault:8200"), "vaultAddress"),
    ("vault-tls", provider_class("vault", vaultAddress="https://v", vaultSkipTLSVerify="true"), "vaultSkipTLSVerify"),
    ("vault-tls", chart({}), "global.tlsDisable"),
    ("vault-no-dev-mode", chart({"server": {"dev": {"enabled": True}}}), "server.dev.enabled"),
    ("vault-no-dev-mode", container(image="hashicorp/vault:1.21", args=["server", "-dev"]), "dev mode"),
    ("vault-no-dev-mode", container(image="vault:1.13", command=["sh", "-c", "vault server -dev"]), "dev mode"),
    ("vault-no-dev-mode", container(image="hashicorp/vault:1.21"), "dev mode"),
    ("vault-audit", chart({}), "without an audit device"),
    ("vault-ttl", role(tokenTtl=60, tokenMaxTtl=14401), "sets tokenMaxTtl to 4h 1s, above 4h"),
    ("vault-ttl", role(tokenTtl=60), "sets no tokenMaxTtl"),
    ("vault-ttl", role(tokenTtl=60, tokenMaxTtl=60, tokenPeriod=60), "forever"),
    ("vault-ttl", role("jwt", tokenTtl=60, tokenMaxTtl=0), "sets no tokenMaxTtl"),
    ("vault-ttl", lease(defaultTtl=60, maxTtl=86401), "maxTtl to 24h 1s, above 24h"),
    (
        "vault-ttl",
        declared("vault:pkiSecret/secretBackendRole:SecretBackendRole", {"ttl": "1h30m", "maxTtl": "90d"}),
        "maxTtl to 2160h (90 days)",
    ),
    ("vault-no-wildcard", policy('path "secret/data/*" {\n capabilities = ["read"]\n}'), "secret/data/*"),
    ("vault-no-wildcard", policy('path "secret/data/+/db" { capabilities = ["read"] }'), "secret/data/+/db"),
    ("vault-no-wildcard", policy(json.dumps({"path": {"secret/*": {"capabilities": ["read"]}}})), "secret/*"),
    ("vault-one-account", role(boundServiceAccountNames=["*"]), "accepts * (boundServiceAccountNames)"),
    ("vault-one-account", role(boundServiceAccountNamespaces=["shop-*"]), "boundServiceAccountNamespaces"),
    ("vault-one-account", role(boundServiceAccountNamespaceSelector="{}"), "selector"),
    ("vault-one-account", role("jwt", boundClaimsType="glob", boundSubject="a*"), "patterns"),
    ("vault-one-account", role("jwt"), "every subject"),
    ("no-pod-identity", provider_class("azure", usePodIdentity="true"), "usePodIdentity"),
    (
        "no-pod-identity",
        declared("kubernetes:core/v1:Pod", {"metadata": {"labels": {"aadpodidbinding": "x"}}}),
        "aadpodidbinding",
    ),
    ("no-pod-identity", declared("kubernetes:aadpodidentity.k8s.io/v1:AzureIdentity", {}), "aad-pod-identity"),
    ("known-grants", declared("vault:github/team:Team", {"policies": ["p"]}), "no rule checks"),
    ("no-plain-secret", container(env=[{"name": "DB_PASSWORD", "value": "canary"}]), "DB_PASSWORD"),
    ("no-plain-secret", container(env=[{"name": "stripe.api-key", "value": "canary"}]), "stripe.api-key"),
    ("no-plain-secret", container(env=[{"name": "AUTH_TOKEN", "value": UNKNOWN}]), "AUTH_TOKEN"),
    ("no-plain-secret", container(env=[{"name": "URL", "value": "postgres://me:canary@db/x"}]), "URL"),
    ("no-latest-image", container(image="registry.example.net:5000/app"), "registry.example.net:5000/app"),
    ("no-latest-image", container(image="busybox:latest"), "busybox:latest"),
    ("restricted-workload", pod(hostNetwork=True), "hostNetwork"),
    ("restricted-workload", pod(hostPID=True), "hostPID"),
    ("restricted-workload", pod(volumes=[{"name": "v", "hostPath": {"path": "/"}}]), "hostPath"),
    ("restricted-workload", pod(securityContext={"runAsNonRoot": True}), "seccomp"),
    (
        "restricted-workload",
        pod(securityContext={**GOOD_POD["securityContext"], "sysctls": [{"name": "kernel.msgmax", "value": "1"}]}),
        "kernel.msgmax",
    ),
    ("restricted-workload", pod(initContainers=[{"name": "init", "image": "x:1"}]), "initContainers[init]"),
    ("restricted-workload", secured(privileged=True), "privileged"),
    ("restricted-workload", secured(allowPrivilegeEscalation=None), "allowPrivilegeEscalation"),
    ("restricted-workload", secured(runAsNonRoot=False), "runAsNonRoot"),
    ("restricted-workload", secured(runAsUser=0), "runAsUser: 0"),
    ("restricted-workload", secured(procMount="Unmasked"), "procMount"),
    ("restricted-workload", secured(capabilities={"drop": ["KILL"]}), "ALL"),
    ("restricted-workload", secured(capabilities={"drop": ["ALL"], "add": ["SYS_ADMIN"]}), "SYS_ADMIN"),
    ("restricted-workload", container(ports=[{"hostPort": 80}]), "hostPort"),
    (
        "restricted-workload",
        declared(
            "kubernetes:batch/v1:CronJob",
            {"spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [{"name": "c"}]}}}}}},
        ),
        "containers[c]",
    ),
]

KEPT: list[tuple[str, Declared]] = [
    ("key-vault-purge-protection", key_vault(enablePurgeProtection=UNKNOWN)),
    ("key-vault-network", key_vault(publicNetworkAccess="Disabled", networkAcls=None)),
    ("key-vault-object-scope", assignment(f"{VAULT_SCOPE}/secrets/db-pass")),
    ("key-vault-object-scope", assignment(VAULT_SCOPE, f"{ROLES}/21090545-7ca7-4776-b22c-e363652d74d2")),
    ("federated-one-account", federated(subject="system:serviceaccount:shop:orders", audiences=AZURE)),
    ("vault-tls", provider(address="https://vault:8200")),
    ("vault-tls", provider(address=UNKNOWN)),
    ("vault-tls", provider_class("azure", keyvaultName="kv")),
    ("vault-tls", chart({"global": {"tlsDisable": False}})),
    ("vault-tls", chart({"server": {"enabled": False}})),
    ("vault-tls", chart({}, name="secrets-store-csi-driver")),
    ("vault-no-dev-mode", chart({"server": {"dev": {"enabled": False}}})),
    ("vault-no-dev-mode", container(image="hashicorp/vault:1.21", args=["server", "-config=/development/x.hcl"])),
    ("vault-no-dev-mode", container(image="example/vault-sidecar:1")),
    ("vault-audit", chart({"server": {"enabled": False}})),
    ("vault-ttl", role(tokenTtl=60, tokenMaxTtl=14400)),
    ("vault-no-wildcard", policy('# path "secret/*"\npath "secret/data/db" { capabilities = ["read"] }')),
    ("vault-no-wildcard", policy(UNKNOWN)),
    ("vault-one-account", role(**ACCOUNT, audience="vault")),
    ("vault-one-account", role("jwt", boundSubject="system:serviceaccount:shop:orders", boundAudiences=["vault"])),
    ("no-plain-secret", container(env=[{"name": "TOKEN_FILE", "value": "/x"}, {"name": "KEYBOARD", "value": "de"}])),
    ("no-latest-image", container(image="app@sha256:" + "0" * 64)),
    ("restricted-workload", pod()),
    ("restricted-workload", secured(runAsUser=1000, capabilities={"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]})),
    ("restricted-workload", declared("kubernetes:apps/v1:Deployment", {"spec": UNKNOWN})),
]


@pytest.mark.parametrize(("name", "resource", "message"), BROKEN)
def test_a_rule_fires_on_what_it_forbids(name: str, resource: Declared, message: str) -> None:
    findings = BY_NAME[name].list_findings([resource])

    assert findings and message in "; ".join(finding.problem for finding in findings)
    assert {finding.urn for finding in findings} == {resource.urn}
    assert "canary" not in str(findings)


@pytest.mark.parametrize(("name", "resource"), KEPT)
def test_a_rule_is_silent_on_what_it_allows(name: str, resource: Declared) -> None:
    assert BY_NAME[name].list_findings([resource]) == []


def test_every_rule_is_seen_to_fire() -> None:
    assert {name for name, _, _ in BROKEN} == set(BY_NAME)


def test_a_key_vault_is_audited_by_a_setting_that_depends_on_it() -> None:
    vault = key_vault()
    logs = [{"category": "AuditEvent", "enabled": True}]

    def findings(logs: Any, *dependencies: str, **changes: Any) -> list[Finding]:
        properties = {"logs": logs, "workspaceId": "w", **changes}
        setting = declared("azure-native:monitor:DiagnosticSetting", properties, *dependencies)
        return BY_NAME["key-vault-audit"].list_findings([vault, setting])

    assert findings(logs, vault.urn) == []
    assert findings(logs, "urn:another") != []
    assert findings([{"category": "AuditEvent", "enabled": False}], vault.urn) != []
    assert findings([{"categoryGroup": "allLogs", "enabled": True}], vault.urn) == []
    assert findings(logs, vault.urn, workspaceId=None) != []
    assert findings(logs, vault.urn, resourceUri="/subscriptions/s/providers/Microsoft.Web/sites/x") != []


def test_a_vault_that_the_stack_runs_is_audited_by_a_device() -> None:
    assert (
        BY_NAME["vault-audit"].list_findings([chart({}), declared("vault:index/audit:Audit", {"type": "file"})]) == []
    )
    by_bootstrap = declared("pulumi-python:dynamic/strongroom:Bootstrap", {"audit": {"file": {"type": "file"}}})
    assert BY_NAME["vault-audit"].list_findings([chart({}), by_bootstrap]) == []
    without = declared("pulumi-python:dynamic/strongroom:Bootstrap", {"audit": {}})
    assert BY_NAME["vault-audit"].list_findings([chart({}), without])


def test_a_stack_may_lower_a_ceiling_and_name_administrators() -> None:
    token, admin = role(tokenTtl=600, tokenMaxTtl=1200), policy('path "sys/*" { capabilities = ["sudo"] }', "admin")

    assert BY_NAME["vault-ttl"].list_findings([token]) == []
    assert len(BY_NAME["vault-ttl"].list_findings([token], {"tokenSeconds": 300})) == 2
    assert BY_NAME["vault-no-wildcard"].list_findings([admin])
    assert BY_NAME["vault-no-wildcard"].list_findings([admin], {"administrators": ["admin"]}) == []


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (
            'path "a/b" {\n  capabilities = ["read", "list"]\n}\npath "c" {}',
            {"a/b": {"read", "list"}, "c": set[str]()},
        ),
        (
            '/* path "no" {} */ path "yes" { allowed_parameters = { "path" = ["x"] } capabilities = ["read"] }',
            {"yes": {"read"}},
        ),
        ('"path" "quoted" { "capabilities" = ["read"] } # path "no" {}', {"quoted": {"read"}}),
        ('path "a" { min_wrapping_ttl = "1s" }', {"a": set[str]()}),
        ('{"path": {"b": {"capabilities": ["read"]}, "a": {}}}', {"a": set[str](), "b": {"read"}}),
        ("", {}),
    ],
)
def test_what_a_policy_opens_is_found(document: str, expected: dict[str, set[str]]) -> None:
    assert read_paths(document) == expected


@given(
    st.dictionaries(
        st.text(f"{ascii_lowercase}*+/", min_size=1, max_size=12), st.sets(st.sampled_from(["read", "list", "sudo"]))
    )
)
def test_hcl_and_json_say_the_same(policy: dict[str, set[str]]) -> None:
    hcl = "\n".join(f'path "{path}" {{ capabilities = {json.dumps(sorted(able))} }}' for path, able in policy.items())
    as_json = json.dumps({"path": {path: {"capabilities": sorted(able)} for path, able in policy.items()}})

    assert read_paths(hcl) == read_paths(as_json) == policy


def all_findings(recorder: Recorder) -> dict[str, list[str]]:
    urns = {item.name: [] for item in recorder.recorded}
    for item in recorder.recorded:
        urns[item.name].append(f"urn::{item.type}::{item.name}")
    resources = [
        Declared(
            item.type,
            f"urn::{item.type}::{item.name}",
            item.inputs,
            [urn for name in item.dependencies for urn in urns.get(name, [])],
        )
        for item in recorder.recorded
    ]
    found = {rule.name: [finding.problem for finding in rule.list_findings(resources)] for rule in RULES}
    return {name: problems for name, problems in found.items() if problems}


def test_the_production_stack_breaks_no_rule(declare: Declare) -> None:
    config: dict[str, Any] = yaml.safe_load((ROOT / "stacks" / "Pulumi.prod.yaml").read_text())["config"]
    settings = parse({key.partition(":")[2]: value for key, value in config.items()}, stack="prod")

    recorder = declare(lambda: provision(settings))

    assert recorder.one("azure-native:keyvault:Vault") and recorder.all("kubernetes:apps/v1:Deployment")
    assert all_findings(recorder) == {"no-copy-in-etcd": ["copies values to etcd, as the Kubernetes Secret orders-env"]}


def test_a_stack_on_vault_breaks_no_rule(declare: Declare) -> None:
    settings = parse(
        {
            "backend": {
                "kind": "vault",
                "address": "https://vault.example.net:8200",
                "auth": {"kubernetesHost": "https://10.0.0.1"},
            },
            "kubernetes": {"install": "helm"},
            "workloads": [
                {
                    "name": name,
                    "namespace": "shop",
                    "image": "busybox:1.36",
                    "kind": kind,
                    "secrets": [{"name": "f", "object": "o", "key": "k", "env": "DB_PASSWORD"}],
                }
                for name, kind in (("orders", "Deployment"), ("ledger", "Pod"))
            ],
        },
        stack="dev",
    )

    recorder = declare(lambda: provision(settings))

    assert recorder.all("kubernetes:core/v1:Pod") and recorder.all("vault:index/policy:Policy")
    copied = [f"copies values to etcd, as the Kubernetes Secret {name}-env" for name in ("orders", "ledger")]
    assert all_findings(recorder) == {"no-copy-in-etcd": copied}


@pytest.mark.parametrize("file", sorted((ROOT / "policy" / "levels").glob("*.json")), ids=lambda file: file.name)
def test_levels_name_rules_and_levels_that_exist(file: Path) -> None:
    levels = json.loads(file.read_text())

    assert (ROOT / "stacks" / f"Pulumi.{file.stem}.yaml").is_file()
    assert set(levels) <= {"all", *BY_NAME}
    assert set(levels.values()) <= {"advisory", "mandatory", "disabled"}


def test_production_is_held_to_every_rule() -> None:
    levels = json.loads((ROOT / "policy" / "levels" / "prod.json").read_text())

    assert levels == {"all": "mandatory", "no-copy-in-etcd": "advisory"}


@pytest.fixture
def pack(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The policy pack, as its program makes it for the engine."""
    made: list[SimpleNamespace] = []

    def keep(name: str, policies: list[Any], enforcement_level: Any) -> None:
        made.append(SimpleNamespace(name=name, policies=policies, level=enforcement_level))

    monkeypatch.setattr(pulumi_policy, "PolicyPack", keep)
    monkeypatch.syspath_prepend(str(ROOT / "policy"))
    before = set(sys.modules)
    runpy.run_path(str(ROOT / "policy" / "__main__.py"))
    # There, the rules are a package of their own.
    for name in [name for name in set(sys.modules) - before if name.partition(".")[0] == "rules"]:
        del sys.modules[name]
    (only,) = made
    return only


def test_the_pack_stops_an_update_unless_a_stack_says_otherwise(pack: SimpleNamespace) -> None:
    assert pack.level == pulumi_policy.EnforcementLevel.MANDATORY
    assert {policy.name for policy in pack.policies} == set(BY_NAME)
    assert {policy.name for policy in pack.policies if policy.enforcement_level.value == "advisory"} == {
        "no-copy-in-etcd"
    }


def test_the_pack_tells_what_a_resource_breaks(pack: SimpleNamespace) -> None:
    reports: list[tuple[str, str | None]] = []
    vault = key_vault(enablePurgeProtection=None)
    args = SimpleNamespace(resource_type=vault.type, urn=vault.urn, props=vault.properties, get_config=dict)
    for policy in pack.policies:
        if isinstance(policy, pulumi_policy.ResourceValidationPolicy):
            policy.validate(args, lambda message, urn=None: reports.append((message, urn)))

    ((message, urn),) = reports
    assert message.startswith("thing has no purge protection.\nWhy: ")
    assert urn == vault.urn
