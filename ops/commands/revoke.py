"""`strongroom revoke`."""

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from ..console import console
from ..errors import OpsError
from .findings import show_findings
from .options import AsJson, Stack

if TYPE_CHECKING:
    from ..revoke.run import Revocation


def revoke(
    stack: Stack,
    workload: Annotated[
        str, typer.Option("--workload", "-w", metavar="[NAMESPACE/]NAME", help="Which workload of it.")
    ],
    *,
    scale_to_zero: Annotated[
        bool, typer.Option("--scale-to-zero", help="Stop its pods, and delete the Kubernetes Secrets made for them.")
    ] = False,
    lift: Annotated[bool, typer.Option("--lift", help="Let the next update give it access again.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask before it is done.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take a workload's access away at once, after an incident; no update gives it back before --lift.

    Deletes its policy, role, credentials and role assignments at the store, revokes its tokens with their leases, and
    writes `revoked: true` to the stack's file. Says what could be used still, and until when. Each step can be
    repeated. Exits with 1 if one failed.
    """
    if lift and scale_to_zero:
        raise OpsError("--scale-to-zero stops pods, and --lift starts what was stopped: give one of them")
    from ..doctor.diagnosis import find_workload
    from ..pulumi.port_forward import forward_ports
    from ..pulumi.stack import read_stack
    from ..revoke.run import lift as lift_mark
    from ..revoke.run import revoke as revoke_workload

    deployed = read_stack(stack)
    found = find_workload(deployed, workload)
    if not dry_run and not yes:
        if not sys.stdin.isatty():
            raise OpsError("There is nobody to ask: give --yes, or --dry-run")
        typer.confirm(f"{'Lift the revocation' if lift else 'Revoke the access'} of {found.path}?", abort=True)
    if lift:
        done = lift_mark(stack, found, dry_run=dry_run)
    else:
        with forward_ports(deployed):
            done = revoke_workload(stack, deployed, found, scale_to_zero=scale_to_zero, dry_run=dry_run)
    if as_json:
        typer.echo(json.dumps(asdict(done), indent=2))
    else:
        _show(stack, done)
        if lift:
            console().print(f"It gets its access again by: pulumi up --refresh --stack {stack}")
    if done.failed:
        raise typer.Exit(1)


def _show(stack: str, done: "Revocation") -> None:
    show_findings(f"Stack {stack}: access of {done.workload}", "Step", done.steps)
    if not done.remains:
        return
    table = Table(title="What can be used still", title_justify="left")
    for heading in ("What", "Until", "What to do"):
        table.add_column(heading, overflow="fold")
    for each in done.remains:
        table.add_row(each.what, each.until, each.fix)
    console().print(table)
