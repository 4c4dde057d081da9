"""Events of a preview: a stack's resources before and after, and the operation on each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from pulumi.automation import EngineEvent, OpType
from pulumi.automation.events import StepEventMetadata
from pulumi.runtime import rpc

from strongroom.policy.rules import UNKNOWN, Declared

from ..pulumi.stack import WORKLOADS

Operation = Literal["create", "update", "replace", "delete", "same"]

_OPERATIONS: Mapping[OpType, Operation] = {
    OpType.SAME: "same",
    OpType.CREATE: "create",
    OpType.UPDATE: "update",
    OpType.DELETE: "delete",
    OpType.REPLACE: "replace",
    OpType.CREATE_REPLACEMENT: "replace",
    OpType.DELETE_REPLACED: "replace",
    OpType.IMPORT: "create",
    OpType.IMPORT_REPLACEMENT: "replace",
}
_NOISE = ("from $PATH", "preview failed", "update failed")
"""Messages of the engine about itself: that a plugin is from PATH, and that it fails."""

_LEAVING = {OpType.DELETE, OpType.DELETE_REPLACED}


@dataclass(frozen=True)
class Violation:
    """A guardrail that a resource violates, as the engine reports it."""

    rule: str
    level: str
    urn: str
    message: str


@dataclass
class PreviewEvents:
    """The events of a preview, as resources before and after."""

    before: dict[str, Declared] = field(default_factory=dict[str, Declared])
    """Deployed resources, by URN."""

    after: dict[str, Declared] = field(default_factory=dict[str, Declared])
    """Resources after the update, by URN."""

    operations: dict[str, Operation] = field(default_factory=dict[str, Operation])
    """The operation on each, by URN."""

    retained: set[str] = field(default_factory=set[str])
    """Resources that the engine forgets instead of deleting them."""

    paths: dict[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    """Paths of the inputs that change, by URN."""

    workloads: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])
    """Workloads after the update, as their components describe themselves."""

    violations: list[Violation] = field(default_factory=list[Violation])
    """Guardrails that are violated."""

    warnings: list[str] = field(default_factory=list[str])
    errors: list[str] = field(default_factory=list[str])


def collect_events(events: Iterable[EngineEvent]) -> PreviewEvents:
    """Collect the engine's events of a preview; secrets' values are hidden in them already."""
    collected = PreviewEvents()
    for event in events:
        if event.resource_pre_event:
            _add_step(collected, event.resource_pre_event.metadata)
        elif event.res_outputs_event:
            _add_description(collected, event.res_outputs_event.metadata)
        elif event.policy_event:
            report = event.policy_event
            collected.violations.append(
                Violation(
                    report.policy_name,
                    report.enforcement_level,
                    report.resource_urn or "",
                    _strip_colours(report.message),
                )
            )
        else:
            _add_diagnostic(collected, event)
    return collected


def collect_refresh(events: Iterable[EngineEvent]) -> PreviewEvents:
    """Collect the engine's events of a refresh: `before` is what was deployed, `after` what servers have."""
    collected = PreviewEvents()
    for event in events:
        if event.res_outputs_event:
            _add_refreshed(collected, event.res_outputs_event.metadata)
        else:
            _add_diagnostic(collected, event)
    return collected


def _add_diagnostic(collected: PreviewEvents, event: EngineEvent) -> None:
    if event.diagnostic_event and event.diagnostic_event.severity in {"warning", "error"}:
        kept = collected.errors if event.diagnostic_event.severity == "error" else collected.warnings
        text = _strip_colours(event.diagnostic_event.message)
        if not any(noise in text for noise in _NOISE) and not any(earlier in text for earlier in kept):
            kept.append(text)


def _add_refreshed(collected: PreviewEvents, step: StepEventMetadata) -> None:
    operation = _OPERATIONS.get(step.op)
    if operation is None or step.old is None:
        return
    before = Declared(step.type, step.urn, mark_unknown(step.old.inputs or {}))
    collected.operations[step.urn] = operation
    collected.before[step.urn] = before
    if operation == "same":
        collected.after[step.urn] = before
    elif step.new and operation != "delete":
        collected.after[step.urn] = Declared(step.type, step.urn, mark_unknown(step.new.inputs or {}))


def _add_step(collected: PreviewEvents, step: StepEventMetadata) -> None:
    operation = _OPERATIONS.get(step.op)
    if operation is None:
        return
    collected.operations[step.urn] = operation
    if step.old:
        collected.before.setdefault(step.urn, Declared(step.type, step.urn, mark_unknown(step.old.inputs or {})))
        if step.old.retain_on_delete:
            collected.retained.add(step.urn)
    if step.new and step.op not in _LEAVING:
        collected.after[step.urn] = Declared(step.type, step.urn, mark_unknown(step.new.inputs or {}))
    changed = [str(path) for path in step.detailed_diff or step.diffs or ()]
    if changed:
        collected.paths[step.urn] = sorted(changed)


def _add_description(collected: PreviewEvents, step: StepEventMetadata) -> None:
    if step.type in WORKLOADS and step.new and (description := (step.new.outputs or {}).get("description")):
        collected.workloads.append(mark_unknown(description))


def mark_unknown(value: Any) -> Any:
    """Return a value of the engine with `UNKNOWN` for what it does not know."""
    if isinstance(value, str):
        return UNKNOWN if value == rpc.UNKNOWN else value
    if isinstance(value, Mapping):
        return {key: mark_unknown(entry) for key, entry in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, Sequence):
        return [mark_unknown(entry) for entry in cast("Sequence[Any]", value)]
    return value


def _strip_colours(message: str) -> str:
    """Return a message without the engine's colour codes."""
    text = message
    while "<{%" in text and "%}>" in text:
        head, _, rest = text.partition("<{%")
        text = head + rest.partition("%}>")[2]
    return text.strip()
