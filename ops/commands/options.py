"""What commands have in common."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ..errors import OpsError

Stack = Annotated[str, typer.Option("--stack", "-s", help="The stack's name, e.g. local or dev.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON for programs instead of a table.")]

MARKS = {True: "[green]ok[/]", False: "[bold red]WRONG[/]", None: "[yellow]not tried[/]"}
"""How a check went."""


def written(file: Path, text: str) -> None:
    """Write what somebody asked for as a file.

    :raises OpsError: It can't be written.
    """
    try:
        file.write_text(text)
    except OSError as error:
        raise OpsError(f"{file} can't be written: {error.strerror}") from None
    typer.echo(f"wrote {file}", err=True)


def console() -> Console:
    """Standard output: as wide as the terminal, or wide enough for a log."""
    return Console(width=None if Console().is_terminal else 160)
