"""Ports that are free, and stay so until their server listens."""

import socket
from pathlib import Path

from sandbox.ports import HOST, Ports, find_free_port


def test_a_free_port_is_none_that_outgoing_connections_get(tmp_path: Path) -> None:
    ports = Ports(tmp_path)

    chosen = [ports.of(str(number)) for number in range(200)]

    assert len(set(chosen)) == len(chosen)
    assert min(chosen) >= 1024 and max(chosen) < 32768


def test_as_many_ports_in_a_row_as_are_asked_for() -> None:
    first = find_free_port(3)

    for port in range(first, first + 3):
        socket.create_server((HOST, port)).close()
