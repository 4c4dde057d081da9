"""`strongroom verify`."""

import json
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from ..console import console
from ..errors import OpsError
from .options import MARKS, Administrator, AsJson, Stack

if TYPE_CHECKING:
    from ..verify import Check


AsOperator = Annotated[
    bool | None,
    typer.Option(
        "--as-operator/--no-as-operator",
        help="Read the store's own settings with the caller's credentials, or don't. Defaults to what these may.",
        show_default=False,
    ),
]

FromPods = Annotated[
    bool,
    typer.Option(
        "--from-pods/--no-from-pods",
        help="Look at each pod from within, too: its files and variables have what the store holds. Needs the right "
        "to run commands in its containers (get and create on pods/exec).",
    ),
]
DebugImage = Annotated[
    str | None,
    typer.Option(
        "--debug-image",
        metavar="IMAGE",
        help="With --from-pods: an image with a shell, for containers whose own image has none. It runs as an "
        "ephemeral container, which a pod keeps in its description (patch on pods/ephemeralcontainers).",
    ),
]
SigningKey = Annotated[
    Path | None,
    typer.Option(
        "--signing-key",
        metavar="FILE",
        envvar="STRONGROOM_SIGNING_KEY",
        help="The key that kube-apiserver signs service account tokens with (its --service-account-signing-key-file), "
        "to make an expired token that must be refused. If omitted, that is skipped.",
        exists=True,
        dir_okay=False,
        readable=True,
    ),
]


def verify(
    stack: Stack,
    *,
    as_json: AsJson = False,
    as_operator: AsOperator = None,
    administrator: Administrator = None,
    from_pods: FromPods = False,
    debug_image: DebugImage = None,
    signing_key: SigningKey = None,
    everything: Annotated[bool, typer.Option("--all", help="Show the lines that pass, too.")] = False,
) -> None:
    """Prove that each workload reads what it declares, and is refused everything else.

    Every check uses what the workload itself has: a token of its service account. No value is printed or kept.
    Exits with 1 where anything went otherwise than it must.
    """
    if debug_image is not None and not from_pods:
        raise OpsError("--debug-image goes with --from-pods, which looks into containers: give both, or neither")
    from ..pulumi.port_forward import forward_ports
    from ..pulumi.stack import read_stack
    from ..pulumi.state import read_secret_inputs, read_state
    from ..verify import Digests, PodChecks, Verifier

    deployed, resources = read_stack(stack), read_state(stack)
    with forward_ports(deployed):
        checks = Verifier(
            deployed,
            signing_key,
            resources=resources,
            as_operator=as_operator,
            administrators=administrator or (),
            digests=Digests(partial(read_secret_inputs, stack)),
            pods=PodChecks(deployed, debug_image) if from_pods else None,
        ).run()
    if as_json:
        typer.echo(json.dumps([asdict(check) for check in checks], indent=2))
    else:
        show(stack, checks, everything=everything)
    if not checks or any(check.passed is False for check in checks):
        raise typer.Exit(1)


def show(stack: str, checks: "list[Check]", *, everything: bool = False) -> None:
    """Print a table of `checks`, and how many went as they must.

    :param everything: Whether lines that passed are printed; by default they are counted, a line for each workload.
    """
    table = Table(title=f"Stack {stack}: who can read what", title_justify="left")
    for heading in ("Workload", "What", "", "Seen"):
        table.add_column(heading, overflow="fold")
    previous = ""
    for check in checks if everything else _fold(checks):
        if previous and check.workload != previous:
            table.add_section()
        table.add_row(
            "" if check.workload == previous else check.workload, check.what, MARKS[check.passed], check.detail
        )
        previous = check.workload
    out = console()
    out.print(table)
    wrong = sum(check.passed is False for check in checks)
    tried = sum(check.passed is not None for check in checks)
    out.print(f"{tried - wrong} of {tried} checks went as they must" + (f", {wrong} did not" if wrong else ""))


def _fold(checks: "list[Check]") -> "list[Check]":
    """Fold each workload's lines that passed into one, before those of its pods and those that did not pass."""
    from ..verify import Check

    folded: list[Check] = []
    by_workload: dict[str, list[Check]] = {}
    for check in checks:
        by_workload.setdefault(check.workload, []).append(check)
    for workload, own in by_workload.items():
        passed = [check for check in own if check.passed and not check.what.startswith("pod ")]
        reads = [check.what.removeprefix("reads ") for check in passed if check.what.startswith("reads ")]
        seen = f"reads {', '.join(reads)}" if reads else "--all shows them"
        folded += [Check(workload, f"{len(passed)} checks", True, seen)] if passed else []
        folded += [check for check in own if check not in passed]
    return folded
