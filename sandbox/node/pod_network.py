"""The machine's loopback ports in the network of every pod: a pod finds the stores where this machine has them."""

import asyncio
import ctypes
import json
import os
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ..ports import HOST
from . import loopback_ports
from .relay import accept, carry

PLUGIN = "loopback-ports"
"""Its name among the CNI plugins."""

SOCKET = "/run/pod-network.sock"

_CLONE_NEWNET = 0x40000000


class PodListeners:
    """The listeners in pods' networks; what comes by them is carried to the same ports of the node's loopback."""

    def __init__(self, ports: list[int]) -> None:
        self._ports = ports
        self._by_pod: dict[str, list[asyncio.Task[None]]] = {}
        self._carrying: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Answer the plugin from now on."""
        await asyncio.start_unix_server(self._answer, SOCKET)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self._handle(json.loads(await reader.read()))
        except OSError as error:
            writer.write(str(error).encode())
        writer.close()

    def _handle(self, request: Mapping[str, str]) -> None:
        # A listener that stays open keeps the network of a pod that is gone.
        for task in self._by_pod.pop(request["container"], []):
            task.cancel()
        if request["command"] == "ADD":
            with _inside(request["network"]):
                listeners = [socket.create_server((HOST, port)) for port in self._ports]
            tasks = [asyncio.create_task(self._listen(*pair)) for pair in zip(listeners, self._ports, strict=True)]
            self._by_pod[request["container"]] = tasks

    async def _listen(self, listener: socket.socket, port: int) -> None:
        def on_connection(connection: socket.socket) -> None:
            task = asyncio.create_task(carry(connection, (HOST, port)))
            self._carrying.add(task)
            task.add_done_callback(self._carrying.discard)

        with listener:
            await accept(listener, on_connection)


@contextmanager
def _inside(network: str) -> Iterator[None]:
    """Have this thread in another network namespace."""
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        _enter(network)
        yield
    finally:
        _enter(f"/proc/self/fd/{own}")
        os.close(own)


def _enter(network: str) -> None:
    # Python has `os.setns` since 3.12.
    libc = ctypes.CDLL(None, use_errno=True)
    namespace = os.open(network, os.O_RDONLY)
    try:
        if libc.setns(namespace, _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns: {os.strerror(ctypes.get_errno())}", network)
    finally:
        os.close(namespace)


def write_plugin(directory: Path) -> None:
    """Write the program that the container runtime starts."""
    program = directory / PLUGIN
    program.write_text(f"#!/bin/sh\nexec '{sys.executable}' -ISB '{loopback_ports.__file__}'\n")
    program.chmod(0o755)
