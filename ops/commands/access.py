"""`strongroom access`."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from ..console import console
from ..terminal_text import make_printable
from .options import Administrator, AsJson, Stack, write_output

if TYPE_CHECKING:
    from ..access.report import Report
    from ..verify import Check


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
    csv: Annotated[Path | None, typer.Option("--csv", help="Write it there as comma-separated values.")] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Ask the servers, too, who reaches the secrets besides, as `verify` does.")
    ] = False,
    administrator: Administrator = None,
) -> None:
    """Tell who can read what, and by which role, policy, identity or group, from the stack's state.

    It is what the stack grants: who has access by something that the stack doesn't manage is not in it.
    No value of a secret is read.
    """
    from ..access.evidence import read_evidence
    from ..access.page import format_page
    from ..access.picture import format_svg
    from ..access.report import build_report
    from ..access.table import format_csv
    from ..pulumi.state import read_state

    resources = read_state(stack)
    report = build_report(stack, resources).filter(secret, who)
    if svg:
        write_output(svg, format_svg(report))
    if html or csv:
        evidence = read_evidence(stack, resources)
        for file, text in ((html, format_page), (csv, format_csv)):
            if file:
                write_output(file, text(report, evidence))
    found = _look(stack, administrator or ()) if live else []
    accesses = [asdict(each) for each in report.accesses]
    if as_json:
        besides = [asdict(check) for check in found]
        typer.echo(json.dumps({"accesses": accesses, "live": besides} if live else accesses, indent=2))
    else:
        _show(report, by)
        _show_live(found)


def _look(stack: str, administrators: Sequence[str]) -> "list[Check]":
    """List what the servers have that the stack did not deploy, and what could not be found out."""
    from ..pulumi.port_forward import forward_ports
    from ..pulumi.stack import read_stack
    from ..pulumi.state import read_state
    from ..verify.deployment import Deployment
    from ..verify.inspection import Inspection

    deployed = read_stack(stack)
    deployment = Deployment(deployed, read_state(stack))
    with forward_ports(deployed):
        checks = Inspection(deployed, deployment, administrators).run(as_operator=None)
    return [check for check in checks if not check.passed]


def _show_live(checks: "list[Check]") -> None:
    from .options import MARKS

    if not checks:
        return
    table = Table(title="Otherwise than the stack deployed it", title_justify="left")
    for heading in ("Of", "What", "", "Seen"):
        table.add_column(heading, overflow="fold")
    for check in checks:
        table.add_row(check.workload, check.what, MARKS[check.passed], Text(check.detail))
    console().print(table)


def _show(report: "Report", by: By) -> None:
    from ..access.report import NOBODY

    table = Table(title=f"Stack {report.stack}: who can read what", title_justify="left")
    first, second = ("Secret", "Who") if by == By.SECRET else ("Who", "Secret")
    for heading in (first, second, "May", "By"):
        table.add_column(heading, overflow="fold")
    for name, accesses in report.group_by_secret() if by == By.SECRET else report.group_by_holder():
        table.add_section()
        wide = any(each.what == name and each.wide for each in accesses)
        heading = Text(make_printable(name)).append(" (wide)" if wide else "", "yellow")
        for number, each in enumerate(accesses):
            other = each.who if by == By.SECRET else each.what
            through = f" (opens {each.what})" if by == By.SECRET and each.what != name else ""
            by_what = Text(make_printable(each.by)).append(make_printable(through), "yellow")
            table.add_row("" if number else heading, other, ", ".join(each.may), by_what)
        if not accesses:
            table.add_row(heading, NOBODY, "", "")
    out = console()
    out.print(table)
    out.print(Text(report.format_summary()))
