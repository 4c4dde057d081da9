"""What other users of a machine can see of its processes, and what only their owner can."""

import contextlib
import os
import threading
from pathlib import Path
from typing import Self

_EVERY = 0.05
_MOST = 2**21
"""Bytes of arguments that are read: as many as Linux allows. (execve(2): "Limits on size of arguments")"""


class Processes:
    """Looks at all processes again and again: at their arguments, and at the environments of those that it may."""

    def __init__(self) -> None:
        self.arguments: set[str] = set()
        self.environments: set[tuple[str, str]] = set()
        """A process's program, and `NAME=value`."""

        self._known: dict[str, bytes] = {}
        """The arguments of each process, by its id."""

        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_EVERY):
            for process in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208 - paths and files cost five times that
                with contextlib.suppress(OSError):  # it ended meanwhile, or is somebody else's
                    self._look(process)

    def _look(self, process: str) -> None:
        descriptor = os.open(f"/proc/{process}/cmdline", os.O_RDONLY)
        try:
            arguments = os.read(descriptor, _MOST)
        finally:
            os.close(descriptor)
        if self._known.get(process) == arguments:
            return
        self._known[process] = arguments
        words = arguments.decode(errors="replace").split("\0")
        self.arguments.add(" ".join(words))
        environment = Path("/proc", process, "environ").read_bytes().decode(errors="replace")
        self.environments |= {(_program(words), entry) for entry in environment.split("\0") if entry}


def _program(words: list[str]) -> str:
    """What runs: of an interpreter, the module."""
    if "-m" in words[:-1]:
        return words[words.index("-m") + 1]
    return Path(words[0]).name
