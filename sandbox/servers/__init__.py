"""The servers that a sandbox is made of."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..certificates import Authority
from ..errors import NotReadyError
from ..ports import Ports
from ..process import Process
from ..tools import Tools


@dataclass(frozen=True)
class ServerContext:
    """What every server is given: where its state is, who signs its certificates, its port, its program."""

    state: Path
    authority: Authority
    ports: Ports
    tools: Tools


class Server(Protocol):
    """A server that can be started again and again."""

    process: Process

    @property
    def address(self) -> str:
        """Its URL."""
        ...

    def require_healthy(self) -> bool:
        """Return true when it runs and answers as it should.

        :raises NotReadyError: It doesn't; with the reason.
        """
        ...

    def start(self) -> None:
        """Start it, and return when it is healthy.

        :raises SandboxError: It doesn't become healthy.
        """
        ...


def is_healthy(server: Server) -> bool:
    """Check whether a server runs and answers as it should.

    :param server: The server.
    """
    try:
        return server.require_healthy()
    except NotReadyError:
        return False
