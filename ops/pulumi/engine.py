"""The Pulumi engine, asked what an update of a stack would do."""

import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from pulumi import automation

from ..errors import OpsError
from ..preview.events import PreviewEvents, collect_events, collect_refresh
from ..preview.guardrails import find_levels, prepare_pack
from .progress import show_progress
from .project import find_workspace
from .stack import QUIET, find_pulumi_program


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


def replace(stack: str, urns: Collection[str]) -> None:
    """Update `stack` by replacing `urns`, with what depends on them and nothing else.

    :raises OpsError: The Pulumi CLI is missing, there is no such stack, or the update fails.
    """
    chosen = [*urns]
    _, failure = _watch(
        "update",
        stack,
        automation.Stack.up,
        replace=chosen,
        target=chosen,
        target_dependents=True,
        show_secrets=False,
    )
    if failure:
        raise OpsError(f"The update of stack {stack!r} failed: {failure}")


def _watch(
    what: str, stack: str, operation: Callable[..., object], **options: Any
) -> tuple[list[automation.EngineEvent], str | None]:
    """Run an operation of the engine's; return its events, and the last line of its error if it fails."""
    seen: list[automation.EngineEvent] = []
    driven = select_stack(stack)
    with show_progress(f"{what} of {stack}") as progress:

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


def select_stack(stack: str) -> automation.Stack:
    """Select `stack`, for its engine to work on.

    :raises OpsError: The Pulumi CLI is missing, or there is no such stack.
    """
    pulumi = Path(find_pulumi_program())
    try:
        return automation.select_stack(
            stack,
            work_dir=str(find_workspace()),
            opts=automation.LocalWorkspaceOptions(
                env_vars={name: os.environ.get(name, value) for name, value in QUIET.items()},
                pulumi_command=automation.PulumiCommand(str(pulumi.parent.parent)),
            ),
        )
    except automation.StackNotFoundError:
        raise OpsError(f"There is no stack {stack!r}: make it with `pulumi stack init {stack}`") from None
    except automation.CommandError as error:
        raise OpsError(f"Stack {stack!r} can't be selected: {read_last_line(error)}") from None


def read_last_line(error: automation.CommandError) -> str:
    """Read the engine's last error."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return next((line for line in reversed(lines) if "error:" in line), lines[-1] if lines else "pulumi failed").strip()
