"""Pods that read their secrets, on a real kubelet, container runtime, driver and providers."""

import base64
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from kubernetes.client.exceptions import ApiException

from sandbox.azure.clouds import CLOUDS
from sandbox.azure.vaults import Vault
from sandbox.node import cgroups
from sandbox.node.requirements import list_missing
from sandbox.world import World
from tests.integration.pods import Pods, SeenFile, digest
from tests.support.polling import poll_until
from tests.support.sandboxed import Project, started, stored

pytestmark = pytest.mark.soak  # building its tools takes minutes

WORKLOADS = {("shop", "orders"): 1, ("shop", "checkout"): 2, ("bank", "ledger"): 1}
"""The workloads of both local stacks, and how many pods each has."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A sandbox with a node, beside that of other tests, whose pods would run on it."""
    state = tmp_path_factory.mktemp("node") / "state"
    if missing := list_missing(state):
        pytest.skip(f"no node can run here: {'; '.join(missing)}")
    before = mounts(), interfaces()
    groups_before = groups()
    with started(state, node=True) as made:
        if not made.has_node:
            pytest.skip("no container runtime can be had here")
        assert (mounts(), interfaces()) == before
        yield made
    assert (mounts(), interfaces(), groups()) == (*before, groups_before)


@pytest.fixture(autouse=True)
def found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `ops` find that sandbox."""
    monkeypatch.setenv("STRONGROOM_SANDBOX", str(world.state))


@pytest.fixture(scope="module")
def pods(world: World) -> Pods:
    return Pods(world)


def mounts() -> set[str]:
    """What is mounted on this machine."""
    return {line.split(maxsplit=4)[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()}


def interfaces() -> set[str]:
    """This machine's network interfaces."""
    return {found.name for found in Path("/sys/class/net").iterdir()}


def groups() -> set[Path]:
    """The control groups of nodes."""
    places = {place for place, _ in cgroups.hierarchies().values()}
    return {found for place in places for found in place.glob("strongroom-*")}


def seen(pods: Pods) -> dict[str, dict[str, SeenFile]]:
    """The files of all workloads, once all their pods are ready: those of one workload have the same."""
    found: dict[str, dict[str, SeenFile]] = {}
    for (namespace, name), count in WORKLOADS.items():
        running = poll_until(lambda of=(namespace, name), n=count: _ready(pods, of, n), 60)
        each, *others = [pods.files(pod) for pod in running]
        assert all(other == each for other in others)
        found[name] = each
    return found


def _ready(pods: Pods, of: tuple[str, str], count: int) -> list[Any]:
    found = pods.of(*of)
    return found if len(found) == count and all(map(pods.ready, found)) else []


def plain(value: str, mode: str = "644") -> SeenFile:
    """A file with a value, as the driver writes it."""
    return SeenFile(digest(value), mode, "0:0")


def test_every_pod_of_local_runs_and_has_its_files_and_no_others(world: World, project: Project, pods: Pods) -> None:
    login, payment, ledger = (stored(world, name) for name in ("db-pass", "payment-api", "ledger"))

    assert seen(pods) == {
        "orders": {"db-username": plain(login["username"]), "db-password": plain(login["password"], "444")},
        "checkout": {"payment-key": plain(payment["key"])},
        "ledger": {"token": plain(ledger["token"])},
    }
    assert project.wrong() == set()


def test_a_value_reaches_its_variable_by_a_secret_that_goes_with_the_workload(
    world: World, project: Project, pods: Pods
) -> None:
    password = stored(world, "db-pass")["password"]
    (pod,) = pods.of("shop", "orders")
    (reference,) = [each.value_from.secret_key_ref for each in pod.spec.containers[0].env]

    def read() -> Any:
        return pods.core.read_namespaced_secret(reference.name, "shop")

    assert base64.b64decode(read().data[reference.key]).decode() == password
    # The driver's second step.
    owners = poll_until(lambda: read().metadata.owner_references)
    assert {owner.kind for owner in owners} == {"ReplicaSet"}
    assert pods.run(pod, 'printf %s "$DB_PASSWORD" | sha256sum').split()[0] == digest(password)


def test_a_new_value_reaches_the_file_and_the_secret_of_a_pod_that_lives_on(
    world: World, deployed: Project, pods: Pods
) -> None:
    (pod,) = pods.of("shop", "orders")
    before = stored(world, "db-pass")
    after = {**before, "password": "another"}
    kv = world.vault.client().secrets.kv.v2
    (reference,) = [each.value_from.secret_key_ref for each in pod.spec.containers[0].env]

    kv.create_or_update_secret("db-pass", after, mount_point="strongroom")
    try:
        poll_until(lambda: pods.files(pod)["db-password"] == plain("another", "444"), 90)
        poll_until(
            lambda: (
                base64.b64decode(pods.core.read_namespaced_secret(reference.name, "shop").data[reference.key])
                == b"another"
            )
        )
        # A variable is what it was when its container was started.
        assert pods.run(pod, 'printf %s "$DB_PASSWORD" | sha256sum').split()[0] == digest(before["password"])
        assert [each.metadata.uid for each in pods.of("shop", "orders")] == [pod.metadata.uid]
    finally:
        kv.create_or_update_secret("db-pass", before, mount_point="strongroom")


def test_encodings_and_versions_of_vaults_objects_reach_their_files(
    world: World, deployed: Project, pods: Pods
) -> None:
    config = deployed.config
    config["strongroom:seeds"]["encoded"] = {key: {"generate": {"length": 16}} for key in ("base64", "hex", "plain")}
    deployed.write(config)
    deployed.changes("up")
    kv = world.vault.client().secrets.kv.v2
    for version in (b"one", b"two"):
        encoded = {"base64": base64.b64encode(version).decode(), "hex": version.hex(), "plain": version.decode()}
        kv.create_or_update_secret("encoded", encoded, mount_point="strongroom")
    ledger = next(each for each in config["strongroom:workloads"] if each["name"] == "ledger")
    ledger["secrets"] = [
        {"name": "base64", "object": "encoded", "key": "base64", "encoding": "base64"},
        {"name": "hex", "object": "encoded", "key": "hex", "encoding": "hex", "filePermission": "0404"},
        {"name": "first", "object": "encoded", "key": "plain", "version": "2"},
    ]
    deployed.write(config)
    deployed.changes("up")
    (pod,) = poll_until(lambda: _ready(pods, ("bank", "ledger"), 1), 60)

    assert pods.files(pod) == {"base64": plain("two"), "hex": plain("two", "404"), "first": plain("one")}
    assert pods.run(pod, "cd /mnt/secrets-store && cat base64 hex first") == "twotwoone"
    assert pods.run(pod, "id -u").strip() != "0"


def test_a_sealed_vault_keeps_new_pods_waiting_until_it_is_opened(world: World, deployed: Project, pods: Pods) -> None:
    one, other = poll_until(lambda: _ready(pods, ("shop", "checkout"), 2), 60)
    before = pods.files(other)

    world.vault.client().sys.seal()
    pods.core.delete_namespaced_pod(one.metadata.name, "shop")
    poll_until(lambda: "* Vault is sealed" in pods.warnings("shop"), 60)

    assert pods.files(other) == before
    assert len(list(filter(pods.ready, pods.of("shop", "checkout")))) == 1
    world.up()
    assert seen(pods)["checkout"] == before


def test_a_pod_without_its_secrets_is_not_ready_and_says_why(world: World, deployed: Project, pods: Pods) -> None:
    (pod,) = pods.of("shop", "orders")
    vault = world.vault.client()
    vault.sys.delete_policy("kubernetes.shop.orders")

    pods.core.delete_namespaced_pod(pod.metadata.name, "shop")
    told = poll_until(lambda: "permission denied" in (text := pods.warnings("shop")) and text)

    assert 'couldn\'t read secret "db-username": error requesting secret: Error making API request.' in told
    assert not any(map(pods.ready, pods.of("shop", "orders")))
    told = deployed.ops("doctor", "--workload", "shop/orders")
    assert (told.returncode, "kubernetes.shop.orders" in told.stdout) == (1, True), told.stdout
    deployed.changes("refresh")
    deployed.changes("up")
    seen(pods)


@pytest.mark.parametrize("name", ["kubelet", "containerd"])
def test_a_daemon_that_dies_comes_back_and_pods_live_on(project: Project, pods: Pods, world: World, name: str) -> None:
    def containers() -> set[str]:
        return {each.container_id for pod in pods.of("shop", "checkout") for each in pod.status.container_statuses}

    before = containers()
    (daemon,) = processes(world, name)

    daemon.kill()
    daemon.wait()
    poll_until(lambda: processes(world, name))
    poll_until(lambda: all(server.healthy for server in world.status()))

    # A kubelet that has just been started knows no pods for a moment.
    poll_until(lambda: seen(pods), ignored=(ApiException,))
    assert containers() == before


def processes(world: World, name: str) -> list[psutil.Process]:
    """The daemons of the node with this name."""
    node = next(server.pid for server in world.status() if server.name == "node")
    found = psutil.Process(node).children(recursive=True)
    return [process for process in found if Path(process.cmdline()[0]).name == name]


def test_a_node_that_is_killed_leaves_no_mount_and_comes_back_with_its_pods(
    world: World, project: Project, pods: Pods
) -> None:
    before = mounts()
    node = next(server.pid for server in world.status() if server.name == "node")
    below = psutil.Process(node).children(recursive=True)

    os.kill(node, signal.SIGKILL)
    psutil.wait_procs(below, 10)

    assert not any(process.is_running() for process in below)
    assert mounts() == before
    world.up()
    assert set(seen(pods)) == {"orders", "checkout", "ledger"}
    assert project.wrong() == set()


def test_every_pod_of_local_azure_runs_and_has_its_files_and_no_others(
    world: World, azure_project: Project, pods: Pods
) -> None:
    values = secrets(world)

    assert seen(pods) == {
        "orders": {
            "db-username": plain(values["db-pass-username"][-1]),
            "db-password": plain(values["db-pass-password"][-1], "444"),
        },
        "checkout": {"payment-key": plain(values["payment-api-key"][-1])},
        "ledger": {"token": plain(values["ledger-token"][-1])},
    }
    assert azure_project.wrong() == set()


def secrets(world: World) -> dict[str, list[str]]:
    """The values of all versions of the vault's secrets."""
    found = world.azure.store.objects("strongroom-local", "secrets")
    return {each["name"]: [version["value"] for version in each["versions"]] for each in found}


def test_each_kind_of_key_vault_object_reaches_its_file(world: World, azure_deployed: Project, pods: Pods) -> None:
    config = azure_deployed.config
    config["strongroom:seeds"]["blob"] = {"generate": {"length": 32, "special": False}}
    config["strongroom:backend"]["keys"] = {"signer": {}}
    config["strongroom:backend"]["certificates"] = {
        "shop-tls": {"subject": "CN=shop.example.net"},
        "shop-pfx": {"subject": "CN=shop.example.net", "contentType": "pfx"},
    }
    ledger = next(each for each in config["strongroom:workloads"] if each["name"] == "ledger")
    ledger["secrets"] += [
        {"name": "decoded", "object": "blob", "encoding": "base64"},
        {"name": "tls.pem", "object": "shop-tls", "format": "pem"},
        {"name": "tls.pfx", "object": "shop-pfx", "format": "pfx"},
        {"name": "tls.crt", "object": "shop-tls", "type": "cert"},
        {"name": "signer.pem", "object": "signer", "type": "key"},
    ]
    azure_deployed.write(config)
    azure_deployed.changes("up")
    (pod,) = poll_until(lambda: _ready(pods, ("bank", "ledger"), 1), 60)

    found = pods.files(pod)
    assert sorted(found) == ["decoded", "signer.pem", "tls.crt", "tls.pem", "tls.pfx", "token"]
    assert pods.content(pod, "decoded") == base64.b64decode(secrets(world)["blob"][-1])
    certificate = x509.load_pem_x509_certificate(pods.content(pod, "tls.crt"))
    pem = pods.content(pod, "tls.pem")
    private = serialization.load_pem_private_key(pem, None)
    assert x509.load_pem_x509_certificate(pem) == certificate
    assert private.public_key() == certificate.public_key()
    private, bundled, _ = pkcs12.load_key_and_certificates(pods.content(pod, "tls.pfx"), None)
    assert private and bundled and private.public_key() == bundled.public_key() != certificate.public_key()
    assert serialization.load_pem_public_key(pods.content(pod, "signer.pem"))
    assert azure_deployed.wrong() == set()


def test_the_versions_of_a_history_are_files_of_their_own(world: World, azure_deployed: Project, pods: Pods) -> None:
    config = azure_deployed.config
    ledger = next(each for each in config["strongroom:workloads"] if each["name"] == "ledger")
    ledger["secrets"][0]["versionHistory"] = 2
    azure_deployed.write(config)
    azure_deployed.changes("up")
    (pod,) = poll_until(lambda: _ready(pods, ("bank", "ledger"), 1), 60)
    first = secrets(world)["ledger-token"]
    assert pods.files(pod) == {"token/0": plain(first[-1])}

    resource = world.azure.store.resources("Microsoft.KeyVault/vaults")[0]
    vault = Vault(world.azure.store, resource, CLOUDS[0].vaults)
    vault.set_secret("ledger-token", {"value": "another"})

    poll_until(lambda: pods.files(pod) == {"token/0": plain("another"), "token/1": plain(first[-1])}, 90)
