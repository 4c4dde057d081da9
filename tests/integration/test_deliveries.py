"""The same workloads by each delivery that Vault has, and what an injected agent really does."""

import copy
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config

from sandbox.running import Sandbox
from strongroom.ops.pulumi.stack import read_stack
from strongroom.ops.store.base import format_keys
from tests.integration.doctored import seen, stops, whole
from tests.integration.driver import Cluster
from tests.integration.injected import agent
from tests.support.polling import poll_until
from tests.support.sandboxed import Project, stored

pytestmark = pytest.mark.integration

SIDECAR = {"kind": "agent-injector", "mode": "sidecar", "renderInterval": "1s"}


def delivered_by(project: Project, delivery: dict[str, str]) -> dict[str, Any]:
    """The local stack, with every workload delivered in one way; `{name}` in an option is the workload's."""
    settings = copy.deepcopy(project.config)
    for workload in settings["strongroom:workloads"]:
        workload["delivery"] = {key: value.format(**workload) for key, value in delivery.items()}
        if delivery["kind"] == "agent-injector":
            for secret in workload["secrets"]:
                secret.pop("env", None)
    return settings


@pytest.mark.parametrize(
    ("delivery", "promise", "checks"),
    [
        # With `csi`: test_local_stack.
        (
            {"kind": "kubernetes-secret", "secretName": "{name}-for-an-old-application"},
            "its SecretProviderClass copies them to its Secret",
            34,
        ),
        ({"kind": "agent-injector", "mode": "init"}, "its annotations have its files", 31),
    ],
)
def test_the_same_workloads_verify_by_each_delivery(
    deployed: Project, delivery: dict[str, str], promise: str, checks: int
) -> None:
    deployed.write(delivered_by(deployed, delivery))
    deployed.changes("up")
    found = deployed.checks()

    assert [check for check in found if check["passed"] is not True] == []
    assert len(found) > checks
    assert {check["workload"] for check in found if check["what"] == promise} == {
        "shop/orders",
        "shop/checkout",
        "bank/ledger",
    }
    assert deployed.changes("preview") == set()


def test_workloads_share_an_account_that_exists_and_one_has_a_secret_for_others(
    deployed: Project, world: Sandbox
) -> None:
    core = client.CoreV1Api(config.new_client_from_config(str(world.api_server.kubeconfig)))
    core.create_namespaced_service_account(
        "shop", client.V1ServiceAccount(metadata=client.V1ObjectMeta(name="app", labels={"of": "others"}))
    )
    settings = deployed.config
    for workload in settings["strongroom:workloads"][:2]:
        workload["serviceAccount"] = {"name": "app", "create": False}
    login = {"name": "login", "type": "kubernetes.io/basic-auth", "labels": {"of": "orders"}}
    login["data"] = {"username": "db-username", "password": "db-password"}
    orders, checkout, _ = settings["strongroom:workloads"]
    orders["delivery"], checkout["replicas"] = {"kind": "csi", "syncedSecrets": [login]}, "unmanaged"
    deployed.write(settings)
    deployed.changes("up")

    skipped = {(each["workload"], each["what"]) for each in deployed.checks() if each["passed"] is not True}
    assert skipped == {
        ("shop/orders", "its role refuses the service account of shop/checkout"),
        ("shop/checkout", "its role refuses the service account of shop/orders"),
    }
    assert deployed.wrong() == set()
    copies = {each["path"][1]["name"] for each in deployed.access(copies=True) if each["path"][0]["kind"] == "readers"}
    assert copies == {"shop/orders-env", "shop/login"}
    assert {each["what"] for each in deployed.access() if each["who"] == "shop/app"} == {
        "strongroom/data/db-pass",
        "strongroom/data/payment-api",
    }
    warned = {each["name"]: each["seen"] for each in json.loads(deployed.ops("check", "--json").stdout)}
    assert "shop/orders and shop/checkout run as the service account shop/app" in warned["service accounts"]

    apps = client.AppsV1Api(core.api_client)
    apps.patch_namespaced_deployment_scale("checkout", "shop", {"spec": {"replicas": 3}})
    assert deployed.changes("preview") == set()
    checkout["runAsUser"] = 1000
    deployed.write(settings)
    deployed.changes("up")
    scaled: Any = apps.read_namespaced_deployment("checkout", "shop")
    assert (scaled.spec.replicas, scaled.spec.template.spec.security_context.run_as_user) == (3, 1000)
    # Who scaled owns the number, and the stack as written has one.
    apps.delete_namespaced_deployment("checkout", "shop")
    deployed.changes("refresh")

    deployed.deploy_as_written()
    account: Any = core.read_namespaced_service_account("app", "shop")
    assert account.metadata.labels == {"of": "others"}
    core.delete_namespaced_service_account("app", "shop")


@pytest.fixture(scope="module")
def injected(project: Project) -> Iterator[Project]:
    """The local stack, with agents that stay beside their workloads and whose tokens live for seconds."""
    settings = delivered_by(project, SIDECAR)
    (orders, *_) = settings["strongroom:workloads"]
    part = {"object": "db-pass", "key": "document", "optional": True}
    orders["secrets"] += [
        {"name": "all.json", "object": "db-pass", "format": "json"},
        {"name": "document/password", "field": "db.password", **part},
        {"name": "document/port", "field": "db.port", **part},
    ]
    settings["strongroom:backend"]["tokenTtl"] = "4s"
    settings["strongroom:backend"]["tokenMaxTtl"] = "8s"
    project.write(settings)
    project.changes("up")
    yield project
    project.restore()
    project.changes("up")


def test_an_agent_renders_what_vault_holds_and_stays_without_more_rights(
    injected: Project, world: Sandbox, tmp_path: Path
) -> None:
    assert injected.wrong() == set()
    orders, ledger = (
        agent(world, tmp_path / name, space, name) for space, name in [("shop", "orders"), ("bank", "ledger")]
    )

    assert (orders.run(), ledger.run()) == (0, 0)
    held = stored(world, "db-pass")
    assert orders.read("db-username").decode() == held["username"]
    assert orders.read("db-password").decode() == held["password"]
    assert ledger.read("token").decode() == stored(world, "ledger")["token"]
    assert (orders.files / "db-password").stat().st_mode & 0o777 == 0o444
    assert sorted(file.name for file in orders.files.iterdir()) == [
        "all.json",
        "db-password",
        "db-username",
        "document",
    ]
    assert {file.read_bytes() for file in (orders.files / "document").iterdir()} == {b""}

    vault = world.vault.client().secrets.kv.v2
    with orders.beside():
        # Past its token's end, which it may not put off: it logs in again.
        time.sleep(10)
        odd = {**held, "password": 'é<&>"\\/\n\t\b\x01\x7f\u2028'}
        document = {"db": {"password": odd["password"], "port": 10_000_000}}
        odd["document"] = json.dumps(document)
        vault.create_or_update_secret("db-pass", odd, mount_point="strongroom")
        try:
            poll_until(lambda: orders.read("db-password").decode() == odd["password"])
            # Verify compares it by its digest.
            poll_until(lambda: orders.read("all.json") == format_keys(odd))
            poll_until(lambda: orders.read("document/password").decode() == odd["password"])
            poll_until(lambda: orders.read("document/port") == b"10000000")
            # The same, written as it is: `vault kv put` of a file does so.
            written = {**odd, "document": {"db": {**document["db"], "password": "another"}}}
            vault.create_or_update_secret("db-pass", written, mount_point="strongroom")
            poll_until(lambda: orders.read("document/password") == b"another")
        finally:
            vault.create_or_update_secret("db-pass", held, mount_point="strongroom")
        poll_until(lambda: orders.read("db-password").decode() == held["password"])
    assert orders.log().count("authentication successful") > 1
    assert held["password"] not in orders.log()


def test_an_agent_gets_nothing_as_anybody_else(injected: Project, world: Sandbox, tmp_path: Path) -> None:
    for account in ("default", "checkout"):
        stranger = agent(world, tmp_path / account, "shop", "orders", account=account)
        with stranger.beside():
            poll_until(lambda stranger=stranger: "permission denied" in stranger.log() or "Code: 403" in stranger.log())
        assert not stranger.files.exists()


def test_an_agent_says_which_key_is_missing_and_writes_no_file(
    injected: Project, world: Sandbox, tmp_path: Path
) -> None:
    vault = world.vault.client().secrets.kv.v2
    held = stored(world, "payment-api")
    vault.create_or_update_secret("payment-api", {"other": "value"}, mount_point="strongroom")
    try:
        checkout = agent(world, tmp_path / "checkout", "shop", "checkout")
        assert checkout.run() != 0
        assert "there is no key key" in checkout.log()
        assert not (checkout.files / "payment-key").exists()
        assert injected.wrong() == {
            ("shop/checkout", "reads payment-key"),
            ("stack", "the value of payment-api is as deployed"),
        }
    finally:
        vault.create_or_update_secret("payment-api", held, mount_point="strongroom")


def test_annotations_that_were_edited_by_hand_are_found(injected: Project, world: Sandbox) -> None:
    api = client.AppsV1Api(config.new_client_from_config(str(world.api_server.kubeconfig)))
    edit: dict[str, Any] = {
        "vault.hashicorp.com/agent-inject-template-1": '{{ with secret "x" }}{{ .Data }}{{ end }}',
        "vault.hashicorp.com/role": "shop.orders",
    }
    api.patch_namespaced_deployment("checkout", "shop", {"spec": {"template": {"metadata": {"annotations": edit}}}})
    try:
        checks = {(check["workload"], check["what"]): check for check in injected.checks()}
        with Cluster(world).webhook("vault.hashicorp.com", {}):
            stops(
                seen(read_stack("local"), "shop/checkout"), "class", "reads no single key of a secret", "pulumi refresh"
            )
    finally:
        api.delete_namespaced_deployment("checkout", "shop")
        injected.changes("refresh")
        injected.changes("up")
    promise = ("shop/checkout", "its annotations have its files")
    assert {key for key, check in checks.items() if check["passed"] is False} == {
        promise,
        ("shop/checkout", "Deployment shop/checkout is as deployed"),
    }
    assert "agent-inject-template-1, which reads no single key of a secret" in checks[promise]["detail"]
    # Who logs in, and what is read, is what was deployed, and not what the annotations say.
    assert checks["shop/checkout", "reads payment-key"]["passed"] is True
    assert injected.wrong() == set()


def test_doctor_walks_to_an_injected_agents_objects_by_way_of_the_webhook(injected: Project, world: Sandbox) -> None:
    stack, cluster = read_stack("local"), Cluster(world)
    stops(seen(stack, "shop/orders"), "webhook", "no webhook vault.hashicorp.com", "kubernetes.install")
    with cluster.webhook("vault.hashicorp.com", {"strongroom/delivery": "agent-injector"}):
        found = seen(stack, "shop/orders")
        assert whole(found), found.checks
        assert [link.name for link in found.checks] == [
            *("webhook", "class", "service account", "audience"),
            *("store", "identity", "role", "policy", "object", "version"),
        ]
    with cluster.webhook("vault.hashicorp.com", {"strongroom/delivery": "agent-injector"}, ready=False):
        stops(seen(stack, "shop/orders"), "webhook", "no pod of Service kube-system/injector is ready")
    with cluster.webhook("vault.hashicorp.com", {"somebody": "else"}):
        stops(seen(stack, "shop/orders"), "webhook", "pods and namespaces with somebody=else, which shop/orders lacks")
