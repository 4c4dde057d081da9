"""Ports that lead to pods, through a real API server, to a kubelet that forwards as its protocol says."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
import requests
from kubernetes import client
from kubernetes.client.exceptions import ApiException
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

from sandbox.ports import find_free_port
from sandbox.running import Sandbox
from strongroom.components.vault.port_forward import ForwardError, PodForward

pytestmark = pytest.mark.integration

HOST, NODE, POD, POD_PORT = "127.0.0.1", "forwarding", "vault-0", 8200


class Kubelet:
    """A kubelet whose one pod is the sandbox's Vault. (Kubernetes: the subprotocol `v4.channel.k8s.io`)"""

    def __init__(self, world: Sandbox) -> None:
        self._vault = urlsplit(world.vault.address)
        pair = world.authority.pair("kubelet")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(pair.certificate, pair.key)
        self.asked: list[str] = []
        self.server: Server = serve(self._forward, HOST, 0, ssl=context, subprotocols=["v4.channel.k8s.io"])  # pyright: ignore[reportArgumentType]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        """Its port."""
        return self.server.socket.getsockname()[1]

    def _forward(self, websocket: ServerConnection) -> None:
        assert websocket.request
        self.asked.append(websocket.request.path)
        with socket.create_connection((self._vault.hostname, self._vault.port)) as far:
            for channel in (0, 1):
                websocket.send(bytes([channel]) + POD_PORT.to_bytes(2, "little"))
            threading.Thread(target=self._back, args=(far, websocket), daemon=True).start()
            with suppress(ConnectionClosed):
                for message in websocket:
                    far.sendall(bytes(message[1:]))  # pyright: ignore[reportArgumentType]

    @staticmethod
    def _back(far: socket.socket, websocket: ServerConnection) -> None:
        with suppress(OSError, ConnectionClosed):
            while chunk := far.recv(4096):
                websocket.send(b"\x00" + chunk)
        websocket.close()


@pytest.fixture(scope="module")
def kubelet(world: Sandbox) -> Iterator[Kubelet]:
    """A node of the cluster, with a pod called `vault-0` on it."""
    made, core = Kubelet(world), world.api_server.core()
    core.create_node({"metadata": {"name": NODE}})
    status = client.V1NodeStatus(
        addresses=[client.V1NodeAddress(type="InternalIP", address=HOST)],
        daemon_endpoints=client.V1NodeDaemonEndpoints(kubelet_endpoint=client.V1DaemonEndpoint(port=made.port)),
    )
    # Without the version that was created: the cluster's controllers change a node at once.
    core.patch_node_status(NODE, {"status": status})
    core.create_namespaced_service_account("default", {"metadata": {"name": NODE}})
    core.create_namespaced_pod(
        "default",
        {
            "metadata": {"name": POD},
            "spec": {
                "nodeName": NODE,
                "serviceAccountName": NODE,
                "containers": [{"name": "vault", "image": "hashicorp/vault:1.21.0"}],
            },
        },
    )
    yield made
    with suppress(ApiException):
        core.delete_namespaced_pod(POD, "default", grace_period_seconds=0)
    core.delete_namespaced_service_account(NODE, "default")
    core.delete_node(NODE)
    made.server.shutdown()


@pytest.fixture
def forward(kubelet: Kubelet, world: Sandbox) -> Iterator[int]:
    """A port for the pod; the next one is for a pod that isn't there."""
    del kubelet
    first = find_free_port(2)
    with PodForward(
        [POD, "vault-1"], namespace="default", first_port=first, kubeconfig=str(world.api_server.kubeconfig)
    ):
        yield first


def test_each_connection_is_a_port_forward_of_the_api_servers(forward: int, kubelet: Kubelet, world: Sandbox) -> None:
    for _ in range(3):
        answer = requests.get(
            f"https://{HOST}:{forward}/v1/sys/health", verify=str(world.authority.certificate), timeout=30
        )
        assert answer.json()["initialized"] is True

    assert kubelet.asked == [f"/portForward/default/{POD}?port={POD_PORT}"] * 3


def test_a_pod_that_is_not_there_ends_the_connection(forward: int) -> None:
    with socket.create_connection((HOST, forward + 1), timeout=30) as connection:
        assert connection.recv(1) == b""


def test_a_port_that_is_taken_is_reported(forward: int) -> None:
    with pytest.raises(ForwardError, match=f"{HOST}:{forward} can't be opened for default/vault-0"):
        PodForward([POD], namespace="default", first_port=forward)


def test_ports_are_closed_when_it_is_over(forward: int, world: Sandbox) -> None:
    port = find_free_port()
    with PodForward([POD], namespace="default", first_port=port, kubeconfig=str(world.api_server.kubeconfig)):
        pass
    assert port != forward
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, port))
