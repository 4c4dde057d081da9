"""Each link of the chain, broken for real: doctor stops there and says how to mend it."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import hvac
import pytest
import yaml
from kubernetes.client.exceptions import ApiException
from typer.testing import CliRunner

from sandbox.running import Sandbox
from strongroom.components.kubernetes.csi_volume import ADDON, DRIVER
from strongroom.ops.app import app
from strongroom.ops.pulumi.stack import Cluster as Reached
from strongroom.ops.pulumi.stack import DeployedStack
from tests.integration.doctored import EXCHANGE, faults, goes_on, seen, stops, whole
from tests.integration.driver import CLASSES, NAMESPACE, Cluster, driver_pod, provider_pod
from tests.support.polling import poll_until
from tests.support.sandboxed import Project

pytestmark = pytest.mark.integration

MOUNT = "strongroom"
AT_VAULT = ("store", "identity", "role", "policy", "object", "version")

Breaking = AbstractContextManager[None]


@pytest.fixture(scope="module")
def on_vault(project: Project, cluster: Cluster) -> DeployedStack:
    return project.read()


@pytest.fixture(scope="module")
def vault(world: Sandbox) -> hvac.Client:
    return world.vault.client()


@pytest.fixture(autouse=True)
def without_token(found: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most who ask `doctor` have no token of Vault; `operator` is who has one."""
    monkeypatch.delenv("VAULT_TOKEN")


@pytest.fixture(autouse=True)
def alive(cluster: Cluster) -> None:
    cluster.ready()


@pytest.fixture
def operator(world: Sandbox, without_token: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user who runs doctor may read Vault's roles."""
    monkeypatch.setenv("VAULT_TOKEN", world.vault.token)


def test_a_whole_chain_is_ok_for_every_workload(on_vault: DeployedStack) -> None:
    for workload in on_vault.workloads:
        found = seen(on_vault, workload.path)
        assert whole(found), found.checks
        assert [link.name for link in found.checks] == [
            *("driver", "provider", "class", "volume", "service account", "audience"),
            *("store", "identity", "role", "policy", "object", "version", "sync", "mount"),
        ]


@contextmanager
def without_driver(cluster: Cluster) -> Iterator[None]:
    cluster.storage.delete_csi_driver(DRIVER)
    try:
        yield
    finally:
        cluster.driver("vault", EXCHANGE)


@contextmanager
def unready(cluster: Cluster, name: str) -> Iterator[None]:
    cluster.unready(name)
    try:
        yield
    finally:
        cluster.ready()


@contextmanager
def beside(cluster: Cluster) -> Iterator[None]:
    """The AKS add-on's driver, beside the one that is there."""
    cluster.daemon_set(ADDON, driver_pod(), {})
    try:
        yield
    finally:
        cluster.apps.delete_namespaced_daemon_set(ADDON, NAMESPACE)


@contextmanager
def replaced(cluster: Cluster, name: str, pod: dict[str, Any] | None) -> Iterator[None]:
    """The provider is gone, or another."""
    cluster.apps.delete_namespaced_daemon_set(name, NAMESPACE)
    if pod is not None:
        cluster.daemon_set(name, pod)
        cluster.ready()
    try:
        yield
    finally:
        if pod is not None:
            cluster.apps.delete_namespaced_daemon_set(name, NAMESPACE)
        cluster.daemon_set(name, provider_pod("vault"))
        cluster.ready()


@pytest.mark.parametrize(
    ("breaking", "link", "reported"),
    [
        (without_driver, "driver", [f"no CSIDriver {DRIVER}", "kubernetes.install"]),
        (lambda c: unready(c, "secrets-store"), "driver", ["ready on 0 of 1 nodes", "kubectl describe daemonset"]),
        (beside, "driver", ["two drivers", "(the AKS add-on's)", "(release kube-system/csi)", "keep one"]),
        (
            lambda c: replaced(c, "secrets-store-vault-csi-provider", None),
            "provider",
            ["no provider 'vault'", "kubernetes.providers"],
        ),
        (
            lambda c: replaced(c, "secrets-store-vault-csi-provider", provider_pod("vault", "/run/elsewhere")),
            "provider",
            ["socket in /run/elsewhere", "the driver looks in", "providersDir"],
        ),
        (lambda c: unready(c, "secrets-store-vault-csi-provider"), "provider", ["ready on 0 of 1 nodes"]),
        (lambda c: c.without_class("shop", "orders"), "class", ["there is no SecretProviderClass", "pulumi up"]),
        (lambda c: c.without_account("shop", "orders"), "service account", ["there is no service account shop/orders"]),
    ],
)
def test_it_stops_where_the_clusters_part_is_broken(
    on_vault: DeployedStack, cluster: Cluster, breaking: Callable[[Cluster], Breaking], link: str, reported: list[str]
) -> None:
    with breaking(cluster):
        found = seen(on_vault, "shop/orders")
        stops(found, link, *reported)
        if link == "driver":
            goes_on(found, "provider", "class", "volume", "service account", *AT_VAULT)
        if link == "provider":
            goes_on(found, "driver", "class", "volume", "service account", "audience", *AT_VAULT, "sync")
    assert whole(seen(on_vault, "shop/orders"))


def test_without_a_kubelet_the_drivers_links_are_not_tried_and_the_stores_are(
    on_vault: DeployedStack, cluster: Cluster
) -> None:
    with cluster.without_node():
        found = seen(on_vault, "shop/orders")
    goes_on(found, "class", "volume", "service account", *AT_VAULT)
    assert found.first_failed is None
    reported = {link.seen for link in found.checks if link.name in {"driver", "provider", "audience"}}
    assert len(reported) == 1 and reported.pop().startswith("no kubelet here")


def test_a_provider_without_the_ca_of_the_class_is_warned_of(on_vault: DeployedStack, cluster: Cluster) -> None:
    with replaced(cluster, "secrets-store-vault-csi-provider", provider_pod("vault", ca=False)):
        (warned,) = faults(seen(on_vault, "shop/orders"))
    assert (warned.name, warned.state) == ("class", "warning")
    assert "vaultCACertPath /vault/tls/ca.crt" in warned.seen
    assert "backend.providerCaPath" in warned.fix


def provider(spec: dict[str, Any]) -> None:
    spec["provider"] = "azure"


def nothing(spec: dict[str, Any]) -> None:
    spec["parameters"]["objects"] = "[]"


def nonsense(spec: dict[str, Any]) -> None:
    spec["parameters"]["objects"] = "- {"


def another_role(spec: dict[str, Any]) -> None:
    spec["parameters"]["roleName"] = "shop.checkout"


def another_ca(spec: dict[str, Any]) -> None:
    spec["parameters"]["vaultCACertPath"] = "/nowhere/ca.crt"


def no_ca(spec: dict[str, Any]) -> None:
    del spec["parameters"]["vaultCACertPath"]


def no_check(spec: dict[str, Any]) -> None:
    spec["parameters"]["vaultSkipTLSVerify"] = "true"


def alias(spec: dict[str, Any]) -> None:
    spec["secretObjects"][0]["data"][0]["objectName"] = "db-pass"


@pytest.mark.parametrize(
    ("edit", "reported"),
    [
        (provider, "has the provider 'azure', and 'vault' is deployed"),
        (nothing, "lacks the files db-password, db-username"),
        (nonsense, "has objects that can't be parsed"),
        (another_role, "has roleName shop.checkout, and shop.orders was deployed"),
        (another_ca, "has vaultCACertPath /nowhere/ca.crt, and /vault/tls/ca.crt was deployed"),
        (no_ca, "has vaultCACertPath unset, and /vault/tls/ca.crt was deployed"),
        (no_check, "has vaultSkipTLSVerify true, and none was deployed"),
        (alias, "copies db-pass to a Kubernetes Secret, which are no files of the mount"),
    ],
)
def test_it_stops_at_a_class_that_was_edited_by_hand(
    on_vault: DeployedStack, cluster: Cluster, edit: Callable[[dict[str, Any]], None], reported: str
) -> None:
    with cluster.edited_class("shop", "orders", edit):
        found = seen(on_vault, "shop/orders")
        stops(found, "class", reported, "pulumi refresh")
        goes_on(found, "driver", "provider", "service account", "store")


@pytest.mark.parametrize(
    ("edit", "link", "reported"),
    [
        ({"volumes": [{"name": "secrets-store", "csi": {"driver": DRIVER, "readOnly": False}}]}, "volume", "readOnly"),
        (
            {"serviceAccountName": "default", "serviceAccount": "default"},
            "service account",
            "runs as the service account default",
        ),
    ],
)
def test_it_stops_at_pods_that_were_edited_by_hand(
    on_vault: DeployedStack, cluster: Cluster, edit: dict[str, Any], link: str, reported: str
) -> None:
    before = cluster.apps.read_namespaced_deployment("orders", "shop")
    cluster.apps.patch_namespaced_deployment("orders", "shop", {"spec": {"template": {"spec": edit}}})
    try:
        stops(seen(on_vault, "shop/orders"), link, reported)
    finally:
        # Its controller writes a status at any moment: without a version, this is not refused for that.
        before.metadata.resource_version = None
        cluster.apps.replace_namespaced_deployment("orders", "shop", before)


def test_without_token_requests_vaults_provider_makes_tokens_itself_where_it_may(
    on_vault: DeployedStack, cluster: Cluster
) -> None:
    cluster.driver(EXCHANGE)
    name = "doctor-vault-provider"
    binding = cluster.rbac.read_cluster_role_binding(name)
    try:
        found = seen(on_vault, "shop/orders")
        (warned,) = faults(found)
        assert (warned.name, warned.state) == ("audience", "warning")
        assert "Vault's provider creates one itself" in warned.seen
        cluster.rbac.delete_cluster_role_binding(name)
        stops(seen(on_vault, "shop/orders"), "audience", f"tokens for {EXCHANGE}, and vault is needed", "tokenRequests")
    finally:
        with suppress(ApiException):
            cluster.rbac.delete_cluster_role_binding(name)
        binding.metadata.resource_version = binding.metadata.uid = None
        cluster.rbac.create_cluster_role_binding(binding)
        cluster.driver("vault", EXCHANGE)


@contextmanager
def role(vault: hvac.Client, name: str, **change: Any) -> Iterator[None]:
    """Somebody changes a role, for a while; or deletes it."""
    path = f"/v1/auth/kubernetes/role/{name}"
    before = vault.adapter.get(path)["data"]
    if change:
        vault.adapter.post(path, json={**before, **change})
    else:
        vault.adapter.delete(path)
    try:
        yield
    finally:
        vault.adapter.post(path, json=before)


@pytest.mark.parametrize("who", ["the one who may read roles", "anybody"])
def test_it_stops_at_a_role_of_another_audience(
    on_vault: DeployedStack, vault: hvac.Client, who: str, request: pytest.FixtureRequest
) -> None:
    if who != "anybody":
        request.getfixturevalue("operator")
    with role(vault, "shop.orders", audience="elsewhere"):
        named = "requires the audience elsewhere" if who != "anybody" else "requires another audience than vault"
        stops(seen(on_vault, "shop/orders"), "audience", named, "backend.audience")


def test_it_stops_at_a_missing_role(on_vault: DeployedStack, vault: hvac.Client) -> None:
    with role(vault, "shop.orders"):
        stops(seen(on_vault, "shop/orders"), "identity", "auth/kubernetes has no role shop.orders", "pulumi up")


@pytest.mark.parametrize(
    ("change", "reported"),
    [
        ({"bound_service_account_names": ["checkout"]}, "It allows the service accounts checkout"),
        ({"bound_service_account_namespaces": ["bank"]}, "It allows the namespaces bank"),
    ],
)
def test_it_stops_at_a_role_of_other_accounts(
    on_vault: DeployedStack, vault: hvac.Client, operator: None, change: dict[str, Any], reported: str
) -> None:
    with role(vault, "shop.orders", **change):
        stops(seen(on_vault, "shop/orders"), "role", reported, "not authorized", "pulumi refresh")


def test_a_reviewer_that_the_api_server_refuses_is_reported_from_a_role(
    on_vault: DeployedStack, vault: hvac.Client, cluster: Cluster, operator: None
) -> None:
    name = "vault-token-reviewer-kubernetes"
    binding = cluster.rbac.read_cluster_role_binding(name)
    cluster.rbac.delete_cluster_role_binding(name)
    try:
        stops(
            seen(on_vault, "shop/orders"),
            "role",
            "The role is as it was deployed, so Vault could not review the token",
            "system:auth-delegator",
        )
    finally:
        binding.metadata.resource_version = binding.metadata.uid = None
        cluster.rbac.create_cluster_role_binding(binding)
    poll_until(lambda: whole(seen(on_vault, "shop/orders")))  # RBAC takes a moment to take effect


def test_it_stops_at_a_policy_that_was_narrowed(on_vault: DeployedStack, vault: hvac.Client) -> None:
    name = "kubernetes.shop.orders"
    before = vault.sys.read_acl_policy(name)["data"]["policy"]
    vault.sys.create_or_update_acl_policy(name, 'path "strongroom/data/other" { capabilities = ["read"] }')
    try:
        stops(seen(on_vault, "shop/orders"), "policy", "strongroom/data/db-pass: permission denied", f"policy {name}")
    finally:
        vault.sys.create_or_update_acl_policy(name, before)


@contextmanager
def changed(vault: hvac.Client, change: Callable[[Any], object]) -> Iterator[None]:
    """Somebody changes payment-api, for a while."""
    kv = vault.secrets.kv.v2
    held = kv.read_secret_version("payment-api", mount_point=MOUNT, raise_on_deleted_version=True)["data"]["data"]
    change(kv)
    try:
        yield
    finally:
        kv.create_or_update_secret("payment-api", held, mount_point=MOUNT)


@pytest.mark.parametrize(
    ("change", "link", "reported"),
    [
        (
            lambda kv: kv.delete_metadata_and_all_versions("payment-api", mount_point=MOUNT),
            "object",
            ["strongroom/data/payment-api: there is no such object", "vault kv put"],
        ),
        (
            lambda kv: kv.create_or_update_secret("payment-api", {"other": "x"}, mount_point=MOUNT),
            "object",
            ["there is no key key"],
        ),
        (
            lambda kv: kv.delete_latest_version_of_secret("payment-api", mount_point=MOUNT),
            "version",
            ["is deleted", "vault kv undelete"],
        ),
        (
            lambda kv: kv.destroy_secret_versions(
                "payment-api",
                [kv.read_secret_metadata("payment-api", mount_point=MOUNT)["data"]["current_version"]],
                mount_point=MOUNT,
            ),
            "version",
            ["is destroyed", "write a new version"],
        ),
    ],
    ids=["object", "key", "deleted", "destroyed"],
)
def test_it_stops_at_what_the_store_has_not(
    on_vault: DeployedStack, vault: hvac.Client, change: Callable[[Any], object], link: str, reported: list[str]
) -> None:
    with changed(vault, change):
        stops(seen(on_vault, "checkout"), link, *reported)
    assert whole(seen(on_vault, "checkout"))


def test_it_stops_where_the_driver_may_not_copy(on_vault: DeployedStack, cluster: Cluster) -> None:
    binding = cluster.rbac.read_cluster_role_binding("doctor-secrets-store")
    cluster.rbac.delete_cluster_role_binding("doctor-secrets-store")
    try:
        stops(
            seen(on_vault, "shop/orders"), "sync", "may not write Secrets in shop", "orders-env", "syncSecret.enabled"
        )
        assert whole(seen(on_vault, "shop/checkout"))  # has no variables
    finally:
        binding.metadata.resource_version = binding.metadata.uid = None
        cluster.rbac.create_cluster_role_binding(binding)


@contextmanager
def made_secret(cluster: Cluster, name: str, owner: str) -> Iterator[None]:
    """A Kubernetes Secret as the driver makes it, of a ReplicaSet of the Deployment `owner`."""
    sets = cluster.apps.list_namespaced_replica_set("shop", label_selector=f"app.kubernetes.io/name={owner}").items
    metadata = {
        "name": name,
        "labels": {"secrets-store.csi.k8s.io/managed": "true"},
        "ownerReferences": [
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": sets[0].metadata.name, "uid": sets[0].metadata.uid}
        ],
    }
    cluster.core.create_namespaced_secret("shop", {"metadata": metadata, "stringData": {"x": "a-canary-of-a-value"}})
    try:
        yield
    finally:
        cluster.core.delete_namespaced_secret(name, "shop")


@pytest.mark.parametrize("workload", ["checkout", "orders"])
def test_a_secret_that_the_class_names_no_longer_is_found_with_the_command_to_remove_it(
    on_vault: DeployedStack, cluster: Cluster, workload: str
) -> None:
    with made_secret(cluster, "an-older-name", workload), made_secret(cluster, "orders-env", "orders"):
        (warned,) = faults(seen(on_vault, f"shop/{workload}"))
        assert (warned.name, warned.state) == ("sync", "warning")
        assert "shop/an-older-name" in warned.seen and "orders-env" not in warned.seen
        assert warned.fix.endswith("kubectl delete secret -n shop an-older-name")
        assert whole(seen(on_vault, "bank/ledger"))
        reported = CliRunner().invoke(app, ["doctor", "--stack", "local", "--workload", workload, "--json"])
        assert "a-canary-of-a-value" not in reported.output


@contextmanager
def ready_pod(cluster: Cluster, since: datetime, mounted: str | None) -> Iterator[None]:
    """The ledger runs, ready since then, and the driver has noted a mount of that class for it."""
    place = (*CLASSES, "bank", "secretproviderclasspodstatuses")
    conditions = [{"type": "Ready", "status": "True", "lastTransitionTime": since.isoformat()}]
    cluster.core.patch_namespaced_pod_status("ledger", "bank", {"status": {"conditions": conditions}})
    if mounted:
        body = {
            "apiVersion": "/".join(CLASSES),
            "kind": "SecretProviderClassPodStatus",
            "metadata": {"name": "ledger-bank-ledger"},
            "status": {"podName": "ledger", "secretProviderClassName": mounted, "mounted": True},
        }
        cluster.custom.create_namespaced_custom_object(*place, body)
    try:
        yield
    finally:
        conditions[0]["status"] = "False"
        cluster.core.patch_namespaced_pod_status("ledger", "bank", {"status": {"conditions": conditions}})
        if mounted:
            cluster.custom.delete_namespaced_custom_object(*place, "ledger-bank-ledger")


def test_a_ready_pod_has_its_mount(on_vault: DeployedStack, cluster: Cluster) -> None:
    with ready_pod(cluster, datetime.now(UTC), "ledger"):
        found = seen(on_vault, "bank/ledger")
    assert found.checks[-1].seen.startswith("1 of 1 ready pods have their files")
    assert all(link.state == "ok" for link in found.checks)


@pytest.mark.parametrize("mounted", [None, "another-class"])
def test_a_pod_that_became_ready_without_its_mount_is_found(
    on_vault: DeployedStack, cluster: Cluster, mounted: str | None
) -> None:
    with ready_pod(cluster, datetime.now(UTC) - timedelta(minutes=9), mounted):
        stops(
            seen(on_vault, "bank/ledger"), "mount", "the driver has mounted nothing", "delete pod -n bank ledger", "2m"
        )


def test_a_driver_that_polls_too_seldom_is_warned_of(on_vault: DeployedStack, cluster: Cluster) -> None:
    slow = driver_pod()
    slow["containers"][1]["args"].append("--rotation-poll-interval=30m")
    cluster.apps.delete_namespaced_daemon_set("secrets-store", NAMESPACE)
    cluster.daemon_set("secrets-store", slow)
    cluster.ready()
    try:
        (warned,) = faults(seen(on_vault, "bank/ledger"))
    finally:
        cluster.apps.delete_namespaced_daemon_set("secrets-store", NAMESPACE)
        cluster.daemon_set("secrets-store", driver_pod())
        cluster.ready()
    assert (warned.name, warned.state) == ("driver", "warning")
    assert "rotationPollInterval 30m" in warned.seen and "2m or less" in warned.fix


@contextmanager
def events(cluster: Cluster, pod: str, messages: dict[str, tuple[str, datetime]]) -> Iterator[None]:
    """What a kubelet notes of pods in `bank`, by the pod's name; each seven times."""
    for name, (message, moment) in messages.items():
        body = {
            "metadata": {"name": f"{name}.doctor"},
            "involvedObject": {"kind": "Pod", "namespace": "bank", "name": pod if name in {"old", "new"} else name},
            "reason": "FailedMount",
            "type": "Warning",
            "count": 7,
            "lastTimestamp": moment.isoformat(),
            "message": message,
        }
        cluster.core.create_namespaced_event("bank", body)
    try:
        yield
    finally:
        for name in messages:
            cluster.core.delete_namespaced_event(f"{name}.doctor", "bank")


def test_events_of_the_workloads_own_pods_are_explained_and_their_tokens_omitted(
    on_vault: DeployedStack, cluster: Cluster
) -> None:
    token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW0ifQ.c2lnbmF0dXJl"
    now = datetime.now(UTC)
    messages = {
        "new": (f'error connecting to provider "vault": provider not found: provider "vault" {token}', now),
        "ledger-of-somebody-else": ("context deadline exceeded", now),
    }
    with events(cluster, "ledger", messages):
        found = seen(on_vault, "bank/ledger").events
    (event,) = found
    assert (event.name, event.count, event.past) == ("provider not found", 7, False)
    assert event.last == f"{now:%Y-%m-%d %H:%M:%SZ}"
    assert token not in json.dumps(found, default=vars)


def test_an_event_that_the_pod_has_outlived_is_past(on_vault: DeployedStack, cluster: Cluster) -> None:
    now = datetime.now(UTC)
    messages = {"old": ("Vault is sealed", now - timedelta(minutes=9)), "new": ("Readiness probe failed: x", now)}
    conditions = [{"type": "Ready", "status": "True", "lastTransitionTime": (now - timedelta(minutes=5)).isoformat()}]
    with events(cluster, "ledger", messages):
        assert [event.past for event in seen(on_vault, "bank/ledger").events] == [False, False]
        cluster.core.patch_namespaced_pod_status("ledger", "bank", {"status": {"conditions": conditions}})
        try:
            found = seen(on_vault, "bank/ledger").events
            shown = CliRunner().invoke(app, ["doctor", "--stack", "local", "--workload", "ledger"]).output
        finally:
            conditions[0]["status"] = "False"
            cluster.core.patch_namespaced_pod_status("ledger", "bank", {"status": {"conditions": conditions}})
    assert [(event.name, event.past) for event in found] == [("a probe", False), ("sealed Vault", True)]
    assert shown.index("a probe") < shown.index("Past: the pods are ready since") < shown.index("sealed Vault")


def test_the_command_exits_with_1_where_a_link_is_broken_and_prints_no_value(
    on_vault: DeployedStack, cluster: Cluster
) -> None:
    arguments = ["doctor", "--stack", "local", "--workload", "ledger"]
    reported = CliRunner().invoke(app, arguments)
    assert (reported.exit_code, "No check failed" in reported.output) == (0, True)
    with without_driver(cluster):
        reported = CliRunner().invoke(app, [*arguments, "--json"])
        assert reported.exit_code == 1
        assert [link["name"] for link in json.loads(reported.output)["checks"] if link["state"] == "failed"] == [
            "driver"
        ]


def test_a_vault_that_only_the_cluster_reaches_is_not_called_broken(on_vault: DeployedStack, cluster: Cluster) -> None:
    elsewhere = {"address": "https://127.0.0.1:1", "in_cluster": "https://127.0.0.1:1"}
    away = on_vault.model_copy(update={"backend": on_vault.backend.model_copy(update=elsewhere)})

    def moved(spec: dict[str, Any]) -> None:
        spec["parameters"]["vaultAddress"] = "https://127.0.0.1:1"

    with cluster.edited_class("shop", "orders", moved):
        found = seen(away, "shop/orders")
        assert found.first_failed is None
        assert [link.name for link in faults(found)] == [*AT_VAULT]
        assert {link.state for link in faults(found)} == {"skipped"}


def test_who_may_ask_for_less_is_reported_so(on_vault: DeployedStack, cluster: Cluster, tmp_path: Path) -> None:
    """Somebody whom the cluster's administrator lets look at one namespace."""
    body = {"metadata": {"name": "onlooker", "namespace": "shop"}}
    cluster.core.create_namespaced_service_account("shop", body)
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
    subject = {"kind": "ServiceAccount", "name": "onlooker", "namespace": "shop"}
    cluster.rbac.create_namespaced_role_binding("shop", {**body, "roleRef": reference, "subjects": [subject]})
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(cluster.kubeconfig_of("shop", "onlooker")))
    kubeconfig.chmod(0o600)
    try:
        looking = on_vault.model_copy(update={"kubernetes": Reached(kubeconfig=str(kubeconfig))})
        found = seen(looking, "shop/orders")
        assert found.first_failed is None
        assert {link.name for link in found.checks if link.state == "ok"} >= {"store"}
        tried = {link.name: link.seen for link in found.checks if link.state == "skipped"}
        assert "403 Forbidden" in tried["driver"]
    finally:
        cluster.rbac.delete_namespaced_role_binding("onlooker", "shop")
        cluster.core.delete_namespaced_service_account("onlooker", "shop")


def test_a_sealed_vault_is_reported(on_vault: DeployedStack, vault: hvac.Client, world: Sandbox) -> None:
    vault.sys.seal()
    try:
        stops(seen(on_vault, "shop/orders"), "store", "is sealed", "unseal")
    finally:
        world.up()
    assert whole(seen(on_vault, "shop/orders"))
