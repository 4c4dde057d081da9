"""Free ports on loopback, kept from one start to the next."""

import json
import secrets
import socket
import threading
import time
from pathlib import Path

from .certificates import write_private

HOST = "127.0.0.1"

_SECONDS, _POLL = 3.0, 0.05

# Below what Linux (32768) and others (49152) give to outgoing connections: such a port, found free, is the local end of
# somebody's connection a moment later. (Linux kernel docs: "IP Sysctl", ip_local_port_range)
_CHOICE = range(10_000, 30_000)


def find_free_port(count: int = 1) -> int:
    """Find a port on which nobody listens.

    :param count: How many there must be, one after another.
    :return: The first of them.
    """
    while True:
        first = secrets.choice(_CHOICE)
        if all(is_free(first + number) for number in range(count)):
            return first


class Ports:
    """The ports of the sandbox's servers, remembered in a file."""

    def __init__(self, state: Path) -> None:
        """
        :param state: The sandbox's state directory.
        """
        self._file = state / "ports.json"
        self._choosing = threading.Lock()
        try:
            self._known: dict[str, int] = json.loads(self._file.read_text())
        except (OSError, ValueError):
            self._known = {}

    def of(self, name: str) -> int:
        """Return the port of `name`, which has one already or gets a free one."""
        return self._known.get(name) or self._choose(name)

    def free(self, name: str) -> int:
        """Return a port on which `name` can listen now: its own, or another where somebody took that."""
        port = self._known.get(name)
        # A server that was killed may hold its port for a moment more.
        end = time.monotonic() + _SECONDS
        while port and time.monotonic() < end:
            if is_free(port):
                return port
            time.sleep(_POLL)
        return self._choose(name)

    def _choose(self, name: str) -> int:
        with self._choosing:
            # One that this sandbox has given away need not be listened on yet.
            while (port := find_free_port()) in self._known.values():
                pass
            self._known[name] = port
            write_private(self._file, json.dumps(self._known))
            return port


def is_free(port: int) -> bool:
    """Tell whether nobody listens on a port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
