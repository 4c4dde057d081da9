"""`python -m ops drift`."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from ..console import console
from .options import AsJson, Stack


def drift(
    stack: Stack,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="For a run's summary, or an issue.")] = False,
    as_json: AsJson = False,
) -> None:
    """Tell what was changed behind the stack's back: fields, access gained and lost, and how to take it back.

    Nothing is changed, and no value of a secret is in it. Exits with 1 where there is any, or it can't be told.
    """
    from rich.markdown import Markdown

    from ..drift import drift_of
    from ..engine import observe_drift
    from ..markdown import format_drift

    found = drift_of(stack, observe_drift(stack))
    if as_json:
        typer.echo(json.dumps({**asdict(found), "found": found.found}, indent=2))
    elif as_markdown:
        typer.echo(format_drift(found), nl=False)
    else:
        console(prose=True).print(Markdown(format_drift(found), hyperlinks=False))
    if found.found:
        raise typer.Exit(1)
