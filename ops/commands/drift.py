"""`strongroom drift`."""

from dataclasses import asdict
from typing import Annotated

import typer

from .options import AsJson, Stack, show_report


def drift(
    stack: Stack,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="For a run's summary, or an issue.")] = False,
    as_json: AsJson = False,
) -> None:
    """Tell what was changed behind the stack's back: fields, access gained and lost, and how to take it back.

    Nothing is changed, and no value of a secret is in it. Exits with 1 where there is any, or if it can't be found out.
    """
    from ..drift import build_drift
    from ..preview.markdown import format_drift
    from ..pulumi.engine import observe_drift

    found = build_drift(stack, observe_drift(stack))
    report = {**asdict(found), "found": found.found}
    show_report(report, format_drift(found), as_json=as_json, as_markdown=as_markdown)
    if found.found:
        raise typer.Exit(1)
