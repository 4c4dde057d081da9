"""Strongroom's benchmarks: `python -m benchmarks`."""

import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from sandbox.errors import SandboxError
from sandbox.progress import Reporter
from sandbox.tools import ToolError

from .applying import applying
from .deploying import UnlikeError, deploying
from .figures import Figure, growths
from .importing import importing
from .measure import FailedError
from .report import PAGE, PLOT, machine, show, write_page, write_plot
from .site import Site, site
from .verifying import verifying
from .warm import warm

PARTS = {
    "a": "preview and up, against plain Pulumi",
    "b": "the Kubernetes part, against kubectl apply",
    "c": "import strongroom, against import pulumi",
    "d": "verify, against the same requests with no program behind them",
    "e": "make up of an unchanged stack, against pulumi up",
}

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


@app.command(help="Measure Strongroom, each figure a ratio from one run. " + "; ".join(map(": ".join, PARTS.items())))
def benchmarks(  # noqa: PLR0917 - the command line's options
    sizes: Annotated[str, typer.Option(help="How many workloads, by commas.")] = "10,100,1000",
    only: Annotated[str, typer.Option(help="Parts, by commas.")] = ",".join(PARTS),
    stepwise: Annotated[
        int, typer.Option(help="The most workloads of an up that writes its state at each step.")
    ] = 100,
    rounds: Annotated[int | None, typer.Option(min=1, help="How often each is measured; by default, by size.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all that was measured there.")] = None,
    svg: Annotated[Path | None, typer.Option(help="Write the plot there.")] = None,
    write_docs: Annotated[bool, typer.Option(help=f"Write tables and plot into docs/{PAGE.name}.")] = False,
) -> None:
    """Measure what was asked for, and tell it."""
    counts = [int(size) for size in sizes.split(",")]
    parts = only.split(",")
    if unknown := sorted(set(parts) - set(PARTS)):
        raise typer.BadParameter(f"there is no part {', '.join(unknown)}: there are {', '.join(PARTS)}")
    found: list[Figure] = []
    try:
        with site(Reporter()) as place:
            for figure in _measured(place, parts, counts, stepwise, rounds):
                found.append(figure)
                ours, theirs = figure.seconds()
                place.reporter.note(f"{figure.what}: {ours:.2f} s, {figure.against}: {theirs:.2f} s")
    finally:
        # What was measured before a failure, or Ctrl-C, is not lost.
        grown = growths(found)
        show(found, grown)
        if json_file:
            reported = {"machine": machine(), "figures": [each.as_json() for each in (*found, *grown)]}
            json_file.write_text(json.dumps(reported, indent=2))
    if write_docs:
        write_page(found, grown)
    for file in filter(None, (svg, PLOT if write_docs else None)):
        write_plot(file, found)


def _measured(place: Site, parts: list[str], counts: list[int], stepwise: int, rounds: int | None) -> Iterator[Figure]:
    for count in counts:
        often = rounds or (3 if count <= 10 else 2 if count <= 100 else 1)
        if "a" in parts:
            yield from deploying(place, count, often, stepwise=count <= stepwise)
        if "b" in parts:
            yield applying(place, count, often)
        if "d" in parts:
            yield verifying(place, count, often)
    if "c" in parts:
        yield importing()
    if "e" in parts:
        yield from warm(place, rounds or 3)


def main() -> None:
    """Run the command line; an error that a user can mend is one text and exit code 1."""
    # The one who ends it ends its sandbox too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        app()
    except (SandboxError, ToolError, FailedError, UnlikeError) as error:
        typer.secho(f"error: {error}", fg="red", err=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
