"""What commands have in common."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from ..console import console
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

MARKS = {True: Text("ok", "green"), False: Text("FAILED", "bold red"), None: Text("skipped", "yellow")}
"""How a check went."""


def show_report(report: Mapping[str, Any], page: str, *, as_json: bool, as_markdown: bool) -> None:
    """Print a report as JSON or as Markdown, if asked for; by default for a terminal.

    :param report: What JSON has of it.
    :param page: The same, as Markdown.
    """
    if as_json:
        typer.echo(json.dumps(report, indent=2))
    elif as_markdown:
        typer.echo(page, nl=False)
    else:
        from rich.markdown import Markdown

        console(prose=True).print(Markdown(page, hyperlinks=False))


def write_output(file: Path, text: str) -> None:
    """Write what somebody asked for as a file.

    :raises OpsError: It can't be written.
    """
    try:
        file.write_text(text)
    except OSError as error:
        raise OpsError(f"{file} can't be written: {error.strerror}") from None
    typer.echo(f"wrote {file}", err=True)
