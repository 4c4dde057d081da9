"""Strongroom's command line for day two: `python -m ops`."""

import json
import logging
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table

from .charts import CheckedChart, check_charts, place
from .engine import observe
from .errors import OpsError
from .markdown import markdown
from .preview import preview_of
from .reach import reach
from .stack import read_stack, workspace
from .verify import Check, Verifier

app = typer.Typer(
    help="Day two of a Strongroom stack.", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False
)

Stack = Annotated[str, typer.Option("--stack", "-s", help="The stack's name, e.g. local or dev.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON for programs instead of a table.")]

_MARKS = {True: "[green]ok[/]", False: "[bold red]WRONG[/]", None: "[yellow]not tried[/]"}


@app.callback()
def day_two() -> None:
    """Day two of a Strongroom stack."""


@app.command()
def verify(stack: Stack, as_json: AsJson = False) -> None:
    """Prove that each workload reads what it declares, and is refused everything else.

    Every check uses what the workload itself has: a token of its service account. No value is printed or kept.
    Exits with 1 where anything went otherwise than it must.
    """
    home = workspace(stack)
    os.environ.update(home.clients)
    deployed = read_stack(stack)
    with reach(deployed):
        checks = Verifier(deployed, home.signing_key).run()
    if as_json:
        typer.echo(json.dumps([asdict(check) for check in checks], indent=2))
    else:
        _show(stack, checks)
    if not checks or any(check.passed is False for check in checks):
        raise typer.Exit(1)


@app.command()
def charts(
    places: Annotated[
        list[str] | None,
        typer.Option("--from", metavar="NAME=PLACE", help="Check the chart there: an archive, or a mirror's URL."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the Helm charts that Strongroom installs, and check that each is still what was pinned.

    What can't be reached is told, and is no failure. Exits with 1 where a chart is another than the pinned one.
    """
    checked = check_charts(dict(map(place, places or ())))
    if as_json:
        typer.echo(json.dumps([asdict(chart) for chart in checked], indent=2))
    else:
        _show_charts(checked)
    if any(chart.passed is False for chart in checked):
        raise typer.Exit(1)


def _show_charts(charts: list[CheckedChart]) -> None:
    table = Table()
    for heading in ("Chart", "Version", "SHA-256", "From", "", "Seen"):
        table.add_column(heading, overflow="fold")
    for chart in charts:
        digest = f"{chart.digest[:12]}…" if chart.digest else "none"
        table.add_row(chart.name, chart.version, digest, chart.place, _MARKS[chart.passed], chart.detail)
    _console().print(table)


@app.command()
def preview(
    stack: Stack,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="A comment for a pull request.")] = False,
    as_json: AsJson = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Without state, store, cluster and credentials: compare settings.")
    ] = False,
    against: Annotated[
        Path | None, typer.Option("--against", help="With --offline: another checkout of the project.")
    ] = None,
) -> None:
    """Tell what an update would do: access gained and lost, guardrails broken, what replacing costs.

    No value of a secret is in it. Exits with 1 where the update would be refused: the preview fails, or a mandatory
    guardrail is broken.
    """
    if offline:
        # It takes the components, which nothing else here needs.
        from .offline import compare  # noqa: PLC0415

        other = f"the settings in `{against}`" if against else "nothing: everything is new"
        told = preview_of(stack, compare(stack, against), other)
    else:
        told = preview_of(stack, observe(stack))
    if as_json:
        typer.echo(json.dumps({**asdict(told), "refused": told.refused}, indent=2))
    elif as_markdown:
        typer.echo(markdown(told), nl=False)
    else:
        Console(width=None if Console().is_terminal else 160).print(Markdown(markdown(told)))
    if told.refused:
        raise typer.Exit(1)


def _show(stack: str, checks: list[Check]) -> None:
    table = Table(title=f"Stack {stack}: who can read what", title_justify="left")
    for heading in ("Workload", "What", "", "Seen"):
        table.add_column(heading, overflow="fold")
    previous = ""
    for check in checks:
        if previous and check.workload != previous:
            table.add_section()
        table.add_row(
            "" if check.workload == previous else check.workload, check.what, _MARKS[check.passed], check.detail
        )
        previous = check.workload
    console = _console()
    console.print(table)
    wrong = sum(check.passed is False for check in checks)
    tried = sum(check.passed is not None for check in checks)
    console.print(f"{tried - wrong} of {tried} checks went as they must" + (f", {wrong} did not" if wrong else ""))


def _console() -> Console:
    return Console(width=None if Console().is_terminal else 160)


def main() -> None:
    """Run the command line; an error that a user can mend is one line and exit code 1."""
    # Refusals are what is tried here; azure-identity warns of each.
    logging.getLogger("azure").setLevel(logging.CRITICAL)
    try:
        app()
    except OpsError as error:
        typer.secho(f"error: {error}", fg="red", err=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
