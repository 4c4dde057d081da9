"""What commands have in common."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from ..errors import OpsError

Stack = Annotated[str, typer.Option("--stack", "-s", help="The stack's name, e.g. local or dev.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON for programs instead of a table.")]
Administrator = Annotated[
    list[str] | None,
    typer.Option(
        "--administrator",
        metavar="NAME",
        help="Somebody who may reach the secrets besides, as a red line names them, e.g. 'policy ops', 'group admins'.",
    ),
]

MARKS = {True: Text("ok", "green"), False: Text("WRONG", "bold red"), None: Text("not tried", "yellow")}
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
