"""The first process of the node's namespaces: `python -m sandbox.node.inside DESCRIPTION SOCKET`.

It makes the node's network and file system, starts containerd and the kubelet again when they end, and reaps what they
leave. When the process ends that holds the other end of the socket, so do this one and all that runs on the node.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from ..ports import HOST
from . import cgroups, daemons, filesystem
from .description import Description
from .pod_network import PodListeners
from .relay import carry

_RESTARTED_AFTER = 1.0
_SECONDS, _POLL = 30.0, 0.05


def main(file: Path, descriptor: int) -> None:
    """Run the node."""
    # Files of images and volumes have the modes that they are made with.
    os.umask(0o022)
    described = Description.read(file)
    control = socket.socket(fileno=descriptor)
    listeners = _make_network(described)
    filesystem.build(Path(described.home, "root"), described.seen)
    enable_controllers(Path("/sys/fs/cgroup"))
    containers = Path(described.home, "containerd")
    Path("/var/lib/containerd").mkdir()
    filesystem.mount(str(containers), Path("/var/lib/containerd"), "--bind")
    daemons.write_configuration(described)
    asyncio.run(_Node(described, control, listeners).run())


class _Node:
    def __init__(self, described: Description, control: socket.socket, listeners: list[socket.socket]) -> None:
        self._described = described
        self._control = control
        self._listeners = listeners
        self._running: dict[int, tuple[str, list[str]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._pods = PodListeners([port for address, port, _ in described.carried if address == HOST])

    async def run(self) -> None:
        """Run the daemons until the control socket is closed."""
        await self._pods.serve()
        self._start("containerd", daemons.containerd(self._described))
        end = time.monotonic() + _SECONDS
        while not Path(daemons.SOCKET).exists():
            if time.monotonic() > end:
                sys.exit("containerd made no socket")
            await asyncio.sleep(_POLL)
        for image in self._described.images:
            subprocess.run(daemons.importer(self._described, image), check=True)
        self._start("kubelet", daemons.kubelet(self._described))
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGCHLD, self._reap)
        self._reap()
        socket.send_fds(self._control, [b"l"], [listener.fileno() for listener in self._listeners])
        for listener in self._listeners:
            listener.close()
        ended = asyncio.Event()
        loop.add_reader(self._control, self._receive, ended)
        await ended.wait()

    def _start(self, name: str, command: list[str]) -> None:
        with Path(self._described.logs, f"{name}.log").open("ab") as output:
            started = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, "PATH": f"{self._described.runtime}/usr/bin:{os.environ['PATH']}"},
            )
        self._running[started.pid] = (name, command)
        # It is reaped below, with all others.
        started.returncode = 0

    def _reap(self) -> None:
        while True:
            try:
                process, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if process == 0:
                return
            if process in self._running:
                name, command = self._running.pop(process)
                print(f"{name} ended with {os.waitstatus_to_exitcode(status)}: it is started again", flush=True)
                asyncio.get_running_loop().call_later(_RESTARTED_AFTER, self._start, name, command)

    def _receive(self, ended: asyncio.Event) -> None:
        message, descriptors, _, _ = socket.recv_fds(self._control, 1, 1)
        if not message:
            ended.set()
            return
        for descriptor in descriptors:
            target = (HOST, self._described.kubelet_port)
            task = asyncio.get_running_loop().create_task(carry(socket.socket(fileno=descriptor), target))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)


def _make_network(described: Description) -> list[socket.socket]:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address in {address for address, _, _ in described.carried} - {HOST}:
        subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], check=True)
    return [socket.create_server((address, port)) for address, port, _ in described.carried]


def enable_controllers(root: Path) -> None:
    """Have pods' groups get controllers: in version 2 they get those that the node's gives."""
    if (root / "cgroup.controllers").is_file():
        cgroups.enable(root, (root / "cgroup.controllers").read_text().split())


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
