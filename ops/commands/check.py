"""`strongroom check`."""

import json
from dataclasses import asdict

import typer

from ..console import console
from .findings import show_findings
from .options import AsJson, Stack


def check(stack: Stack, as_json: AsJson = False) -> None:
    """Find what would stop a stack, or its workloads, before it is deployed: everything that can be known, together.

    Nothing is changed, and no value is read. What can't be reached is skipped, which is no failure. Exits with 1 if
    something failed.
    """
    from ..check.run import check_stack
    from ..pulumi.project import find_workspace

    found = check_stack(stack, find_workspace())
    failed = sum(finding.state == "failed" for finding in found)
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in found], indent=2))
    else:
        show_findings(f"Stack {stack}, before it is deployed", "What", found)
        skipped = sum(finding.state == "skipped" for finding in found)
        console().print(
            (f"{failed} failed" if failed else "Nothing failed") + (f", {skipped} skipped" if skipped else "")
        )
    if failed:
        raise typer.Exit(1)
