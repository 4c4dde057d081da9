"""`python -m ops recover`."""

import json
from dataclasses import asdict

import typer
from rich.table import Table

from ..recovery import Recovered
from ..recovery import recover as mend
from .options import AsJson, Stack, console


def recover(stack: Stack, as_json: AsJson = False) -> None:
    """After a crash, make the stack's state true again, so that the next `pulumi up` goes on where the last one ended.

    Takes away the lock of an engine that is dead, and asks the servers about what the update was at. Nothing is
    created, changed or deleted on any server.
    """
    done = mend(stack, lambda line: typer.secho(line, err=True))
    if as_json:
        typer.echo(json.dumps(asdict(done), indent=2))
    else:
        _show(stack, done)


def _show(stack: str, done: Recovered) -> None:
    table = Table("Resource", "Seen", title=f"Stack {stack}: what was interrupted", title_justify="left")
    told = {
        "exists: the state has it as it is": done.found,
        "doesn't exist": done.gone,
        "was being made: the next update makes it": done.dropped,
    }
    for seen, urns in told.items():
        for urn in urns:
            _, _, kind, name = urn.split("::", 3)
            table.add_row(f"{kind.rpartition('$')[2]} {name}", seen)
    out = console()
    if done.unlocked:
        out.print("The lock of an engine that is dead was taken away")
    out.print(table if table.row_count else f"Stack {stack}: nothing was interrupted")
