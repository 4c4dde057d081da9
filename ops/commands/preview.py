"""`python -m ops preview`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markdown import Markdown

from ..engine import observe
from ..markdown import markdown
from ..preview import preview_of
from .options import AsJson, Stack, console


def preview(
    stack: Stack,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="A comment for a pull request.")] = False,
    as_json: AsJson = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Without state, store, cluster and credentials: compare settings.")
    ] = False,
    against: Annotated[
        Path | None, typer.Option("--against", help="With --offline: another checkout of the project.")
    ] = None,
) -> None:
    """Tell what an update would do: access gained and lost, guardrails broken, what replacing costs.

    No value of a secret is in it. Exits with 1 where the update would be refused: the preview fails, or a mandatory
    guardrail is broken.
    """
    if offline:
        # It takes the components, which nothing else here needs.
        from ..offline import compare  # noqa: PLC0415

        other = f"the settings in `{against}`" if against else "nothing: everything is new"
        told = preview_of(stack, compare(stack, against), other)
    else:
        told = preview_of(stack, observe(stack))
    if as_json:
        typer.echo(json.dumps({**asdict(told), "refused": told.refused}, indent=2))
    elif as_markdown:
        typer.echo(markdown(told), nl=False)
    else:
        console().print(Markdown(markdown(told)))
    if told.refused:
        raise typer.Exit(1)
