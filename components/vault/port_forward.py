"""Ports of this machine that lead to a Vault's pods."""
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# The kubernetes client types its models and little else.

import contextlib
import socket
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from ..errors import StrongroomError

_HOST = "127.0.0.1"
_CHUNK = 65536
_POD_PORT = 8200


class ForwardError(StrongroomError):
    """A port that can't be opened: which, why, what to do."""


class PodForward:
    """One port of this machine for each pod; each connection is a port-forward of the API server's.

    They are open until `close`, or until the process ends. A pod need not exist yet: a connection to one that doesn't
    run is closed at once, so that the client tries again. The user needs `create` and `get` on `pods/portforward`.
    (Kubernetes docs: "Use Port Forwarding to Access Applications in a Cluster")
    """

    def __init__(
        self,
        pods: Sequence[str],
        *,
        namespace: str,
        first_port: int,
        kubeconfig: str | None = None,
        context: str | None = None,
    ) -> None:
        """Open the ports.

        :param pods: Their names.
        :param namespace: Their namespace.
        :param first_port: The port for the first pod; the next has the next one.
        :param kubeconfig: File with the cluster's kubeconfig; if omitted, the user's own.
        :param context: Its context.
        :raises ForwardError: A port is in use.
        """
        self._namespace = namespace
        self._kubeconfig, self._context = kubeconfig, context
        self._configuration: Any = None
        self._lock = threading.Lock()
        self._listeners: list[socket.socket] = []
        for number, pod in enumerate(pods):
            try:
                listener = socket.create_server((_HOST, first_port + number))
            except OSError as error:
                self.close()
                raise ForwardError(
                    f"{_HOST}:{first_port + number} can't be opened for {namespace}/{pod} ({error.strerror}): wait for "
                    "another run that has it, or choose another first port"
                ) from None
            self._listeners.append(listener)
            threading.Thread(target=self._listen, args=(listener, pod), daemon=True).start()

    def __enter__(self) -> "PodForward":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take no more connections."""
        for listener in self._listeners:
            # A thread that waits for a connection is not woken by closing alone.
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def _listen(self, listener: socket.socket, pod: str) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(connection, pod), daemon=True).start()

    def _carry(self, connection: socket.socket, pod: str) -> None:
        with connection:
            try:
                forward = self._forward(pod)
            except Exception:  # the client sees a connection that ends, and its error names the address
                return
            far: socket.socket = forward.socket(_POD_PORT)
            back = threading.Thread(target=_copy, args=(far, connection), daemon=True)
            back.start()
            _copy(connection, far)
            back.join()
            forward.close()

    def _forward(self, pod: str) -> Any:
        # Imported here: a program that only declares a server needs no client.
        from kubernetes import client, config  # noqa: PLC0415
        from kubernetes.stream import portforward  # noqa: PLC0415

        with self._lock:
            if self._configuration is None:
                loaded: Any = config.new_client_from_config(self._kubeconfig, self._context)
                self._configuration = loaded.configuration
        # A client each: the library changes one for as long as it connects.
        api: Any = client.CoreV1Api(client.ApiClient(self._configuration))
        return portforward(api.connect_get_namespaced_pod_portforward, pod, self._namespace, ports=str(_POD_PORT))


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Copy bytes until none come, and then end the other side."""
    with contextlib.suppress(OSError):
        while chunk := source.recv(_CHUNK):
            target.sendall(chunk)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
