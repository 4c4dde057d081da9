"""Keeps a node running: `python -m sandbox.node DESCRIPTION`. It ends with this process, however that ends."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from ..ports import HOST
from . import cgroups
from .description import Description
from .relay import accept, carry

_NAMESPACES = ("--mount", "--net", "--pid", "--ipc", "--uts")
_LISTENERS = 100


def clear(home: Path) -> None:
    """Remove what a node that was killed left: its control groups. Its mounts and network went with its processes."""
    record = home / "cgroups.json"
    with contextlib.suppress(OSError, ValueError):
        cgroups.remove([Path(directory) for directory in json.loads(record.read_text())])
    record.unlink(missing_ok=True)


def main(file: Path) -> int:
    """Run the node that `file` describes, until SIGTERM or until it ends."""
    described = Description.read(file)
    home = Path(described.home)
    clear(home)
    groups = cgroups.make(described.cgroup)
    (home / "cgroups.json").write_text(json.dumps([str(group) for group in groups]))
    control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    run = [sys.executable, "-m", "sandbox.node.inside", str(file), str(theirs.fileno())]
    with subprocess.Popen(
        [*cgroups.enter(groups), "unshare", *_NAMESPACES, "--fork", "--kill-child", *run],
        pass_fds=[theirs.fileno()],
        env={**os.environ, "TMPDIR": "/tmp"},  # noqa: S108 - the node has one of its own
    ) as node:
        theirs.close()
        try:
            asyncio.run(_serve(described, control))
        finally:
            node.kill()
            node.wait()
            clear(home)
    return 1


async def _serve(described: Description, control: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    _, descriptors, _, _ = await loop.run_in_executor(None, socket.recv_fds, control, 1, _LISTENERS)
    if not descriptors:
        return  # it ended before it was ready, and said why
    tasks: set[asyncio.Task[None]] = set()

    def run(task: "asyncio.Task[None]") -> None:
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    for descriptor, (_, _, port) in zip(descriptors, described.carried, strict=True):
        listener = socket.socket(fileno=descriptor)
        run(
            loop.create_task(accept(listener, lambda each, port=port: run(loop.create_task(carry(each, (HOST, port))))))
        )

    def hand_over(connection: socket.socket) -> None:
        with connection:
            socket.send_fds(control, [b"k"], [connection.fileno()])

    listener = socket.create_server((HOST, described.kubelet_port))
    run(loop.create_task(accept(listener, hand_over)))
    # The node says nothing more: what comes is its end.
    control.setblocking(False)
    loop.add_reader(control, ended.set)
    await ended.wait()


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
