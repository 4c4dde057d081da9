"""What commands have in common."""

from typing import Annotated

import typer
from rich.console import Console

Stack = Annotated[str, typer.Option("--stack", "-s", help="The stack's name, e.g. local or dev.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON for programs instead of a table.")]

MARKS = {True: "[green]ok[/]", False: "[bold red]WRONG[/]", None: "[yellow]not tried[/]"}
"""How a check went."""


def console() -> Console:
    """Standard output: as wide as the terminal, or wide enough for a log."""
    return Console(width=None if Console().is_terminal else 160)
