"""Figures: two things measured in turn, and how they compare."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from .measure import Usage


@dataclass(frozen=True)
class Figure:
    """What Strongroom takes for something, beside what something else takes for it, in the same run."""

    part: str
    """The letter of the part that it is of."""

    what: str
    """What is done."""

    against: str
    """What it is held against."""

    ours: Sequence[Usage]
    """One a round."""

    theirs: Sequence[Usage]
    """One a round, measured right before or after."""

    size: int | None = None
    """How many workloads, where it depends on that."""

    at_most: float | None = None
    """The greatest ratio that is good enough, where there is one."""

    def ratio(self, of: str) -> float:
        """The median of the rounds' ratios.

        :param of: A field of `Usage`.
        """
        pairs = zip(self.ours, self.theirs, strict=True)
        return median(getattr(our, of) / max(getattr(their, of), 0.001) for our, their in pairs)

    def seconds(self) -> tuple[float, float]:
        """The medians of both sides' times."""
        return median(usage.wall for usage in self.ours), median(usage.wall for usage in self.theirs)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {**asdict(self), "ratios": {name: round(self.ratio(name), 3) for name in ("wall", "cpu", "memory")}}


@dataclass(frozen=True)
class Growth:
    """How much longer ten times as many workloads take."""

    what: str
    small: int
    large: int
    ours: float
    theirs: float
    at_most: float = 11

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


def growths(figures: Sequence[Figure]) -> list[Growth]:
    """The growth of whatever was measured with two sizes of which one is ten times the other."""
    found: list[Growth] = []
    for small in figures:
        for large in figures:
            if (
                small.size
                and large.size
                and large.size == 10 * small.size
                and (small.what, small.part) == (large.what, large.part)
            ):
                before, after = small.seconds(), large.seconds()
                found.append(Growth(small.what, small.size, large.size, after[0] / before[0], after[1] / before[1]))
    return found
