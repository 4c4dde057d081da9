"""What a preview says of a stack's resources: before, after, and what happens to each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from pulumi.automation import EngineEvent, OpType
from pulumi.automation.events import StepEventMetadata
from pulumi.runtime import rpc

from strongroom.policy.rules import UNKNOWN, Declared

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
"""What the engine says of itself: that a stand-in of the sandbox is one, and that it fails."""

_LEAVING = {OpType.DELETE, OpType.DELETE_REPLACED}


@dataclass(frozen=True)
class Broken:
    """A guardrail that a resource breaks, as the engine tells it."""

    rule: str
    level: str
    urn: str
    message: str


@dataclass
class Observed:
    """A stack, before and after."""

    before: dict[str, Declared] = field(default_factory=dict[str, Declared])
    """What is deployed, by URN."""

    after: dict[str, Declared] = field(default_factory=dict[str, Declared])
    """What will be."""

    operations: dict[str, Operation] = field(default_factory=dict[str, Operation])
    """What happens to each."""

    retained: set[str] = field(default_factory=set[str])
    """Those that the engine forgets instead of deleting them."""

    paths: dict[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    """The inputs that change."""

    broken: list[Broken] = field(default_factory=list[Broken])
    """The guardrails that don't hold."""

    warnings: list[str] = field(default_factory=list[str])
    errors: list[str] = field(default_factory=list[str])


def of_events(events: Iterable[EngineEvent]) -> Observed:
    """What the engine's events say. It has hidden secrets' values in them already."""
    observed = Observed()
    for event in events:
        if event.resource_pre_event:
            _step(observed, event.resource_pre_event.metadata)
        elif event.policy_event:
            told = event.policy_event
            observed.broken.append(
                Broken(told.policy_name, told.enforcement_level, told.resource_urn or "", _plain(told.message))
            )
        else:
            _diagnose(observed, event)
    return observed


def of_refresh(events: Iterable[EngineEvent]) -> Observed:
    """What the engine's events of a refresh say: `before` is what was deployed, `after` what is there."""
    observed = Observed()
    for event in events:
        if event.res_outputs_event:
            _refreshed(observed, event.res_outputs_event.metadata)
        else:
            _diagnose(observed, event)
    return observed


def _diagnose(observed: Observed, event: EngineEvent) -> None:
    if event.diagnostic_event and event.diagnostic_event.severity in {"warning", "error"}:
        kept = observed.errors if event.diagnostic_event.severity == "error" else observed.warnings
        text = _plain(event.diagnostic_event.message)
        if not any(noise in text for noise in _NOISE) and not any(earlier in text for earlier in kept):
            kept.append(text)


def _refreshed(observed: Observed, step: StepEventMetadata) -> None:
    operation = _OPERATIONS.get(step.op)
    if operation is None or step.old is None:
        return
    before = Declared(step.type, step.urn, known(step.old.inputs or {}))
    observed.operations[step.urn] = operation
    observed.before[step.urn] = before
    if operation == "same":
        observed.after[step.urn] = before
    elif step.new and operation != "delete":
        observed.after[step.urn] = Declared(step.type, step.urn, known(step.new.inputs or {}))


def _step(observed: Observed, step: StepEventMetadata) -> None:
    operation = _OPERATIONS.get(step.op)
    if operation is None:
        return
    observed.operations[step.urn] = operation
    if step.old:
        observed.before.setdefault(step.urn, Declared(step.type, step.urn, known(step.old.inputs or {})))
        if step.old.retain_on_delete:
            observed.retained.add(step.urn)
    if step.new and step.op not in _LEAVING:
        observed.after[step.urn] = Declared(step.type, step.urn, known(step.new.inputs or {}))
    changed = [str(path) for path in step.detailed_diff or step.diffs or ()]
    if changed:
        observed.paths[step.urn] = sorted(changed)


def known(value: Any) -> Any:
    """A value of the engine's, with `UNKNOWN` where it knows none."""
    if isinstance(value, str):
        return UNKNOWN if value == rpc.UNKNOWN else value
    if isinstance(value, Mapping):
        return {key: known(entry) for key, entry in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, Sequence):
        return [known(entry) for entry in cast("Sequence[Any]", value)]
    return value


def _plain(message: str) -> str:
    """A message without the engine's marks for colours."""
    text = message
    while "<{%" in text and "%}>" in text:
        head, _, rest = text.partition("<{%")
        text = head + rest.partition("%}>")[2]
    return text.strip()
