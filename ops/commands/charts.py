"""`strongroom charts`."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from ..console import console
from .options import MARKS, AsJson

if TYPE_CHECKING:
    from ..charts import CheckedChart


def charts(
    places: Annotated[
        list[str] | None,
        typer.Option("--from", metavar="NAME=PLACE", help="Check the chart there: an archive, or a mirror's URL."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the Helm charts that Strongroom installs, and check that each is still what was pinned.

    What can't be reached is reported, and is no failure. Exits with 1 where a chart is another than the pinned one.
    """
    from ..charts import check_charts, parse_place

    checked = check_charts(dict(map(parse_place, places or ())))
    if as_json:
        typer.echo(json.dumps([asdict(chart) for chart in checked], indent=2))
    else:
        _show(checked)
    if any(chart.passed is False for chart in checked):
        raise typer.Exit(1)


def _show(charts: "list[CheckedChart]") -> None:
    table = Table()
    for heading in ("Chart", "Version", "SHA-256", "From", "", "Seen"):
        table.add_column(heading, overflow="fold")
    for chart in charts:
        digest = f"{chart.digest[:12]}…" if chart.digest else "none"
        table.add_row(chart.name, chart.version, digest, chart.place, MARKS[chart.passed], chart.detail)
    console().print(table)
