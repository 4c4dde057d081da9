"""A preview for a reviewer: access gained and lost, guardrails violated, the impact of replacements and deletions."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from strongroom.policy.rules import RULES, UNKNOWN, Declared
from strongroom.policy.rules.kinds.kubernetes import PROVIDER_CLASS
from strongroom.policy.rules.pods import PODS
from strongroom.policy.rules.rule import at, listed

from ..access.report import list_unread
from ..findings import Finding
from ..grants import Grant, Grants, describe_grants
from .events import Operation, PreviewEvents, Violation
from .impact import IMPACTS

_RULES = {rule.name: rule for rule in RULES}
_SHOWN = {"image", "replicas"}
"""Inputs whose values are shown, besides numbers and booleans."""


@dataclass(frozen=True)
class Change:
    """A resource that changes."""

    operation: Operation
    kind: str
    name: str
    inputs: Sequence[str]
    """Paths of the inputs that change, with old and new values of those that can't be secret."""


@dataclass(frozen=True)
class AccessChange:
    """A gain or loss of access."""

    gained: bool
    who: str
    may: str
    what: str
    by: str
    """The grant that gives, or gave, it."""


@dataclass(frozen=True)
class Guardrail:
    """A guardrail that a resource violates."""

    rule: str
    mandatory: bool
    """Whether it stops the update."""

    resource: str
    problem: str
    reason: str
    fix: str


@dataclass(frozen=True)
class Cost:
    """The impact of a change of a resource: what is lost or interrupted."""

    operation: Operation
    kind: str
    name: str
    lost: str
    final: bool
    """Whether something is lost that the stack can't restore."""


@dataclass(frozen=True)
class Preview:
    """The effects of an update of a stack."""

    stack: str
    changes: Sequence[Change]
    unchanged: int
    access: Sequence[AccessChange]
    guardrails: Sequence[Guardrail]
    costs: Sequence[Cost]
    warnings: Sequence[str]
    errors: Sequence[str]
    against: str
    """Title of the state or checkout that it is compared with."""

    weakened: Sequence[str] = ()
    """How it weakens the guardrails: levels, options, rules."""

    unread: Sequence[str] = ()
    """Values that the stack still writes, and that no workload reads any more."""

    existing: Sequence[Finding] = ()
    """Findings about foreign objects: in the place of what is to be created, or in a namespace that is deleted."""

    @property
    def refused(self) -> bool:
        """Whether the update would be refused, or the preview failed."""
        is_others = any(found.state == "failed" for found in self.existing)
        return bool(self.errors) or is_others or any(guardrail.mandatory for guardrail in self.guardrails)

    @property
    def counts(self) -> Mapping[Operation, int]:
        """Number of resources by operation."""
        return Counter(change.operation for change in self.changes)


def build_preview(
    stack: str,
    events: PreviewEvents,
    against: str = "what is deployed",
    weakened: Sequence[str] = (),
    existing: Sequence[Finding] = (),
) -> Preview:
    """Build the preview of events.

    :param against: Title of the state or checkout that it is compared with.
    :param weakened: How it weakens the guardrails.
    :param existing: Findings about foreign objects.
    """
    operations: dict[str, Operation] = {
        urn: what for urn, what in events.operations.items() if "::pulumi:pulumi:Stack::" not in urn
    }
    changed: dict[str, Operation] = {urn: what for urn, what in operations.items() if what != "same"}
    return Preview(
        stack=stack,
        changes=[_build_change(urn, what, events) for urn, what in sorted(changed.items(), key=_get_order)],
        unchanged=len(operations) - len(changed),
        access=compare_access(events),
        guardrails=[_build_guardrail(each) for each in events.violations],
        costs=[*_list_costs(changed, events), *_list_stale_secrets(events)],
        unread=_find_unread(events),
        warnings=events.warnings,
        errors=events.errors,
        against=against,
        weakened=weakened,
        existing=existing,
    )


def format_title(resource: Declared) -> str:
    """Format a resource's type in a word or two."""
    return _format_type(resource, resource.urn)


def _get_order(entry: tuple[str, Operation]) -> tuple[int, str, str]:
    urn, what = entry
    kind, _, name = urn.rpartition("::")
    return ("replace", "delete", "update", "create", "same").index(what), name, kind


def _build_change(urn: str, operation: Operation, events: PreviewEvents) -> Change:
    before, after = events.before.get(urn), events.after.get(urn)
    inputs = [_format_input(path, before, after) for path in events.paths.get(urn, ())] if before and after else []
    return Change(operation, _format_type(after or before, urn), _get_name(urn), inputs)


def _format_type(resource: Declared | None, urn: str) -> str:
    """Format a resource's type in a word or two."""
    kind = resource.type if resource else urn.split("::")[-2]
    package, _, last = kind.rpartition(":")
    return f"provider {last}" if package == "pulumi:providers" else last


def _get_name(urn: str) -> str:
    return urn.rpartition("::")[2]


def _format_input(path: str, before: Declared, after: Declared) -> str:
    old, new = (_get_at(resource.properties, path) for resource in (before, after))
    shown = path.rpartition(".")[2] in _SHOWN or all(isinstance(value, bool | int | float) for value in (old, new))
    if shown and old != new:
        return f"{path}: {_format_value(old)} → {_format_value(new)}"
    return path


def _format_value(value: object) -> str:
    if value is UNKNOWN:
        return "(not known yet)"
    if isinstance(value, bool):
        return str(value).lower()
    return "(none)" if value is None else str(value)


def _get_at(value: Any, path: str) -> Any:
    """Return the value at `path`, as the engine writes it: `spec.containers[0].image`."""
    for step in path.replace("[", ".[").split("."):
        if step.startswith("["):
            entries, index = listed(value), step[1:-1]
            value = entries[int(index)] if index.isdigit() and int(index) < len(entries) else None
        else:
            value = at(value, step)
    return value


def compare_access(events: PreviewEvents) -> list[AccessChange]:
    """Compare who may read what before and after."""
    before, after = describe_grants(events.before.values()), describe_grants(events.after.values())

    def build(found: Iterable[Grant], gained: bool, by: Grants) -> list[AccessChange]:
        return [AccessChange(gained, each.who, each.may, each.what, by[each]) for each in sorted(found)]

    return [
        *build(after.keys() - before.keys(), True, after),
        *build(before.keys() - after.keys(), False, before),
    ]


def _find_unread(events: PreviewEvents) -> list[str]:
    before = set(list_unread(events.before.values()))
    return [name for name in list_unread(events.after.values()) if name not in before]


def _build_guardrail(violation: Violation) -> Guardrail:
    rule = _RULES.get(violation.rule)
    lines = violation.message.splitlines()
    if rule is None:
        return Guardrail(
            violation.rule, violation.level == "mandatory", _get_name(violation.urn), " ".join(lines), "", ""
        )
    # The engine puts the rule's text before its report.
    problem = lines[1] if len(lines) > 1 else lines[0]
    return Guardrail(
        violation.rule, violation.level == "mandatory", _get_name(violation.urn), problem, rule.reason, rule.fix
    )


def _list_costs(changed: Mapping[str, Operation], events: PreviewEvents) -> Iterable[Cost]:
    for urn, operation in sorted(changed.items(), key=_get_order):
        resource = events.before.get(urn)
        if resource is None or (operation != "update" and urn in events.retained):
            continue
        impact, kind, name = IMPACTS.get(resource.kind), _format_type(resource, urn), resource.name
        if operation in {"replace", "delete"} and impact:
            yield Cost(
                operation,
                kind,
                name,
                impact.on_replacement if operation == "replace" else impact.on_removal,
                impact.final,
            )
        elif operation == "update" and resource.kind in PODS and _is_restart(resource.kind, events.paths.get(urn, ())):
            yield Cost(operation, kind, name, "its pods are replaced by new ones, a few at a time", False)


def _list_stale_secrets(events: PreviewEvents) -> Iterable[Cost]:
    """List Kubernetes Secrets whose type is to change: neither Kubernetes nor the driver changes it.

    (Kubernetes' source: "ValidateSecretUpdate")
    """
    before = {place: kind for place, kind, _ in _list_copies(events.before)}
    for place, kind, urn in _list_copies(events.after):
        if before.get(place, kind) != kind:
            lost = (
                f"Secret {place} keeps the type {before[place]}: Kubernetes can't change it to {kind}, and the driver "
                "does not replace it; choose another secretName"
            )
            yield Cost(events.operations[urn], _format_type(events.after[urn], urn), _get_name(urn), lost, False)


def _list_copies(resources: Mapping[str, Declared]) -> Iterable[tuple[str, str, str]]:
    """List the Secrets of SecretProviderClasses: each as `namespace/name`, with its type and the URN."""
    for urn, resource in resources.items():
        if resource.kind == PROVIDER_CLASS:
            for secret in listed(resource.at("spec", "secretObjects")):
                place = f"{resource.at('metadata', 'namespace')}/{at(secret, 'secretName')}"
                yield place, str(at(secret, "type")), urn


def _is_restart(kind: str, paths: Sequence[str]) -> bool:
    template = ".".join(PODS[kind])
    return bool(template) and any(path.startswith(template) for path in paths)
