"""`python -m ops doctor`."""

import json
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from ..doctor.events import Explained, explain_all
from ..errors import OpsError
from ..reach import reach
from ..stack import read_stack, workspace
from .findings import show_findings
from .options import AsJson, console


def doctor(
    stack: Annotated[str | None, typer.Option("--stack", "-s", help="The stack's name, e.g. local or dev.")] = None,
    workload: Annotated[
        str | None, typer.Option("--workload", "-w", metavar="[NAMESPACE/]NAME", help="Which workload of it.")
    ] = None,
    event: Annotated[
        str | None,
        typer.Option("--event", metavar="TEXT", help="Explain an event instead; '-' reads it from standard input."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find out why a workload's secrets don't reach it: the chain, link by link, as far as the first that is broken.

    Nothing is changed, and no value is printed. Exits with 1 where a link is broken. With --event it explains a message
    of a pod, and needs neither stack nor cluster.
    """
    if event is not None:
        _told(explain_all(sys.stdin.read() if event == "-" else event), as_json)
        return
    if stack is None or workload is None:
        raise OpsError("Say which --stack and --workload, or give a pod's --event to explain ('-' for standard input)")
    # It takes the cluster's client, which explaining an event does not need.
    from ..doctor.diagnosis import chosen, diagnose  # noqa: PLC0415

    os.environ.update(workspace(stack).clients)
    deployed = read_stack(stack)
    with reach(deployed):
        found = diagnose(stack, deployed, chosen(deployed, workload))
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=2))
    else:
        show_findings(f"Stack {stack}: how secrets reach {found.workload}", "Link", found.links)
        if found.events:
            _show_events(found.events)
        out = console()
        untried = sum(link.state == "not tried" for link in found.links)
        if found.broken:
            out.print(f"The chain is broken at: {found.broken.name}")
        else:
            out.print("No link is broken" + (f"; {untried} could not be tried from here" if untried else ""))
    if found.broken:
        raise typer.Exit(1)


def _told(explained: Iterable[Explained], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in explained], indent=2))
    else:
        _show_events(explained)


def _show_events(explained: Iterable[Explained]) -> None:
    table = Table(title="Events, explained", title_justify="left")
    for heading in ("Seen", "What it means", "What to do", "Source"):
        table.add_column(heading, overflow="fold")
    for each in explained:
        seen = f"{each.message} (x{each.count})" if each.count > 1 else each.message
        meaning = f"{each.name}: {each.meaning}" if each.name else each.meaning
        table.add_row(Text(seen), Text(meaning), Text(each.fix), Text(each.source))
    console().print(table)
