"""From an empty cluster to workloads that verify: a server by Helm, opened and configured by one `pulumi up`."""

import contextlib
import copy
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from kubernetes import client, config

from sandbox.running import Sandbox
from strongroom.components.vault.bootstrap.file_key_store import FileKeyStore
from tests.support.polling import poll_until
from tests.support.sandboxed import Project

from .vaults import Server, Servers

pytestmark = pytest.mark.integration

CHART = Path(__file__).parents[1] / "charts" / "vault"


class Service:
    """One address that leads to whichever server answers, as a Kubernetes service does."""

    def __init__(self, servers: Servers) -> None:
        self._ports = [urlsplit(node.address).port for node in servers.nodes]
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"https://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        with near, self._connect() as far:
            back = threading.Thread(target=_copy, args=(far, near), daemon=True)
            back.start()
            _copy(near, far)
            back.join()

    def _connect(self) -> socket.socket:
        for port in self._ports:
            with contextlib.suppress(ConnectionError):
                return socket.create_connection(("127.0.0.1", port))
        raise ConnectionError


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(65536):
            target.sendall(chunk)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@pytest.fixture(scope="module")
def pods(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """What the chart's pods would be, had the sandbox a kubelet: three servers that nobody has initialised."""
    servers = Servers(tmp_path_factory.mktemp("pods"), 3)
    try:
        for server in servers.all:
            server.start(join=[other for other in servers.all if other is not server], autopilot=True)
        yield servers
    finally:
        servers.stop()


@pytest.fixture(scope="module")
def service(pods: Servers) -> Iterator[Service]:
    made = Service(pods)
    yield made
    made.close()


@pytest.fixture(scope="module")
def key_store(pods: Servers) -> FileKeyStore:
    return FileKeyStore(str(pods.home / "recovery.json"))


@pytest.fixture(scope="module")
def deployed_vault(
    project: Project, world: Sandbox, pods: Servers, key_store: FileKeyStore, service: Service
) -> Iterator[Project]:
    """The local stack's workloads on a Vault that the stack deploys, from nothing."""
    del service  # the stack is destroyed by it
    project.changes("destroy")
    settings = copy.deepcopy(project.config)
    settings["strongroom:backend"] |= {
        "server": {
            "tls": {
                "kind": "supplied",
                "secret": "vault-certificate",
                "caCertificate": pods.nodes[0].ca_certificate,
            }
        },
        "bootstrap": {
            "keyStore": {"kind": "file", "path": str(key_store.path)},
            "nodes": [node.address for node in pods.nodes],
        },
        # Vault's pods would reach the API server by its service.
        "auth": {
            "kubernetesHost": world.api_server.address,
            "kubernetesCaCertificate": str(world.authority.certificate),
        },
    }
    settings["strongroom:charts"] = {"vault": {"path": str(CHART)}}
    project.write(settings)
    project.changes("up")
    yield project
    project.changes("destroy")
    project.restore()
    project.changes("up")


def test_one_up_deploys_opens_and_configures_it(deployed_vault: Project, world: Sandbox, pods: Servers) -> None:
    api = config.new_client_from_config(str(world.api_server.kubeconfig))
    core, apps = client.CoreV1Api(api), client.AppsV1Api(api)

    # The operator's token is the sandbox's, which this Vault doesn't know: what it would read is not tried.
    assert [check for check in deployed_vault.checks() if check["passed"] is False] == []
    (release,) = core.list_namespaced_secret("vault", field_selector="type=helm.sh/release.v1").items
    assert release.metadata.labels["name"] == "vault"
    assert apps.read_namespaced_stateful_set("vault", "vault").spec.replicas == 3
    assert {(server.state or {})["sealed"] for server in pods.all} == {False}
    assert deployed_vault.changes("preview") == set()


def test_nothing_that_opens_it_is_found_anywhere_else(
    deployed_vault: Project, pods: Servers, key_store: FileKeyStore
) -> None:
    record = key_store.load()
    assert record and len(record.shares) == 5
    secrets = [*record.shares, str(record.admin_token)]

    assert record.root_token is None
    assert key_store.path.stat().st_mode & 0o777 == 0o600
    left = [
        file
        for root in (deployed_vault.engine.home, pods.home)
        for file in root.rglob("*")
        if file.is_file() and file != key_store.path and any(secret.encode() in file.read_bytes() for secret in secrets)
    ]
    assert left == []


def test_what_a_stack_adds_later_it_makes_and_takes_away_again(deployed_vault: Project, pods: Servers) -> None:
    before, settings = deployed_vault.config, deployed_vault.config
    backend = settings["strongroom:backend"]
    backend["logins"] = [{"kind": "approle", "path": "machines", "roles": [{"name": "runner", "groups": ["all"]}]}]
    backend["groups"] = [{"name": "all", "policies": ["readers"]}]
    backend["audit"] = [{"kind": "file", "file": str(pods.home / "audit.log")}]
    try:
        deployed_vault.write(settings)
        assert deployed_vault.changes("up") >= {"create AuthBackend machines", "update Bootstrap vault"}
        assert (pods.home / "audit.log").read_text()
    finally:
        deployed_vault.write(before)
    assert deployed_vault.changes("up") >= {"delete AuthBackend machines"}
    # The rights to delete it go now.
    assert deployed_vault.changes("up") == {"update Bootstrap vault"}
    assert deployed_vault.changes("preview") == set()


def test_workloads_verify_although_the_leader_is_lost(deployed_vault: Project, pods: Servers, service: Service) -> None:
    settings = copy.deepcopy(deployed_vault.config)
    backend = settings["strongroom:backend"]
    authority = pods.home / "ca.crt"
    authority.write_text(pods.nodes[0].ca_certificate or "")
    # The same store and workloads by an address that outlives a pod, which is what its service is in a cluster.
    del backend["server"], settings["strongroom:charts"]
    backend |= {"address": service.address, "caCertificate": str(authority)}
    deployed_vault.write(settings)
    deployed_vault.changes("up")
    assert deployed_vault.wrong() == set()

    leader = next(server for server in pods.all if server.node.address == pods.all[0].leader)
    followers = [server for server in pods.all if server is not leader]
    leader.kill()
    poll_until(lambda: led(followers), 60)
    # The operator's token is the sandbox's, which this Vault doesn't know: what it would read is not tried.
    assert [check for check in deployed_vault.checks() if check["passed"] is False] == []

    leader.start(join=followers, autopilot=True)
    assert (leader.state or {})["sealed"]
    assert deployed_vault.changes("up") >= {"update Bootstrap vault"}
    assert not (leader.state or {})["sealed"]


def led(followers: list[Server]) -> bool:
    with contextlib.suppress(Exception):
        return followers[0].leader in {server.node.address for server in followers}
    return False
