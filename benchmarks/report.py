"""Figures as a table, on a terminal and on the page about performance."""

import platform
from collections.abc import Sequence
from pathlib import Path

import psutil
from rich.table import Table

from sandbox.running import ROOT
from strongroom.ops.console import console

from .figures import Figure, Growth

PAGE = ROOT / "docs" / "reports" / "performance.md"
PLOT = ROOT / "docs" / "reports" / "performance.svg"
_BEGIN, _END = "<!-- figures: python -m benchmarks --write-docs -->", "<!-- end of figures -->"

_HEADINGS = ("", "workloads", "seconds", "against", "seconds", "ratio", "CPU", "memory", "at most")
_GROWTHS = ("grows", "workloads", "Strongroom", "plain Pulumi", "at most")


def machine() -> str:
    """What it was measured on."""
    memory = round(psutil.virtual_memory().total / 2**30)
    return f"{psutil.cpu_count()} cores, {memory} GiB, {platform.system()}, Python {platform.python_version()}"


def show(figures: Sequence[Figure], growths: Sequence[Growth]) -> None:
    """Print tables."""
    out = console()
    for headings, rows in ((_HEADINGS, _rows(figures)), (_GROWTHS, _growth_rows(growths))):
        table = Table(*headings)
        for row in rows:
            table.add_row(*row)
        if rows:
            out.print(table)
    out.print(machine())


def write_page(figures: Sequence[Figure], growths: Sequence[Growth]) -> None:
    """Replace the tables on the page."""
    text = PAGE.read_text()
    before, after = text.index(_BEGIN) + len(_BEGIN), text.index(_END)
    tables = [_markdown(_HEADINGS, _rows(figures))]
    if growths:
        tables.append(_markdown(_GROWTHS, _growth_rows(growths)))
    PAGE.write_text("\n\n".join([text[:before], f"Measured on {machine()}.", *tables, text[after:]]))


def _rows(figures: Sequence[Figure]) -> list[list[str]]:
    rows: list[list[str]] = []
    for figure in figures:
        ours, theirs = figure.seconds()
        ratios = [f"{figure.ratio(of):.2f}" for of in ("wall", "cpu", "memory")]
        limit = str(figure.at_most or "")
        count = f"{figure.size:,}" if figure.size else ""
        rows.append([figure.what, count, f"{ours:.2f}", figure.against, f"{theirs:.2f}", *ratios, limit])
    return rows


def _growth_rows(growths: Sequence[Growth]) -> list[list[str]]:
    return [
        [each.what, f"{each.small:,} to {each.large:,}", f"{each.ours:.1f}", f"{each.theirs:.1f}", str(each.at_most)]
        for each in growths
    ]


def _markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write_plot(file: Path, figures: Sequence[Figure]) -> None:
    """Write the plot of all ratios."""
    from .plot import plot  # noqa: PLC0415

    file.write_text(plot(figures))
