"""Settings of a Vault that a stack deploys and unseals, and what it declares."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from strongroom.stacks.errors import InvalidSettingsError
from strongroom.stacks.load import parse
from strongroom.stacks.provision.program import provision
from tests.support.recording import Declare, Recorder

RELEASE = "kubernetes:helm.sh/v3:Release"
BOOTSTRAP = "pulumi-python:dynamic/strongroom:Bootstrap"

GOOD: dict[str, Any] = {
    "backend": {
        "kind": "vault",
        "server": {"tls": {"kind": "generated"}},
        "bootstrap": {
            "keyStore": {"kind": "file", "path": "recovery.json"},
            "nodes": [f"https://vault-{number}.example.net" for number in range(3)],
        },
        "auth": {"kubernetesHost": "https://10.0.0.1", "reviewer": "in-cluster"},
        "mount": {"create": True},
    },
    "seeds": {"db": {"password": {"generate": {}}}},
    "kubernetes": {"install": "helm"},
    "workloads": [
        {
            "name": "orders",
            "namespace": "shop",
            "image": "busybox:1.36",
            "secrets": [{"name": "db-password", "object": "db", "key": "password"}],
        }
    ],
}


def changed(**backend: Any) -> dict[str, Any]:
    """`GOOD` with other keys of the backend; `None` takes one away."""
    raw = deepcopy(GOOD)
    raw["backend"] = {key: value for key, value in (raw["backend"] | backend).items() if value is not None}
    return raw


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("pulumi.get_root_directory", lambda: str(tmp_path))
    monkeypatch.setattr("strongroom.stacks.provision.installation.Installation.find_conflicts", lambda _: [])
    return tmp_path / ".strongroom"


def declared(declare: Declare, raw: dict[str, Any]) -> Recorder:
    return declare(lambda: provision(parse(raw, stack="dev")))


def test_one_stack_deploys_a_server_opens_it_and_configures_it_with_the_token_of_that(
    declare: Declare, home: Path
) -> None:
    recorder = declared(declare, GOOD)
    server = next(item for item in recorder.all(RELEASE) if item.inputs["name"] == "vault")
    bootstrap, provider = recorder.one(BOOTSTRAP), recorder.one("pulumi:providers:vault")

    assert "vault" in server.dependencies, "its namespace"
    assert server.inputs["skipAwait"] is True
    assert bootstrap.dependency_types >= {RELEASE}
    assert [node["address"] for node in bootstrap.inputs["nodes"]] == GOOD["backend"]["bootstrap"]["nodes"]
    assert [node["join_address"] for node in bootstrap.inputs["nodes"]] == [
        f"https://vault-{number}.vault-internal:8200" for number in range(3)
    ]
    assert bootstrap.inputs["nodes"][0]["ca_certificate"] == "certPem of vault-ca"
    assert 'path "secret/data/*"' in bootstrap.inputs["adminRules"]
    assert BOOTSTRAP in provider.dependency_types
    assert provider.inputs["caCertFile"] == str(home / "test-vault-ca.crt")
    assert (home / "test-vault-ca.crt").read_text() == "certPem of vault-ca"


def test_pods_reach_it_by_its_service_and_trust_its_ca(declare: Declare, home: Path) -> None:
    recorder = declared(declare, GOOD)
    parameters = recorder.one("kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass").inputs["spec"]

    assert parameters["parameters"]["vaultAddress"] == "https://vault.vault.svc:8200"
    assert parameters["parameters"]["vaultCACertPath"].endswith("ca.crt")
    authorities = [item.inputs["data"] for item in recorder.all("kubernetes:core/v1:ConfigMap")]
    assert {"ca.crt": "certPem of vault-ca"} in authorities


def test_its_namespace_is_not_held_to_what_it_can_not_keep_and_one_that_exists_is_left_alone(
    declare: Declare, home: Path
) -> None:
    (namespace,) = [
        item for item in declared(declare, GOOD).all("kubernetes:core/v1:Namespace") if item.name == "vault"
    ]
    assert namespace.inputs["metadata"]["labels"] == {"pod-security.kubernetes.io/enforce": "baseline"}
    exists = GOOD | {"kubernetes": {"install": "helm", "existingNamespaces": ["vault", "shop"]}}
    assert declared(declare, exists).all("kubernetes:core/v1:Namespace") == []


def test_an_azure_seal_brings_its_key_and_the_right_to_use_it_before_the_server(declare: Declare, home: Path) -> None:
    seal = {
        "kind": "azurekeyvault",
        "tenantId": "11111111-1111-1111-1111-111111111111",
        "resourceGroup": "seals",
        "vault": "kv-seals",
    }
    raw = changed(server={"tls": {"kind": "generated"}, "seal": seal})
    raw["kubernetes"]["oidcIssuer"] = "https://issuer.example.net/"
    recorder = declared(declare, raw)
    server = next(item for item in recorder.all(RELEASE) if item.inputs["name"] == "vault")

    assert {
        "azure-native:keyvault:Key",
        "azure-native:authorization:RoleAssignment",
        "azure-native:managedidentity:FederatedIdentityCredential",
    } <= server.dependency_types
    assert 'key_name = "vault-unseal"' in str(server.inputs["values"]) or "vault-unseal" in str(server.inputs["values"])


def test_a_vault_that_exists_is_opened_too(declare: Declare, home: Path, tmp_path: Path) -> None:
    authority = tmp_path / "ca.crt"
    authority.write_text("-----BEGIN CERTIFICATE-----")
    raw = changed(server=None, address="https://vault.example.net", caCertificate=str(authority))
    recorder = declared(declare, raw)

    assert [item.inputs["name"] for item in recorder.all(RELEASE)] == ["secrets-store", "secrets-store-vault"]
    assert recorder.one(BOOTSTRAP).inputs["nodes"][2]["ca_certificate"] == "-----BEGIN CERTIFICATE-----"
    assert recorder.one("pulumi:providers:vault").inputs["caCertFile"] == str(authority)


@pytest.mark.parametrize(
    ("raw", "key", "message"),
    [
        (changed(server=None), "backend.address", "unless backend.server deploys a Vault"),
        (changed(address="https://v"), "backend.address", "backend.server has its own"),
        (changed(caCertificate="ca.crt"), "backend.caCertificate", "backend.server has its own"),
        (changed(server={}), "backend.server.tls", "production refuses plain HTTP"),
        (changed(server={"mode": "dev"}), "backend.server.mode", "use standalone or ha"),
        (changed(bootstrap=None), "backend.bootstrap", "it initialises and unseals"),
        (changed(server={"tls": {}}), "backend.server.tls.kind", "use 'generated' or 'cert-manager' or 'supplied'"),
        (changed(server={"tls": {"kind": "supplied"}}), "backend.server.tls.secret", "This setting is required"),
        (
            changed(server={"tls": {"kind": "generated", "validity": 1}}),
            "backend.server.tls.validity",
            "Did you mean validityHours?",
        ),
        (
            changed(server={"tls": {"kind": "generated"}, "storage": {"kind": "raft", "volume": {"size": "ten"}}}),
            "backend.server.storage.volume.size",
            "'ten' ",
        ),
        (
            changed(server={"tls": {"kind": "generated"}, "namespace": "shop"}),
            "backend.server.namespace",
            "is a workload's namespace too",
        ),
        (
            changed(server={"tls": {"kind": "generated"}, "replicas": 4}),
            "backend.server.replicas",
            "4: use an odd number",
        ),
        (
            changed(server={"tls": {"kind": "generated"}, "maxUnavailable": 2}),
            "backend.server.maxUnavailable",
            "2 of 3: use 1 or more",
        ),
        (
            changed(server={"tls": {"kind": "generated"}, "mode": "standalone"}),
            "backend.bootstrap.nodes",
            "3 nodes are listed, and the server has 1 pods",
        ),
        (
            changed(bootstrap=GOOD["backend"]["bootstrap"] | {"nodes": ["http://10.0.0.9:8200"] * 3}),
            "backend.bootstrap.nodes[0]",
            "keys would travel in the clear",
        ),
        (
            changed(bootstrap=GOOD["backend"]["bootstrap"] | {"threshold": 6}),
            "backend.bootstrap.threshold",
            "6 of 5 shares",
        ),
        (
            changed(bootstrap=GOOD["backend"]["bootstrap"] | {"keyStore": {"kind": "paper"}}),
            "backend.bootstrap.keyStore.kind",
            "use 'file' or 'azure-key-vault'",
        ),
        (
            changed(
                bootstrap={"keyStore": {"kind": "file", "path": "r.json", "pgpKeys": ["a.asc"]}},
                server=None,
                address="https://v",
            ),
            "backend.bootstrap.nodes",
            "URL of each server",
        ),
    ],
)
def test_each_error_names_its_key(raw: dict[str, Any], key: str, message: str) -> None:
    with pytest.raises(InvalidSettingsError) as caught:
        parse(raw, stack="prod")
    found = {issue.key: issue.message for issue in caught.value.issues}
    assert message in found[f"strongroom:{key}"]


def test_a_local_stack_may_have_the_dev_server_and_one_that_is_opened_may_not() -> None:
    assert parse(changed(server={"mode": "dev"}, bootstrap=None), stack="local").backend
    with pytest.raises(InvalidSettingsError, match="the dev server starts unsealed"):
        parse(changed(server={"mode": "dev"}), stack="local")


def test_a_server_of_production_is_held_to_production_by_the_component_too(declare: Declare, home: Path) -> None:
    settings = parse(changed(server={"mode": "dev"}, bootstrap=None), stack="local")

    # The program runs as the stack `test`.
    with pytest.raises(ValueError, match="'dev' keeps everything in memory"):
        declare(lambda: provision(settings))


def test_a_public_key_that_is_none_is_reported_before_anything_is_declared(
    declare: Declare, home: Path, tmp_path: Path
) -> None:
    (tmp_path / "one.asc").write_text("no key")
    keys = [str(tmp_path / "one.asc"), str(tmp_path / "missing.asc")]
    key_store = {"kind": "file", "path": "r.json", "pgpKeys": keys}
    raw = changed(bootstrap=GOOD["backend"]["bootstrap"] | {"keyStore": key_store, "shares": 2, "threshold": 2})

    with pytest.raises(InvalidSettingsError) as caught:
        declared(declare, raw)
    assert [issue.key for issue in caught.value.issues] == [
        "strongroom:backend.bootstrap.keyStore.pgpKeys[0]",
        "strongroom:backend.bootstrap.keyStore.pgpKeys[1]",
    ]


def test_values_that_the_chart_refuses_are_reported_before_anything_is_declared(
    declare: Declare, home: Path, tmp_path: Path
) -> None:
    chart = tmp_path / "vault"
    chart.mkdir()
    (chart / "Chart.yaml").write_text("name: vault\nversion: 0.32.0\n")
    (chart / "values.yaml").write_text("{}")
    (chart / "values.schema.json").write_text('{"properties": {"ui": {"properties": {"enabled": {"type": "string"}}}}}')
    raw = GOOD | {"charts": {"vault": {"path": str(chart)}}}

    with pytest.raises(InvalidSettingsError, match=r"strongroom:charts.vault: .*ui.enabled must be of type string"):
        declared(declare, raw)
