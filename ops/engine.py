"""The Pulumi engine, asked what an update of a stack would do."""

import json
import os
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pulumi import automation

from .errors import OpsError
from .observed import Observed, of_events
from .stack import ROOT, Workspace, pulumi_program, workspace

_PLUGINS = "PULUMI_DEBUG_PROVIDERS"
"""What tells the engine of plugins that run already."""

POLICY_PACK = ROOT / "policy"


def levels(stack: str) -> Path | None:
    """What a stack says to the policy pack; `None` where it says nothing, and every rule is mandatory."""
    file = POLICY_PACK / "levels" / f"{stack}.json"
    return file if file.is_file() else None


def observe(stack: str) -> Observed:
    """A preview of `stack`, with the policy pack, told on standard error as it goes.

    :raises OpsError: The Pulumi CLI is missing, or there is no such stack.
    """
    chosen = levels(stack)
    seen: list[automation.EngineEvent] = []
    with driving(stack) as driven:
        try:
            driven.preview(
                policy_packs=[str(POLICY_PACK)],
                policy_pack_configs=[str(chosen)] if chosen else None,
                on_event=seen.append,
                on_output=lambda line: print(line.rstrip("\n"), file=sys.stderr, flush=True),
                color="never",
                suppress_outputs=True,
                suppress_progress=True,
            )
        except automation.CommandError as error:
            observed = of_events(seen)
            # A broken guardrail fails the preview, and has been told as such.
            if not observed.errors and not any(each.level == "mandatory" for each in observed.broken):
                observed.errors.append(last_line(error))
            return observed
    return of_events(seen)


@contextmanager
def driving(stack: str) -> Generator[automation.Stack]:
    """`stack`, with the plugins that its engine needs.

    :raises OpsError: The Pulumi CLI is missing, or there is no such stack.
    """
    home = workspace(stack)
    with _attached(home, stack) as environment:
        yield _select(stack, home, environment)


def _select(stack: str, home: Workspace, environment: Mapping[str, str]) -> automation.Stack:
    pulumi = Path(pulumi_program({**os.environ, **environment}))
    try:
        return automation.select_stack(
            stack,
            work_dir=str(home.project),
            opts=automation.LocalWorkspaceOptions(
                env_vars=dict(environment), pulumi_command=automation.PulumiCommand(str(pulumi.parent.parent))
            ),
        )
    except automation.StackNotFoundError:
        raise OpsError(f"There is no stack {stack!r}: make it with `pulumi stack init {stack}`") from None
    except automation.CommandError as error:
        raise OpsError(f"Stack {stack!r} can't be selected: {last_line(error)}") from None


@contextmanager
def _attached(home: Workspace, stack: str) -> Generator[Mapping[str, str]]:
    if not home.attach:
        yield home.environment
        return
    if _PLUGINS in os.environ:
        # Whoever serves them has what starts dynamic resources on PATH.
        yield {**home.environment, "PATH": os.environ["PATH"]}
        return
    process = subprocess.Popen(  # noqa: S603 - the sandbox's own words
        [*home.attach, "--stack", stack], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise OpsError("The sandbox serves no plugins: start it with `python -m sandbox up`")
        yield {**home.environment, **json.loads(line)}
    finally:
        process.communicate()


def last_line(error: automation.CommandError) -> str:
    """What the engine said last of why it failed."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return next((line for line in reversed(lines) if "error:" in line), lines[-1] if lines else "pulumi failed").strip()
