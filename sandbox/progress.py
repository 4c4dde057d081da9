"""Progress: live on a terminal, plain lines in a log."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

from .tools.progress import log_step

_EVERY = 30.0
"""Seconds between two plain lines about one step."""


class Reporter:
    """Tells, on standard error, what is being done and how long it has taken."""

    def __init__(self, console: Console | None = None, every: float = _EVERY) -> None:
        """
        :param console: Where to tell it; defaults to standard error.
        :param every: Seconds between two lines about one step, in a log.
        """
        self._console = console or Console(stderr=True, highlight=False)
        self._every = every
        self._shown = threading.Lock()
        """Held by the step that a terminal shows: those beside it are reported when they end."""

    def note(self, text: str) -> None:
        """Tell `text`, a line of its own."""
        self._console.print(text, markup=False, soft_wrap=True)

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Tell that `text` is being done, for as long as the block runs, and then how long it took."""
        if not self._console.is_terminal:
            with log_step(self.note, text, self._every):
                yield
            return
        started = time.monotonic()
        with self._status(text):
            yield
        self.note(f"{text}: {time.monotonic() - started:.1f} s")

    @contextmanager
    def _status(self, text: str) -> Iterator[None]:
        if not self._shown.acquire(blocking=False):
            yield
            return
        try:
            with self._console.status(Text(text)):
                yield
        finally:
            self._shown.release()
