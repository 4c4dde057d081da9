"""`strongroom age`."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from ..console import console
from .findings import show_findings
from .options import AsJson, Stack


def age(
    stack: Stack,
    older_than: Annotated[
        str | None,
        typer.Option(
            "--older-than", metavar="AGE", help="The oldest that is allowed, e.g. 90d. If omitted, that of its seed."
        ),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List how old the objects are that workloads read, and which of them are too old, have expired, or soon will.

    Goes by what the store says of their versions, with the caller's login; no value is read. Exits with 1 if one is too
    old, or if it can't be found out.
    """
    from ..age.run import list_ages, parse_age
    from ..pulumi.port_forward import forward_ports
    from ..pulumi.stack import read_stack
    from ..pulumi.state import read_state

    limit = parse_age(older_than) if older_than is not None else None
    deployed = read_stack(stack)
    with forward_ports(deployed):
        ages = list_ages(deployed, read_state(stack), limit)
    failed = sum(each.state == "failed" for each in ages)
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in ages], indent=2))
    else:
        show_findings(f"Stack {stack}: age of what workloads read", "Object", ages)
        console().print(f"{failed} of {len(ages)} failed" if failed else f"None of {len(ages)} is too old")
    if failed:
        raise typer.Exit(1)
