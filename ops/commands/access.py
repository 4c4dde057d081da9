"""`python -m ops access`."""

import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from ..access.page import page
from ..access.picture import picture
from ..access.report import NOBODY, Report, report
from ..state import read_state
from .options import AsJson, Stack, console, written


class By(StrEnum):
    """What the table is ordered by."""

    SECRET = "secret"  # noqa: S105 - not one
    WHO = "who"


def access(
    stack: Stack,
    as_json: AsJson = False,
    *,
    secret: Annotated[
        str | None, typer.Option("--secret", help="Only secrets with this in their name, and what opens them too.")
    ] = None,
    who: Annotated[str | None, typer.Option("--who", help="Only those with this in their name.")] = None,
    by: Annotated[
        By, typer.Option("--by", help="A section for each secret, or for each of those who read.")
    ] = By.SECRET,
    svg: Annotated[Path | None, typer.Option("--svg", help="Write a picture of it there.")] = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write a page there, with the picture and a filter.")
    ] = None,
) -> None:
    """Tell who can read what, and by which role, policy, identity or group, from the stack's state.

    It is what the stack grants: who has access by something that the stack doesn't manage is not in it.
    No value of a secret is read.
    """
    told = report(stack, read_state(stack)).only(secret, who)
    for file, text in ((svg, picture), (html, page)):
        if file:
            written(file, text(told))
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in told.accesses], indent=2))
    else:
        _show(told, by)


def _show(told: Report, by: By) -> None:
    table = Table(title=f"Stack {escape(told.stack)}: who can read what", title_justify="left")
    first, second = ("Secret", "Who") if by == By.SECRET else ("Who", "Secret")
    for heading in (first, second, "May", "By"):
        table.add_column(heading, overflow="fold")
    for name, accesses in told.readers() if by == By.SECRET else told.holders():
        table.add_section()
        wide = any(each.what == name and each.wide for each in accesses)
        heading = escape(name) + (" [yellow](wide)[/]" if wide else "")
        for number, each in enumerate(accesses):
            other = each.who if by == By.SECRET else each.what
            through = f" [yellow](opens {escape(each.what)})[/]" if by == By.SECRET and each.what != name else ""
            table.add_row(
                "" if number else heading, escape(other), escape(", ".join(each.may)), escape(each.by) + through
            )
        if not accesses:
            table.add_row(heading, NOBODY, "", "")
    out = console()
    out.print(table)
    wide = sum(each.wide for each in told.accesses)
    out.print(
        f"{len(told.secrets)} secrets, opened to {len({each.who for each in told.accesses})}"
        + (f"; [yellow]{wide} ways open more than one secret, or what can't be told[/]" if wide else "")
    )
