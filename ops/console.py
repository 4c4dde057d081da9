"""Standard output: as wide as the terminal, or made for a file or another program."""

import os
import re
import sys
from collections.abc import Iterable
from typing import IO, Any, cast

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from .terminal_text import make_printable

_PAGE = 160
"""Columns for running text that no terminal shows."""

_UNBOUNDED = 10_000
"""Columns for a table that no terminal shows: its own width, then."""

_PADDING = re.compile(r"[ \t]+(?=\n)")


class _Unpadded:
    """A stream that gets no blanks before the end of a line."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write(_PADDING.sub("", text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _LiteralConsole(Console):
    """A console for which a text is what it says: neither markup nor an escape sequence."""

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        # Before anything is laid out, so that there is room for it.
        return super().render_str(make_printable(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            # Not every text is a `str`. What rich itself has to control, e.g. a cursor, is in segments of their own.
            yield segment if segment.control else Segment(make_printable(segment.text), segment.style)


def console(*, prose: bool = False) -> Console:
    """Build the console that tables and texts are printed to.

    Colours are given as `Text`: no text is taken for markup. What is piped has no trailing blanks, and is as wide as
    COLUMNS says; by default, as wide as its tables are.

    :param prose: Whether running text is printed, which fills the width.
    """
    if sys.stdout.isatty():
        return _LiteralConsole()
    columns = os.environ.get("COLUMNS", "")
    width = int(columns) if columns.isdecimal() and int(columns) > 0 else _PAGE if prose else _UNBOUNDED
    return _LiteralConsole(file=cast("IO[str]", _Unpadded(sys.stdout)), width=width)
