"""Drift of a stack: changes outside of it, for a reviewer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .preview.events import PreviewEvents
from .preview.report import AccessChange, compare_access, format_title
from .verify.difference import compare
from .verify.kubernetes_objects import is_reloaders


@dataclass(frozen=True)
class Drifted:
    """A resource that is not as it was deployed."""

    kind: str
    name: str
    differences: Sequence[str]
    """Fields, each with the deployed and the found value; never a secret's."""


@dataclass(frozen=True)
class Drift:
    """The drift of a stack."""

    stack: str
    resources: Sequence[Drifted]
    unchanged: int
    access: Sequence[AccessChange]
    errors: Sequence[str]

    @property
    def found(self) -> bool:
        """Whether there is drift, or the comparison failed."""
        return bool(self.errors or self.resources)


def build_drift(stack: str, events: PreviewEvents) -> Drift:
    """Build the drift from the events of a refresh."""
    drifted = list(_list_drifted(events))
    stacks = sum("::pulumi:pulumi:Stack::" in urn for urn in events.operations)
    unchanged = len(events.operations) - stacks - len(drifted)
    return Drift(stack, drifted, unchanged, compare_access(events), events.errors)


def _list_drifted(events: PreviewEvents) -> Iterator[Drifted]:
    for urn, operation in sorted(events.operations.items()):
        if operation == "same" or "::pulumi:pulumi:Stack::" in urn:
            continue
        before, after = events.before[urn], events.after.get(urn)
        if after is None:
            yield Drifted(format_title(before), before.name, ["it was deleted"])
        # A server's own additions change outputs alone.
        elif differences := [
            str(each) for each in compare(before.properties, after.properties, {}) if not is_reloaders(before, each)
        ]:
            yield Drifted(format_title(before), before.name, differences)
