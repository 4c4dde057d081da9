"""`strongroom preview`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from .options import AsJson, Stack, show_report


def preview(
    stack: Stack,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="A comment for a pull request.")] = False,
    as_json: AsJson = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Without state, store, cluster and credentials: compare settings.")
    ] = False,
    against: Annotated[
        Path | None,
        typer.Option(
            "--against",
            help="Another checkout of the project: it judges, and --offline compares with it.",
        ),
    ] = None,
) -> None:
    """Tell what an update would do: access gained and lost, guardrails broken, what replacing costs.

    No value of a secret is in it. Exits with 1 where the update would be refused: the preview fails, a mandatory
    guardrail is broken, or something that isn't the stack's own is in the place of what is to be created.
    """
    from ..preview.guardrails import list_weakened
    from ..preview.markdown import format_preview
    from ..preview.report import build_preview

    if offline:
        from ..preview.offline import compare
        from ..pulumi.project import stack_file

        other = f"the settings in `{against}`" if against else "nothing: everything is new"
        if against and not stack_file(against, stack).is_file():
            other = f"`{against}`, which has no stack {stack!r}: the stack is new"
        found = build_preview(stack, compare(stack, against), other, list_weakened(stack, against))
    else:
        from ..pulumi.engine import observe
        from ..pulumi.project import require_checkout

        if against:
            require_checkout(against)
        from ..existing.preview import find_existing_for_preview

        events = observe(stack, against)
        found = build_preview(
            stack, events, weakened=list_weakened(stack, against), existing=find_existing_for_preview(stack, events)
        )
    report = {**asdict(found), "refused": found.refused}
    show_report(report, format_preview(found), as_json=as_json, as_markdown=as_markdown)
    if found.refused:
        raise typer.Exit(1)
