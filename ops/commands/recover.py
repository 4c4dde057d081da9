"""`strongroom recover`."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from ..console import console
from ..terminal_text import make_printable
from .options import AsJson, Stack

if TYPE_CHECKING:
    from ..recover.run import Recovered


Adopt = Annotated[
    bool | None,
    typer.Option(
        "--adopt/--leave",
        help="What to do with what exists where no server says who made it: take it into the state, with which it is "
        "deleted, or leave it alone. If omitted, such a stack is refused.",
        show_default=False,
    ),
]


def recover(stack: Stack, adopt: Adopt = None, as_json: AsJson = False) -> None:
    """After a crash, make the stack's state true again, so that the next `pulumi up` goes on where the last one ended.

    Takes away the lock of an engine that is dead, ends the plugins that it left, and asks the servers about what the
    update was at. What somebody else made is not taken into the state. Nothing is created, changed or deleted on any
    server.
    """
    from ..recover.run import recover as repair

    done = repair(stack, lambda line: typer.secho(make_printable(line), err=True), adopt=adopt)
    if as_json:
        typer.echo(json.dumps(asdict(done), indent=2))
    else:
        _show(stack, done)


def _show(stack: str, done: "Recovered") -> None:
    table = Table("Resource", "Seen", title=f"Stack {stack}: what was interrupted", title_justify="left")
    report = {
        "exists: the state has it as it is": done.found,
        "doesn't exist": done.gone,
        "was being made: the next update makes it": done.dropped,
    }
    for seen, urns in report.items():
        for urn in urns:
            table.add_row(_name(urn), seen)
    for urn, reason in done.left.items():
        table.add_row(_name(urn), Text(f"stays out of the state, as not this stack's: {make_printable(reason)}"))
    out = console()
    if done.unlocked:
        out.print("The lock of an engine that is dead was taken away")
    if done.ended:
        out.print(f"Plugins of an engine that is dead were ended: {', '.join(done.ended)}")
    out.print(table if table.row_count else f"Stack {stack}: nothing was interrupted")


def _name(urn: str) -> str:
    _, _, kind, name = urn.split("::", 3)
    return f"{kind.rpartition('$')[2]} {name}"
