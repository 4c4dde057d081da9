"""The servers that a sandbox is made of."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..certificates import Authority
from ..ports import Ports
from ..process import Process
from ..tools import Tools


@dataclass(frozen=True)
class Site:
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

    def healthy(self) -> bool:
        """Whether it runs and answers as it should."""
        ...

    def start(self) -> None:
        """Start it, and return when it is healthy.

        :raises SandboxError: It doesn't become healthy.
        """
        ...
