"""etcd: the API server's memory."""

import os

from ..errors import NotReadyError
from ..ports import HOST
from ..process import Process
from . import ServerContext
from .health import fetch_health


class Etcd:
    """A single etcd that takes client certificates only."""

    def __init__(self, context: ServerContext) -> None:
        self._context = context
        self.process = Process("etcd", context.state)

    @property
    def address(self) -> str:
        """Its client URL."""
        return f"https://{HOST}:{self._context.ports.of('etcd')}"

    def require_healthy(self) -> bool:
        """Return true when it has a leader and can write."""
        pair = self._context.authority.pair("etcd-client")
        response = fetch_health(
            self.process,
            f"{self.address}/health",
            verify=str(self._context.authority.certificate),
            cert=(str(pair.certificate), str(pair.key)),
            timeout=2,
        )
        # Compared without parsing: it responds with text while it starts.
        if '"health":"true"' not in response.text.replace(" ", ""):
            raise NotReadyError(f"it responds {response.status_code} {response.text[:200].strip()}")
        return True

    def start(self) -> None:
        """Start it, and return when it is healthy."""
        pair = self._context.authority.pair("etcd")
        client = f"https://{HOST}:{self._context.ports.free('etcd')}"
        peer = f"https://{HOST}:{self._context.ports.free('etcd-peer')}"
        tls = [
            flag
            for prefix in ("--", "--peer-")
            for flag in (
                f"{prefix}cert-file={pair.certificate}",
                f"{prefix}key-file={pair.key}",
                f"{prefix}trusted-ca-file={self._context.authority.certificate}",
                f"{prefix}client-cert-auth",
            )
        ]
        self.process.start(
            [
                str(self._context.tools.path("etcd")),
                "--name=sandbox",
                f"--data-dir={self._context.state / 'etcd'}",
                f"--listen-client-urls={client}",
                f"--advertise-client-urls={client}",
                f"--listen-peer-urls={peer}",
                f"--initial-advertise-peer-urls={peer}",
                f"--initial-cluster=sandbox={peer}",
                "--log-level=warn",
                # The state outlives its processes, not its machine.
                "--unsafe-no-fsync",
                *tls,
            ],
            os.environ,
        )
        self.process.wait_until(self.require_healthy, 60)
