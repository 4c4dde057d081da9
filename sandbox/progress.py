"""Progress: live on a terminal, plain lines in a log."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

_EVERY = 30.0
"""Seconds between two plain lines about one step."""


class Reporter:
    """Tells, on standard error, what is being done and how long it has taken."""

    def __init__(self, console: Console | None = None, every: float = _EVERY) -> None:
        """
        :param console: Where to tell it; standard error where it is left out.
        :param every: Seconds between two lines about one step, in a log.
        """
        self._console = console or Console(stderr=True, highlight=False)
        self._every = every

    def note(self, text: str) -> None:
        """Tell `text`, a line of its own."""
        self._console.print(text, markup=False, soft_wrap=True)

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Tell that `text` is being done, for as long as the block runs, and then how long it took."""
        started = time.monotonic()
        if self._console.is_terminal:
            with self._console.status(text):
                yield
        else:
            self.note(f"{text} ...")
            with self._heartbeat(text, started):
                yield
        self.note(f"{text}: {time.monotonic() - started:.1f} s")

    @contextmanager
    def _heartbeat(self, text: str, started: float) -> Iterator[None]:
        done = threading.Event()

        def beat() -> None:
            while not done.wait(self._every):
                self.note(f"{text}: {time.monotonic() - started:.0f} s so far")

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
