"""What a change does, for whoever reviews it: access gained and lost, guardrails broken, what replacing costs."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from strongroom.policy.rules import RULES, UNKNOWN, Declared
from strongroom.policy.rules.kubernetes import PROVIDER_CLASS
from strongroom.policy.rules.pods import PODS
from strongroom.policy.rules.rule import at, listed

from ..access.report import list_unread
from ..findings import Finding
from ..grants import Grant, Grants, grants
from .events import Broken, Observed, Operation
from .impact import LOSSES

_RULES = {rule.name: rule for rule in RULES}
_SHOWN = {"image", "replicas"}
"""Inputs whose values are told, besides numbers and switches."""


@dataclass(frozen=True)
class Change:
    """A resource that doesn't stay as it is."""

    operation: Operation
    kind: str
    name: str
    inputs: Sequence[str]
    """Paths of the inputs that change, with old and new values of those that can't be secret."""


@dataclass(frozen=True)
class AccessChange:
    """Somebody gains or loses access."""

    gained: bool
    who: str
    may: str
    what: str
    by: str
    """What it comes by, or came by."""


@dataclass(frozen=True)
class Guardrail:
    """A guardrail that a resource breaks."""

    rule: str
    mandatory: bool
    """Whether it stops the update."""

    resource: str
    problem: str
    reason: str
    fix: str


@dataclass(frozen=True)
class Cost:
    """What a change of a resource costs: what is lost or interrupted."""

    operation: Operation
    kind: str
    name: str
    lost: str
    final: bool
    """Whether something is gone that nothing in the stack brings back."""


@dataclass(frozen=True)
class Preview:
    """What an update of a stack would do."""

    stack: str
    changes: Sequence[Change]
    unchanged: int
    access: Sequence[AccessChange]
    guardrails: Sequence[Guardrail]
    costs: Sequence[Cost]
    warnings: Sequence[str]
    errors: Sequence[str]
    against: str
    """What it is compared with."""

    weakened: Sequence[str] = ()
    """What it takes away from what judges it: levels, options, rules."""

    unread: Sequence[str] = ()
    """Values that the stack goes on writing and that nobody reads any more."""

    existing: Sequence[Finding] = ()
    """What is there and not the stack's own: in the place of what is to be created, or in a namespace that is deleted;
    and what of that was not found out."""

    @property
    def refused(self) -> bool:
        """Whether the update would be refused, or can't be told."""
        is_others = any(found.state == "failed" for found in self.existing)
        return bool(self.errors) or is_others or any(guardrail.mandatory for guardrail in self.guardrails)

    @property
    def counts(self) -> Mapping[Operation, int]:
        """How many resources each operation concerns."""
        return Counter(change.operation for change in self.changes)


def preview_of(
    stack: str,
    observed: Observed,
    against: str = "what is deployed",
    weakened: Sequence[str] = (),
    existing: Sequence[Finding] = (),
) -> Preview:
    """The preview that `observed` amounts to.

    :param against: What it is compared with.
    :param weakened: What it takes away from what judges it.
    :param existing: What is there already in the place of what is to be created, or goes with a namespace.
    """
    operations: dict[str, Operation] = {
        urn: what for urn, what in observed.operations.items() if "::pulumi:pulumi:Stack::" not in urn
    }
    changed: dict[str, Operation] = {urn: what for urn, what in operations.items() if what != "same"}
    return Preview(
        stack=stack,
        changes=[_change(urn, what, observed) for urn, what in sorted(changed.items(), key=_order)],
        unchanged=len(operations) - len(changed),
        access=compare_access(observed),
        guardrails=[_guardrail(each) for each in observed.broken],
        costs=[*_costs(changed, observed), *_stale_secrets(observed)],
        unread=_unread(observed),
        warnings=observed.warnings,
        errors=observed.errors,
        against=against,
        weakened=weakened,
        existing=existing,
    )


def title(resource: Declared) -> str:
    """What a resource is, in a word or two."""
    return _title(resource, resource.urn)


def _order(entry: tuple[str, Operation]) -> tuple[int, str, str]:
    urn, what = entry
    kind, _, name = urn.rpartition("::")
    return ("replace", "delete", "update", "create", "same").index(what), name, kind


def _change(urn: str, operation: Operation, observed: Observed) -> Change:
    before, after = observed.before.get(urn), observed.after.get(urn)
    inputs = [_told(path, before, after) for path in observed.paths.get(urn, ())] if before and after else []
    return Change(operation, _title(after or before, urn), _name(urn), inputs)


def _title(resource: Declared | None, urn: str) -> str:
    """What a resource is, in a word or two."""
    kind = resource.type if resource else urn.split("::")[-2]
    package, _, last = kind.rpartition(":")
    return f"provider {last}" if package == "pulumi:providers" else last


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def _told(path: str, before: Declared, after: Declared) -> str:
    old, new = (_at(resource.properties, path) for resource in (before, after))
    shown = path.rpartition(".")[2] in _SHOWN or all(isinstance(value, bool | int | float) for value in (old, new))
    if shown and old != new:
        return f"{path}: {_shown(old)} → {_shown(new)}"
    return path


def _shown(value: object) -> str:
    if value is UNKNOWN:
        return "(not known yet)"
    if isinstance(value, bool):
        return str(value).lower()
    return "(none)" if value is None else str(value)


def _at(value: Any, path: str) -> Any:
    """What is at `path`, as the engine spells it: `spec.containers[0].image`."""
    for step in path.replace("[", ".[").split("."):
        if step.startswith("["):
            entries, index = listed(value), step[1:-1]
            value = entries[int(index)] if index.isdigit() and int(index) < len(entries) else None
        else:
            value = at(value, step)
    return value


def compare_access(observed: Observed) -> list[AccessChange]:
    """Compare who may read what before and after."""
    before, after = grants(observed.before.values()), grants(observed.after.values())

    def told(found: Iterable[Grant], gained: bool, by: Grants) -> list[AccessChange]:
        return [AccessChange(gained, each.who, each.may, each.what, by[each]) for each in sorted(found)]

    return [
        *told(after.keys() - before.keys(), True, after),
        *told(before.keys() - after.keys(), False, before),
    ]


def _unread(observed: Observed) -> list[str]:
    before = set(list_unread(observed.before.values()))
    return [name for name in list_unread(observed.after.values()) if name not in before]


def _guardrail(broken: Broken) -> Guardrail:
    rule = _RULES.get(broken.rule)
    lines = broken.message.splitlines()
    if rule is None:
        return Guardrail(broken.rule, broken.level == "mandatory", _name(broken.urn), " ".join(lines), "", "")
    # The engine puts what must hold before what the rule reported.
    problem = lines[1] if len(lines) > 1 else lines[0]
    return Guardrail(broken.rule, broken.level == "mandatory", _name(broken.urn), problem, rule.reason, rule.fix)


def _costs(changed: Mapping[str, Operation], observed: Observed) -> Iterable[Cost]:
    for urn, operation in sorted(changed.items(), key=_order):
        resource = observed.before.get(urn)
        if resource is None or (operation != "update" and urn in observed.retained):
            continue
        loss, kind, name = LOSSES.get(resource.kind), _title(resource, urn), resource.name
        if operation in {"replace", "delete"} and loss:
            yield Cost(operation, kind, name, loss.replaced if operation == "replace" else loss.removed, loss.final)
        elif operation == "update" and resource.kind in PODS and _restarts(resource.kind, observed.paths.get(urn, ())):
            yield Cost(operation, kind, name, "its pods are replaced by new ones, a few at a time", False)


def _stale_secrets(observed: Observed) -> Iterable[Cost]:
    """Find Kubernetes Secrets that are to get another type: Kubernetes changes none, and the driver makes none anew.

    (Kubernetes' source: "ValidateSecretUpdate")
    """
    before = {place: kind for place, kind, _ in _list_copies(observed.before)}
    for place, kind, urn in _list_copies(observed.after):
        if before.get(place, kind) != kind:
            lost = (
                f"Secret {place} keeps the type {before[place]}: Kubernetes changes none to {kind}, and the driver "
                "does not make it anew; choose another secretName"
            )
            yield Cost(observed.operations[urn], _title(observed.after[urn], urn), _name(urn), lost, False)


def _list_copies(resources: Mapping[str, Declared]) -> Iterable[tuple[str, str, str]]:
    """List the Secrets that classes are copied to: each as `namespace/name`, with its type and the class's URN."""
    for urn, resource in resources.items():
        if resource.kind == PROVIDER_CLASS:
            for secret in listed(resource.at("spec", "secretObjects")):
                place = f"{resource.at('metadata', 'namespace')}/{at(secret, 'secretName')}"
                yield place, str(at(secret, "type")), urn


def _restarts(kind: str, paths: Sequence[str]) -> bool:
    template = ".".join(PODS[kind])
    return bool(template) and any(path.startswith(template) for path in paths)
