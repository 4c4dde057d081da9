"""`strongroom rotate`."""

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from ..console import console
from ..errors import OpsError
from .findings import show_findings
from .options import AsJson, Stack


def rotate(
    stack: Stack,
    secret: Annotated[
        str | None, typer.Option("--secret", metavar="OBJECT/KEY", help="Which value, e.g. db-pass/password.")
    ] = None,
    older_than: Annotated[
        str | None,
        typer.Option("--all-older-than", metavar="AGE", help="Instead: each generated value older than AGE, e.g. 90d."),
    ] = None,
    *,
    value_stdin: Annotated[
        bool, typer.Option("--value-stdin", help="Read the new value from standard input, without its last newline.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask before it is done.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write another value, wait until its readers have it, and then disable the earlier one.

    A value that the stack generates is made anew by an update of that value alone; any other one is written here, and
    never shown. Pods that read it at their start are restarted. Earlier versions are disabled in Key Vault, and kept in
    Vault. After an interruption, run it again: it goes on. Exits with 1 if a reader doesn't have the new value.
    """
    if (secret is None) is (older_than is None):
        raise OpsError("Give one of --secret and --all-older-than")
    if value_stdin and secret is None:
        raise OpsError("--value-stdin goes with --secret: it is one value")
    from ..age.run import parse_age
    from ..pulumi.port_forward import forward_ports
    from ..pulumi.stack import read_stack
    from ..pulumi.state import read_state
    from ..rotate.run import Rotation

    limit = parse_age(older_than, "--all-older-than") if older_than is not None else None
    value = _read_value() if value_stdin else None
    deployed = read_stack(stack)
    with forward_ports(deployed):
        rotation = Rotation(stack, deployed, read_state(stack))
        targets, findings = rotation.find_older(limit) if limit is not None else ([rotation.find(secret or "")], ())
        names = ", ".join(target.name for target in targets)
        if targets and not dry_run and not yes:
            if value_stdin or not sys.stdin.isatty():
                raise OpsError("There is nobody to ask: give --yes, or --dry-run")
            typer.confirm(f"Rotate {names}?", abort=True)
        found = {target.name: rotation.run(target, value, dry_run=dry_run) for target in targets}
    if findings:
        found["not rotated"] = findings
    if as_json:
        typer.echo(json.dumps({name: [asdict(each) for each in lines] for name, lines in found.items()}, indent=2))
    for name, lines in found.items() if not as_json else ():
        show_findings(f"Stack {stack}: {name}", "Part", lines)
    if not as_json and not found:
        console().print("Nothing is older")
    if any(each.state == "failed" for lines in found.values() for each in lines):
        raise typer.Exit(1)


def _read_value() -> str:
    value = sys.stdin.read().removesuffix("\n")
    if not value:
        raise OpsError("--value-stdin: standard input is empty")
    return value
