"""How far the engine is, on standard error: a line that moves on a terminal, plain lines in a log."""

import time
from collections.abc import Generator
from contextlib import contextmanager

from pulumi.automation import EngineEvent
from rich.console import Console
from rich.status import Status
from rich.text import Text

_EVERY = 30.0
"""Seconds between two lines in a log."""


class Progress:
    """Counts the resources that the engine has come to."""

    def __init__(self, what: str, console: Console, status: Status | None) -> None:
        """Begin to count.

        :param what: What the engine does, e.g. `preview of dev`.
        :param console: Where lines go.
        :param status: The line that moves; `None` in a log.
        """
        self._what = what
        self._console = console
        self._status = status
        self._count = 0
        self._next = time.monotonic() + _EVERY

    def note(self, event: EngineEvent) -> None:
        """Take note of what the engine says."""
        if event.resource_pre_event is None:
            return
        self._count += 1
        text = f"{self._what}: {self._count} resources so far"
        if self._status:
            self._status.update(Text(text))
        elif time.monotonic() >= self._next:
            self._next = time.monotonic() + _EVERY
            self._console.print(text, markup=False, soft_wrap=True)


@contextmanager
def show_progress(what: str, console: Console | None = None) -> Generator[Progress]:
    """Show how far the engine is, for as long as the block runs. Its own lines would stand before every report.

    :param what: What the engine does, e.g. `preview of dev`.
    :param console: Where to show it; defaults to standard error.
    """
    shown = console or Console(stderr=True, highlight=False)
    if shown.is_terminal:
        with shown.status(Text(what)) as status:
            yield Progress(what, shown, status)
        return
    shown.print(f"{what} ...", markup=False, soft_wrap=True)
    yield Progress(what, shown, None)
