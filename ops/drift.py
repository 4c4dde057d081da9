"""What somebody changed behind a stack's back, for the one who reviews it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .preview.events import Observed
from .preview.report import AccessChange, compare_access, title
from .verify.difference import compare


@dataclass(frozen=True)
class Drifted:
    """A resource that is not as it was deployed."""

    kind: str
    name: str
    differences: Sequence[str]
    """Each field, with what was deployed and what was found; never a secret's value."""


@dataclass(frozen=True)
class Drift:
    """How a stack differs from what is there."""

    stack: str
    resources: Sequence[Drifted]
    unchanged: int
    access: Sequence[AccessChange]
    errors: Sequence[str]

    @property
    def found(self) -> bool:
        """Whether there is any, or it can't be told."""
        return bool(self.errors or self.resources)


def drift_of(stack: str, observed: Observed) -> Drift:
    """Build the drift that a refresh observed."""
    drifted = list(_drifted(observed))
    stacks = sum("::pulumi:pulumi:Stack::" in urn for urn in observed.operations)
    unchanged = len(observed.operations) - stacks - len(drifted)
    return Drift(stack, drifted, unchanged, compare_access(observed), observed.errors)


def _drifted(observed: Observed) -> Iterator[Drifted]:
    for urn, operation in sorted(observed.operations.items()):
        if operation == "same" or "::pulumi:pulumi:Stack::" in urn:
            continue
        before, after = observed.before[urn], observed.after.get(urn)
        if after is None:
            yield Drifted(title(before), before.name, ["it is gone"])
        # What a server adds by itself changes its outputs alone.
        elif differences := [str(each) for each in compare(before.properties, after.properties, {})]:
            yield Drifted(title(before), before.name, differences)
