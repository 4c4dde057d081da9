"""Progress in plain lines: by the standard library alone, as tools are made while Python packages are installed."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Progress(Protocol):
    """Tells what is being done."""

    def note(self, text: str) -> None:
        """Tell `text`, a line of its own."""
        ...

    def step(self, text: str) -> AbstractContextManager[None]:
        """Tell that `text` is being done, for as long as the block runs, and then how long it took."""
        ...


@contextmanager
def log_step(note: Callable[[str], None], text: str, every: float) -> Iterator[None]:
    """Write a line at a step's start, one as it goes on, and one at its end.

    :param note: Writes a line.
    :param text: What is being done.
    :param every: Seconds between two lines.
    """
    started, done = time.monotonic(), threading.Event()

    def beat() -> None:
        while not done.wait(every):
            note(f"{text}: {time.monotonic() - started:.0f} s so far")

    note(f"{text} ...")
    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    note(f"{text}: {time.monotonic() - started:.1f} s")


class Lines:
    """Progress on standard error: a line at a step's start, one every half a minute, and one at its end."""

    def __init__(self, every: float = 30.0) -> None:
        """
        :param every: Seconds between two lines about one step.
        """
        self._every = every

    def note(self, text: str) -> None:
        """Print `text`."""
        print(text, file=sys.stderr, flush=True)

    def step(self, text: str) -> AbstractContextManager[None]:
        """Print `text`, how long it has taken as it goes on, and how long it took."""
        return log_step(self.note, text, self._every)
