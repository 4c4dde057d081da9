"""`strongroom doctor`."""

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from ..console import console
from ..errors import OpsError
from .findings import show_findings
from .options import AsJson

if TYPE_CHECKING:
    from ..doctor.events import Explained

_HEADINGS = ("Seen", "What it means", "What to do", "Source")


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
    """Find why a workload's secrets are missing: check by check, from the driver to the object.

    Nothing is changed, and no value is printed. Exits with 1 if a check failed. With --event it explains a message
    of a pod, and needs neither stack nor cluster.
    """
    from ..doctor.events import explain_all

    if event is not None:
        _show_explained(explain_all(sys.stdin.read() if event == "-" else event), as_json)
        return
    if stack is None or workload is None:
        raise OpsError("Say which --stack and --workload, or give a pod's --event to explain ('-' for standard input)")
    from ..doctor.diagnosis import diagnose, find_workload
    from ..pulumi.port_forward import forward_ports
    from ..pulumi.stack import read_stack

    deployed = read_stack(stack)
    with forward_ports(deployed):
        found = diagnose(stack, deployed, find_workload(deployed, workload))
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=2))
    else:
        show_findings(f"Stack {stack}: how secrets reach {found.workload}", "Check", found.checks)
        current = [event for event in found.events if not event.past]
        if current:
            _show_events(current)
        if len(current) < len(found.events):
            _show_events([event for event in found.events if event.past], "Past: the pods are ready since")
        out = console()
        skipped = sum(each.state == "skipped" for each in found.checks)
        if found.first_failed:
            failed = [each.name for each in found.checks if each.state == "failed"]
            out.print(f"Failed checks: {', '.join(failed)}")
        else:
            out.print("No check failed" + (f"; {skipped} could not be run from here" if skipped else ""))
    if found.first_failed:
        raise typer.Exit(1)


def _show_explained(explained: "Iterable[Explained]", as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in explained], indent=2))
    else:
        _show_events(explained)


def _show_events(explained: "Iterable[Explained]", title: str = "Events, explained") -> None:
    shown = list(explained)
    table = Table(title=title, title_justify="left")
    for heading in (*(["Last"] if any(each.last for each in shown) else []), *_HEADINGS):
        table.add_column(heading, overflow="fold")
    for each in shown:
        seen = f"{each.message} (x{each.count})" if each.count > 1 else each.message
        meaning = f"{each.name}: {each.meaning}" if each.name else each.meaning
        table.add_row(*([each.last] if each.last else []), seen, meaning, each.fix, each.source)
    console().print(table)
