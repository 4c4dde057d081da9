"""Free ports on loopback, kept from one start to the next."""

import json
import socket
from pathlib import Path

from .certificates import write_private

HOST = "127.0.0.1"


class Ports:
    """The ports of the sandbox's servers, remembered in a file."""

    def __init__(self, state: Path) -> None:
        """
        :param state: The sandbox's state directory.
        """
        self._file = state / "ports.json"
        try:
            self._known: dict[str, int] = json.loads(self._file.read_text())
        except (OSError, ValueError):
            self._known = {}

    def of(self, name: str) -> int:
        """The port of `name`, which has one already or gets a free one."""
        return self._known.get(name) or self._choose(name)

    def free(self, name: str) -> int:
        """A port on which `name` can listen now: its own, or another where somebody took that."""
        port = self._known.get(name)
        return port if port and _is_free(port) else self._choose(name)

    def _choose(self, name: str) -> int:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            self._known[name] = probe.getsockname()[1]
        write_private(self._file, json.dumps(self._known))
        return self._known[name]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
