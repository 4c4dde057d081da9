"""`python -m ops verify`."""

import json
import os
from dataclasses import asdict

import typer
from rich.table import Table
from rich.text import Text

from ..reach import reach
from ..stack import read_stack, workspace
from ..verify import Check, Verifier
from .options import MARKS, AsJson, Stack, console


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
        show(stack, checks)
    if not checks or any(check.passed is False for check in checks):
        raise typer.Exit(1)


def show(stack: str, checks: list[Check]) -> None:
    """A table of `checks`, and how many went as they must."""
    table = Table(title=f"Stack {stack}: who can read what", title_justify="left")
    for heading in ("Workload", "What", "", "Seen"):
        table.add_column(heading, overflow="fold")
    previous = ""
    for check in checks:
        if previous and check.workload != previous:
            table.add_section()
        table.add_row(
            "" if check.workload == previous else check.workload, check.what, MARKS[check.passed], Text(check.detail)
        )
        previous = check.workload
    out = console()
    out.print(table)
    wrong = sum(check.passed is False for check in checks)
    tried = sum(check.passed is not None for check in checks)
    out.print(f"{tried - wrong} of {tried} checks went as they must" + (f", {wrong} did not" if wrong else ""))
