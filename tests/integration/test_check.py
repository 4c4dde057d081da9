"""What is found out before anything is deployed, on real servers that lack this and that."""

import copy
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hvac
import pytest
import yaml
from kubernetes import client as k8s
from typer.testing import CliRunner

from sandbox.azure.clouds import CLOUDS
from sandbox.azure.store import Store
from sandbox.azure.vaults import Vault
from sandbox.running import ROOT, Sandbox
from sandbox.servers.kubernetes import ISSUER
from strongroom.components.kubernetes.csi_volume import DRIVER
from strongroom.ops.app import app
from strongroom.ops.check.run import check_stack
from strongroom.ops.existing.identity import Owned
from strongroom.ops.existing.patches import check_patches
from strongroom.ops.findings import Finding
from strongroom.ops.pulumi.stack import Cluster as OpsCluster
from strongroom.ops.verify.cluster_reader import ClusterReader
from strongroom.policy.rules import Declared
from tests.integration.doctored import EXCHANGE
from tests.integration.driver import Cluster
from tests.integration.tampering import ASSIGNMENTS, VAULTS, settle
from tests.support.polling import poll_until

pytestmark = pytest.mark.integration

MOUNT, OLD = "checked", "checked-old"
CANARY = "canary-1b7d"
OFFICER = "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/b86a8fe4-44ce-4948-aee5-eccb2c155cd7"
READER = "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/21090545-7ca7-4776-b22c-e363652d74d2"

Config = dict[str, Any]
Check = Callable[..., list[Finding]]


@pytest.fixture(autouse=True)
def alive(cluster: Cluster) -> None:
    cluster.beat()


@pytest.fixture(scope="module")
def engine(world: Sandbox) -> Iterator[hvac.Client]:
    """Vault, with an engine, an auth method and the objects that a stack on it expects."""
    vault = world.vault.client()
    vault.sys.enable_secrets_engine("kv", path=MOUNT, options={"version": "2"})
    vault.sys.enable_secrets_engine("kv", path=OLD, options={"version": "1"})
    vault.sys.enable_auth_method("kubernetes", path=MOUNT)
    for name, value in {
        "db-pass": {"username": CANARY, "password": CANARY},
        "payment-api": {"key": CANARY},
        "ledger": {"token": CANARY},
    }.items():
        vault.secrets.kv.v2.create_or_update_secret(name, value, mount_point=MOUNT)
    yield vault
    vault.sys.disable_secrets_engine(MOUNT)
    vault.sys.disable_secrets_engine(OLD)
    vault.sys.disable_auth_method(MOUNT)


@pytest.fixture
def on_vault(world: Sandbox, engine: hvac.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Check a stack on that Vault, whose settings a test changes first."""
    monkeypatch.setenv("VAULT_TOKEN", world.vault.token)
    config: Config = yaml.safe_load((ROOT / "stacks" / "Pulumi.local.yaml").read_text())["config"]
    config["strongroom:backend"] |= {
        "address": world.vault.address,
        "caCertificate": str(world.authority.certificate),
        "mount": {"path": MOUNT, "create": False},
        "auth": {"path": MOUNT, "create": False},
    }
    config["strongroom:kubernetes"]["kubeconfig"] = str(world.api_server.kubeconfig)
    for workload in config["strongroom:workloads"]:
        workload["namespace"] = f"checked-{workload['namespace']}"
    del config["strongroom:seeds"]
    monkeypatch.setattr("strongroom.ops.check.run.list_owned", lambda _: Owned())
    return checking(tmp_path / "local", "local", config)


@pytest.fixture
def on_azure(world: Sandbox, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Check a stack on Key Vault, whose settings a test changes first."""
    operator = world.azure.operator()
    for name, value in {**world.azure.environment(), **operator}.items():
        monkeypatch.setenv(name, value)
    config: Config = yaml.safe_load((ROOT / "stacks" / "Pulumi.local-azure.yaml").read_text())["config"]
    azure = world.azure.configuration
    config["strongroom:backend"] |= {"tenantId": azure.tenant, "subscriptionId": azure.subscription}
    # Another module's stack may be deployed beside it.
    config["strongroom:backend"] |= {"vault": {"name": "kv-checked"}, "resourceGroup": "checked"}
    config["strongroom:seeds"]["ledger"] = {"token": {"generate": {}}}
    config["strongroom:kubernetes"] |= {"kubeconfig": str(world.api_server.kubeconfig), "oidcIssuer": ISSUER}
    for workload in config["strongroom:workloads"]:
        workload["namespace"] = f"checked-{workload['namespace']}"
    monkeypatch.setattr("strongroom.ops.check.run.list_owned", lambda _: Owned())
    return checking(tmp_path / "azure", "local-azure", config)


def checking(project: Path, stack: str, config: Config) -> Check:
    (project / "stacks").mkdir(parents=True)
    shutil.copy(ROOT / "Pulumi.yaml", project)

    def run(change: Callable[[Config], None] = lambda _: None) -> list[Finding]:
        changed = copy.deepcopy(config)
        change(changed)
        (project / "stacks" / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": changed}))
        found = check_stack(stack, project)
        assert CANARY not in str(found)
        return found

    return run


def states(found: list[Finding], state: str) -> dict[str, str]:
    return {each.name: each.seen for each in found if each.state == state}


def test_a_stack_that_lacks_nothing_is_ok(on_vault: Check) -> None:
    found = on_vault()

    assert [each for each in found if each.state != "ok"] == [each for each in found if each.name == "guardrails"]
    assert "no-copy-in-etcd" in states(found, "warning")["guardrails"]
    assert [each.name for each in found] == [
        *("settings", "files", "charts", "guardrails", "cluster", "namespaces", "names in the cluster"),
        *("custom resources", "driver", "provider", "audience"),
        *("store", "token", "rights", "mount", "object", "object", "object", "object", "auth method"),
        "names in the store",
    ]


def test_faults_of_settings_are_reported_together_and_nothing_else_is_tried(on_vault: Check) -> None:
    def change(config: Config) -> None:
        config["strongroom:workloads"][0]["name"] = "Orders"
        config["strongroom:workloads"][1]["secrets"] = []
        config["strongroom:kubernetes"]["install"] = "somehow"

    found = on_vault(change)
    assert len([each for each in found if each.state == "failed"]) == 3
    assert {each.name for each in found if each.state == "failed"} == {"settings"}
    assert set(states(found, "skipped")) == {"files", "charts", "guardrails", "cluster", "store"}


def backend(**changed: Any) -> Callable[[Config], None]:
    def change(config: Config) -> None:
        config["strongroom:backend"] |= changed

    return change


def in_a_namespace_of_others(config: Config) -> None:
    config["strongroom:kubernetes"]["existingNamespaces"] = ["nowhere"]
    config["strongroom:workloads"][0]["namespace"] = "nowhere"


def seeded(config: Config) -> None:
    config["strongroom:seeds"] = {"db-pass": {"username": {"generate": {}}}}


def by_helm(config: Config) -> None:
    config["strongroom:kubernetes"]["install"] = "helm"
    del config["strongroom:backend"]["providerCaPath"]


def image(name: str) -> Callable[[Config], None]:
    def change(config: Config) -> None:
        config["strongroom:workloads"][0]["image"] = name

    return change


def secret(**changed: str) -> Callable[[Config], None]:
    def change(config: Config) -> None:
        config["strongroom:workloads"][2]["secrets"][0] |= changed

    return change


@pytest.mark.parametrize(
    ("change", "name", "reported"),
    [
        (backend(caCertificate="/nonexistent/ca.crt"), "files", "'/nonexistent/ca.crt' can't be read"),
        (backend(tokenMaxTtl="9000h"), "guardrails", "vault-ttl"),
        (in_a_namespace_of_others, "namespaces", "nowhere, which the cluster lacks"),
        (by_helm, "driver", "the Secrets Store CSI driver of the Helm release kube-system/"),
        (backend(mount={"path": "nowhere"}), "mount", "Vault has no engine at nowhere"),
        (backend(mount={"path": OLD}), "mount", "is kv, version 1, and KV version 2 is needed"),
        (backend(auth={"path": "nowhere", "create": False}), "auth method", "Vault has no auth method at nowhere"),
        (backend(auth={"path": "token", "create": False}), "auth method", "is token, and kubernetes is needed"),
        (secret(object="nothing"), "object", f"Vault has no {MOUNT}/nothing"),
        (secret(version="7"), "object", f"Vault has no {MOUNT}/ledger, version 7"),
        (secret(key="other"), "object", f"{MOUNT}/ledger has no key other"),
        (seeded, "object", "strongroom:seeds.db-pass writes the object without the key password"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_lacking_is_reported(
    on_vault: Check, change: Callable[[Config], None], name: str, reported: str
) -> None:
    broken = states(on_vault(change), "failed")

    assert reported in broken[name]


def test_advice_is_no_failure(on_vault: Check) -> None:
    found = on_vault(image("busybox:latest"))

    assert "no-latest-image" in states(found, "warning")["guardrails"]
    assert states(found, "failed") == {}


def test_a_driver_that_somebody_else_should_have_installed_is_missed(on_vault: Check, cluster: Cluster) -> None:
    cluster.storage.delete_csi_driver(DRIVER)
    try:
        assert f"no CSIDriver {DRIVER}" in states(on_vault(), "failed")["driver"]
    finally:
        cluster.driver("vault", EXCHANGE)


def test_an_audience_that_the_driver_lacks_is_reported(on_vault: Check, on_azure: Check, cluster: Cluster) -> None:
    cluster.driver("elsewhere")
    try:
        assert "Vault's provider creates one itself" in states(on_vault(), "warning")["audience"]
        assert f"and {EXCHANGE} is needed" in states(on_azure(), "failed")["audience"]
    finally:
        cluster.driver("vault", EXCHANGE)


def test_what_cannot_be_reached_is_not_tried_and_no_failure(on_vault: Check, tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(
        yaml.safe_dump(
            {
                "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
                "users": [{"name": "u", "user": {}}],
                "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
                "current-context": "c",
            }
        )
    )

    def change(config: Config) -> None:
        config["strongroom:backend"]["address"] = "https://127.0.0.1:1"
        url = "postgresql://{{username}}:{{password}}@127.0.0.1:1/shop"
        config["strongroom:backend"]["databases"] = [
            {"name": "shop", "plugin": "postgresql", "url": url, "username": "vault"}
        ]
        config["strongroom:credentials"] = {"database/shop": {"secure": "v1:unread"}}
        config["strongroom:kubernetes"]["kubeconfig"] = str(kubeconfig)

    found = on_vault(change)
    assert states(found, "failed") == {}
    assert "127.0.0.1:1 can't be reached from here" in states(found, "warning")["database"]
    assert set(states(found, "skipped")) == {"cluster", "store"}


@pytest.mark.parametrize(
    ("token", "state", "reported"),
    [("", "skipped", "VAULT_TOKEN is not set"), ("hvs.unknown", "failed", "does not know the token")],
)
def test_a_token_that_is_missing_or_unknown_is_reported(
    on_vault: Check, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, token: str, state: str, reported: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("VAULT_TOKEN", token)
    found = on_vault()

    assert reported in states(found, state)["token"]
    assert {each.state for each in found if each.name in {"mount", "object", "auth method"}} == {"skipped"}


@pytest.fixture
def token_with(engine: hvac.Client) -> Iterator[Callable[[str], str]]:
    """Make a token with these rules alone; nothing of it stays."""
    policy = "checked-limited"
    made: list[str] = []

    def make(rules: str) -> str:
        engine.sys.create_or_update_policy(policy, rules)
        made.append(engine.auth.token.create(policies=[policy], no_default_policy=True)["auth"]["client_token"])
        return made[-1]

    yield make
    for token in made:
        engine.auth.token.revoke(token)
    engine.sys.delete_policy(policy)


@pytest.mark.parametrize(
    ("dropped", "state", "seen"),
    [
        ("", "ok", "it may do what an update needs"),
        ("auth/token/create", "failed", "lacks create or update on auth/token/create"),
        ("payments/metadata/*", "failed", "lacks read on payments/metadata/"),
        ("sys/capabilities-self", "skipped", "may not read that"),
    ],
)
def test_a_token_with_the_rights_that_the_documentation_lists_is_enough(
    on_vault: Check,
    token_with: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
    dropped: str,
    state: str,
    seen: str,
) -> None:
    page = (ROOT / "docs" / "vault.md").read_text()
    rules = page.partition("```hcl\n")[2].partition("```")[0].splitlines()
    kept = [line for line in rules if not dropped or f'path "{dropped}"' not in line]
    monkeypatch.setenv("VAULT_TOKEN", token_with("\n".join(kept)))

    def documented(config: Config) -> None:
        backend(mount={"path": "payments", "create": True}, auth={"path": "kubernetes-dev"})(config)
        config["strongroom:seeds"] = {
            "db-pass": {"username": {"generate": {}}, "password": {"generate": {}}},
            "payment-api": {"key": {"generate": {}}},
            "ledger": {"token": {"generate": {}}},
        }

    found = on_vault(documented)
    assert seen in states(found, state)["rights"]
    assert "token" in states(found, "ok")
    if not dropped:
        assert states(found, "failed") == states(found, "skipped") == {}


def test_a_token_that_may_not_look_itself_up_is_not_called_unknown(
    on_vault: Check, token_with: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAULT_TOKEN", token_with('path "sys/mounts" { capabilities = ["read"] }'))

    assert "may not look itself up" in states(on_vault(), "skipped")["token"]


def test_a_sealed_vault_is_reported(on_vault: Check, engine: hvac.Client, world: Sandbox) -> None:
    engine.sys.seal()
    try:
        assert "is sealed" in states(on_vault(), "failed")["store"]
    finally:
        world.up()


def test_a_vault_name_that_is_somebody_elses_is_reported(on_azure: Check, store: Store) -> None:
    assert states(on_azure(), "failed") == {}
    with vault(store, "kv-checked"):
        assert "'kv-checked' is taken" in states(on_azure(), "failed")["vault name"]


def test_objects_of_a_vault_that_exists_are_looked_for_without_their_values(
    on_azure: Check, store: Store, world: Sandbox
) -> None:
    def existing(config: Config) -> None:
        config["strongroom:backend"]["vault"] = {"name": "kv-checked", "create": False}
        del config["strongroom:seeds"]

    assert states(on_azure(existing), "failed") == {"store": "there is no vault at https://kv-checked.vault.azure.net"}
    with vault(store, "kv-checked") as (resource, plane):
        for name in ("db-pass-username", "db-pass-password", "payment-api-key"):
            plane.set_secret(name, {"value": CANARY})
        plane.set_secret("ledger-token", {"value": CANARY, "attributes": {"enabled": False}})
        assert {each.state for each in on_azure(existing) if each.name == "object"} == {"skipped"}

        assign(store, world, resource["id"], READER)
        found = on_azure(existing)
        assert states(found, "failed") == {"object": "secret ledger-token is disabled"}
        store.remove_object("kv-checked", "secrets", "payment-api-key")
        assert sorted(each.seen for each in on_azure(existing) if each.state == "failed") == [
            "https://kv-checked.vault.azure.net has no secret payment-api-key",
            "secret ledger-token is disabled",
        ]
    with pytest.MonkeyPatch.context() as patch:
        for name in ("ARM_CLIENT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID"):
            patch.delenv(name, raising=False)
        assert {each.state for each in on_azure(existing) if each.name == "object"} == {"skipped"}


@pytest.fixture
def theirs(world: Sandbox) -> Iterator[dict[str, str]]:
    """A namespace of another team's, with a class, an account and a Deployment of a workload's name."""
    core, labels = world.api_server.core(), {"owner": "another-team"}
    metadata = {"name": "orders", "labels": labels}
    core.create_namespace({"metadata": {"name": "checked-shop", "labels": labels}})
    core.create_namespaced_service_account("checked-shop", {"metadata": metadata})
    spec = {"containers": [{"name": "web", "image": "busybox:1.36"}]}
    template = {"metadata": {"labels": labels}, "spec": spec}
    deployment = {
        "metadata": metadata,
        "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": template},
    }
    k8s.AppsV1Api(core.api_client).create_namespaced_deployment("checked-shop", deployment)
    provider_class = {
        "apiVersion": "secrets-store.csi.x-k8s.io/v1",
        "kind": "SecretProviderClass",
        "metadata": metadata,
        "spec": {"provider": "vault", "parameters": {}},
    }
    k8s.CustomObjectsApi(core.api_client).create_namespaced_custom_object(
        "secrets-store.csi.x-k8s.io", "v1", "checked-shop", "secretproviderclasses", provider_class
    )
    yield labels
    core.delete_namespace("checked-shop")
    poll_until(lambda: "checked-shop" not in {each.metadata.name for each in core.list_namespace().items})


def broken(found: list[Finding], name: str) -> dict[str, str]:
    return {each.seen: each.fix for each in found if each.state == "failed" and each.name == name}


@pytest.mark.usefixtures("theirs")
def test_what_another_team_has_in_the_cluster_is_named_before_it_is_touched(
    on_vault: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = broken(on_vault(), "names in the cluster")

    assert [seen.partition(" (")[0] for seen in sorted(found)] == [
        "Deployment checked-shop/orders",
        "SecretProviderClass checked-shop/orders",
        "namespace checked-shop",
        "service account checked-shop/orders",
    ]
    assert all(seen.endswith("exists, and is not this stack's own") for seen in found)
    (advice,) = [fix for seen, fix in found.items() if seen.startswith("namespace")]
    assert "add checked-shop to kubernetes.existingNamespaces" in advice

    monkeypatch.setattr(
        "strongroom.ops.check.run.list_owned",
        lambda _: Owned(frozenset({("kubernetes:core:Namespace", "checked-shop")})),
    )
    assert not any("namespace " in seen for seen in broken(on_vault(), "names in the cluster"))
    monkeypatch.setattr("strongroom.ops.check.run.list_owned", lambda _: Owned(unknown="no state"))
    reported = [each for each in on_vault() if each.name == "names in the cluster"]
    assert {each.state for each in reported} == {"skipped"}
    assert all("is not known: no state" in each.seen for each in reported)
    monkeypatch.setattr("strongroom.ops.check.run.list_owned", lambda _: Owned())
    monkeypatch.setenv("PULUMI_K8S_UPSERT_EXISTING_OBJECTS", "true")
    assert {each.state for each in on_vault() if each.name == "names in the cluster"} == {"warning"}


@pytest.mark.usefixtures("theirs")
def test_a_patch_is_tried_on_its_owners_object_and_changes_nothing(world: Sandbox) -> None:
    reader = ClusterReader(OpsCluster(kubeconfig=str(world.api_server.kubeconfig), context=None))

    def patch(name: str, spec: Config) -> Declared:
        metadata = {"name": name, "namespace": "checked-shop", "annotations": {"pulumi.com/patchFieldManager": "ours"}}
        properties = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}
        return Declared("kubernetes:apps/v1:DeploymentPatch", f"urn:pulumi:dev::s::x::{name}", properties)

    pod = {"containers": [{"name": "web", "env": [{"name": "A", "value": CANARY}]}]}
    before = reader.get("it", "/apis/apps/v1/namespaces/checked-shop/deployments/orders")
    taken, free, wrong, gone = check_patches(
        reader,
        [
            patch("orders", {"replicas": 3}),
            patch("orders", {"template": {"spec": pod}}),
            patch("orders", {"template": {"spec": {"containers": [{"name": CANARY}]}}}),
            patch("absent", {}),
        ],
    )
    assert "others manage: .spec.replicas (conflict with" in taken.seen
    assert (free.state, free.seen) == ("ok", "Deployment checked-shop/orders takes orders")
    assert "spec.template.spec.containers[1].image (FieldValueRequired)" in wrong.seen
    assert "Deployment checked-shop/absent, which the cluster lacks" in gone.seen
    assert {each.state for each in (taken, wrong, gone)} == {"failed"}
    assert CANARY not in str([taken, free, wrong, gone])
    after = reader.get("it", "/apis/apps/v1/namespaces/checked-shop/deployments/orders")
    assert (after["spec"], after["metadata"]["generation"]) == (before["spec"], before["metadata"]["generation"])


@pytest.mark.usefixtures("theirs")
def test_a_namespace_that_is_left_to_its_owner_is_no_obstacle(on_vault: Check) -> None:
    def leave(config: Config) -> None:
        config["strongroom:kubernetes"]["existingNamespaces"] = ["checked-shop"]

    assert not any(seen.startswith("namespace") for seen in broken(on_vault(leave), "names in the cluster"))


def test_what_a_vault_has_already_is_named_before_it_is_overwritten(on_vault: Check, engine: hvac.Client) -> None:
    def seed(config: Config) -> None:
        backend(mount={"path": MOUNT, "create": True}, auth={"path": MOUNT})(config)
        config["strongroom:seeds"] = {
            "db-pass": {"username": {"generate": {}}, "password": {"generate": {}}},
            "payment-api": {"key": {"generate": {}}},
            "ledger": {"token": {"generate": {}}},
        }

    try:
        engine.sys.create_or_update_policy(f"{MOUNT}.checked-shop.orders", 'path "a" { capabilities = ["read"] }')
        engine.auth.kubernetes.create_role("checked-shop.orders", ["x"], ["y"], mount_point=MOUNT)
        found = broken(on_vault(seed), "names in the store")
        assert {seen.removesuffix(" exists, and is not this stack's own") for seen in found} == {
            f"the engine {MOUNT} (kv)",
            f"the auth method {MOUNT} (kubernetes)",
            f"the policy {MOUNT}.checked-shop.orders",
            f"the role checked-shop.orders of {MOUNT}",
            f"the object {MOUNT}/db-pass",
            f"the object {MOUNT}/payment-api",
            f"the object {MOUNT}/ledger",
        }
        assert any("backend.mount.create: false" in fix for fix in found.values())
        assert any("backend.auth.create: false" in fix for fix in found.values())
        assert any("leave it out of strongroom:seeds" in fix for fix in found.values())
        taken = set(broken(on_vault(), "names in the store"))
        assert {seen.split(" ")[1] for seen in taken} == {"policy", "role"}
    finally:
        engine.sys.delete_policy(f"{MOUNT}.checked-shop.orders")
        engine.auth.kubernetes.delete_role("checked-shop.orders", mount_point=MOUNT)


def test_a_key_vaults_objects_that_exist_or_were_deleted_softly_are_named(
    on_azure: Check, store: Store, world: Sandbox
) -> None:
    def existing(config: Config) -> None:
        config["strongroom:backend"]["vault"] = {"name": "kv-checked", "create": False}

    with vault(store, "kv-checked") as (resource, plane):
        assign(store, world, resource["id"], OFFICER)
        assert broken(on_azure(existing), "names in the store") == {}
        for name in ("payment-api-key", "ledger-token"):
            plane.set_secret(name, {"value": CANARY})
        plane.delete("secrets", "ledger-token")
        found = broken(on_azure(existing), "names in the store")
        assert {seen.removesuffix(" exists, and is not this stack's own") for seen in found} == {
            "secret kv-checked/payment-api-key",
            "secret kv-checked/ledger-token, deleted and recoverable,",
        }
        (advice,) = [fix for seen, fix in found.items() if "recoverable" in seen]
        assert "az keyvault secret purge --vault-name kv-checked --name ledger-token" in advice
        assert "az keyvault secret recover --vault-name kv-checked --name ledger-token" in advice


@pytest.mark.parametrize("wrong", [f"{ISSUER}/", "https://elsewhere.example.net"])
def test_an_issuer_that_is_not_the_clusters_to_the_letter_is_reported(on_azure: Check, wrong: str) -> None:
    def change(config: Config) -> None:
        config["strongroom:kubernetes"]["oidcIssuer"] = wrong

    (fix,) = broken(on_azure(change), "issuer").values()
    assert fix == f"set kubernetes.oidcIssuer: {ISSUER}"
    assert states(on_azure(), "ok")["issuer"] == "kubernetes.oidcIssuer is the cluster's"


@contextmanager
def vault(store: Store, name: str) -> Iterator[tuple[dict[str, Any], Vault]]:
    """A vault that somebody else has made, and what is in it."""
    id_ = f"/subscriptions/x/resourceGroups/y/providers/Microsoft.KeyVault/vaults/{name}"
    resource = {"id": id_, "name": name, "properties": {"enableRbacAuthorization": True}}
    store.put(id_, VAULTS, resource)
    try:
        yield resource, Vault(store, resource, CLOUDS[0].vaults)
    finally:
        store.remove_object(name)
        store.remove(id_)


def assign(store: Store, world: Sandbox, vault_id: str, role: str) -> None:
    """Give the deployer a role at a vault."""
    caller = store.resource(f"/applications/{world.azure.operator()['AZURE_CLIENT_ID']}")
    assert caller is not None
    assignment = f"{vault_id}/providers/Microsoft.Authorization/roleAssignments/checked"
    granted = {"principalId": caller["principalId"], "roleDefinitionId": role, "scope": vault_id}
    store.put(assignment, ASSIGNMENTS, {"id": assignment, "properties": granted})
    settle()


def test_the_command_exits_with_1_where_something_is_broken(
    on_vault: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRONGROOM_WORKSPACE", str(tmp_path / "local"))
    on_vault()
    reported = CliRunner().invoke(app, ["check", "--stack", "local"])
    assert (reported.exit_code, "Nothing failed" in reported.output) == (0, True), reported.output
    on_vault(secret(key="other"))
    reported = CliRunner().invoke(app, ["check", "--stack", "local", "--json"])
    assert reported.exit_code == 1
    assert [each["name"] for each in json.loads(reported.output) if each["state"] == "failed"] == ["object"]
