"""What other users of a machine can see of its processes, and what only their owner can."""

import contextlib
import threading
from pathlib import Path
from typing import Self

_EVERY = 0.05


class Processes:
    """Looks at all processes again and again: at their arguments, and at the environments of those that it may."""

    def __init__(self) -> None:
        self.arguments: set[str] = set()
        self.environments: set[tuple[str, str]] = set()
        """A process's program, and `NAME=value`."""

        self._known: set[tuple[str, bytes]] = set()
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
            for process in Path("/proc").glob("[0-9]*"):
                with contextlib.suppress(OSError):  # it ended meanwhile, or is somebody else's
                    self._look(process)

    def _look(self, process: Path) -> None:
        arguments = (process / "cmdline").read_bytes()
        if (process.name, arguments) in self._known:
            return
        self._known.add((process.name, arguments))
        words = arguments.decode(errors="replace").split("\0")
        self.arguments.add(" ".join(words))
        environment = (process / "environ").read_bytes().decode(errors="replace")
        self.environments |= {(_program(words), entry) for entry in environment.split("\0") if entry}


def _program(words: list[str]) -> str:
    """What runs: of an interpreter, the module."""
    if "-m" in words[:-1]:
        return words[words.index("-m") + 1]
    return Path(words[0]).name
