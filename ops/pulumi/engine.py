"""The Pulumi engine, asked what an update of a stack would do."""

import json
import os
import subprocess
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pulumi import automation

from ..errors import OpsError
from ..preview.events import PreviewEvents, collect_events, collect_refresh
from ..preview.guardrails import find_levels, prepare_pack
from .progress import show_progress
from .project import find_project
from .stack import QUIET, Workspace, find_pulumi_program, find_workspace

_PLUGINS = "PULUMI_DEBUG_PROVIDERS"
"""What tells the engine of plugins that run already."""


def observe(stack: str, against: Path | None = None) -> PreviewEvents:
    """Preview `stack` with the policy pack, and show on standard error how far it is.

    :param against: The checkout whose policy pack and levels judge; defaults to this one.

    :raises OpsError: The Pulumi CLI is missing, or there is no such stack.
    """
    chosen = find_levels(stack, against)
    configs = [str(chosen)] if chosen else None
    with prepare_pack(against) as pack:
        seen, failure = _watch(
            "preview", stack, automation.Stack.preview, policy_packs=[str(pack)], policy_pack_configs=configs
        )
    events = collect_events(seen)
    # A broken guardrail fails the preview, and has been reported as such.
    if failure and not events.errors and not any(each.level == "mandatory" for each in events.violations):
        events.errors.append(failure)
    return events


def observe_drift(stack: str) -> PreviewEvents:
    """Compare `stack` with what is there, changing neither, and show on standard error how far it is.

    :raises OpsError: The Pulumi CLI is missing, or there is no such stack.
    """
    seen, failure = _watch("refresh", stack, automation.Stack.preview_refresh, show_secrets=False)
    events = collect_refresh(seen)
    if failure and not events.errors:
        events.errors.append(failure)
    return events


def _watch(
    what: str, stack: str, operation: Callable[..., object], **options: Any
) -> tuple[list[automation.EngineEvent], str | None]:
    """Run an operation of the engine's; return its events, and the last line of its error if it fails."""
    seen: list[automation.EngineEvent] = []
    with drive(stack) as driven, show_progress(f"{what} of {stack}") as progress:

        def note(event: automation.EngineEvent) -> None:
            seen.append(event)
            progress.note(event)

        try:
            operation(
                driven,
                on_event=note,
                color="never",
                suppress_outputs=True,
                suppress_progress=True,
                **options,
            )
        except automation.CommandError as error:
            return seen, read_last_line(error)
    return seen, None


@contextmanager
def drive(stack: str) -> Generator[automation.Stack]:
    """Give `stack`, with the plugins that its engine needs.

    :raises OpsError: The Pulumi CLI is missing, or there is no such stack.
    """
    home = find_workspace(stack)
    with _attached(home, stack) as environment:
        yield _select(stack, home, environment)


def _select(stack: str, home: Workspace, environment: Mapping[str, str]) -> automation.Stack:
    pulumi = Path(find_pulumi_program({**os.environ, **environment}))
    quiet = {name: os.environ.get(name, value) for name, value in QUIET.items()}
    try:
        return automation.select_stack(
            stack,
            work_dir=str(home.project),
            opts=automation.LocalWorkspaceOptions(
                env_vars={**quiet, **environment},
                pulumi_command=automation.PulumiCommand(str(pulumi.parent.parent)),
            ),
        )
    except automation.StackNotFoundError:
        raise OpsError(f"There is no stack {stack!r}: make it with `pulumi stack init {stack}`") from None
    except automation.CommandError as error:
        raise OpsError(f"Stack {stack!r} can't be selected: {read_last_line(error)}") from None


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
        [*home.attach, "--stack", stack], cwd=find_project(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise OpsError("The sandbox serves no plugins: start it with `python -m sandbox up`")
        yield {**home.environment, **json.loads(line)}
    finally:
        process.communicate()


def read_last_line(error: automation.CommandError) -> str:
    """Read what the engine said last of why it failed."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return next((line for line in reversed(lines) if "error:" in line), lines[-1] if lines else "pulumi failed").strip()
