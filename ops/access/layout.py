"""Layout of a picture in columns: few crossings, no overlaps, and neighbours side by side."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..grants import Step

COLUMNS = 4
_SWEEPS = 4


@dataclass(frozen=True)
class Spot:
    """A place in a column: of a node, or of a line that passes."""

    column: int
    steps: tuple[Step, ...]
    """The node's step, or the two steps that a passing line joins."""

    @property
    def passed(self) -> bool:
        """Whether a line passes there."""
        return len(self.steps) > 1


Line = tuple[Spot, ...]
"""A line from one node to the next one of a path, with the spots that it passes between."""


def list_lines(path: Sequence[Step]) -> list[Line]:
    """List the lines of a path: the holder is in the first column, the secret in the last one."""
    last = len(path) - 1
    nodes = [
        Spot(number if number == 0 else COLUMNS - 1 - (last - number), (step,)) for number, step in enumerate(path)
    ]
    return [
        (one, *(Spot(column, one.steps + other.steps) for column in range(one.column + 1, other.column)), other)
        for one, other in pairwise(nodes)
    ]


def place_spots(drawn: Iterable[Line], height: float, passing: float, gap: float) -> Mapping[Spot, float]:
    """Compute the middle of each spot, from 0 downwards.

    Columns are ordered by the barycentre of each node's neighbours, and nodes put as near to their neighbours' middle
    as the order and the gaps allow. (Sugiyama, Tagawa, Toda: "Methods for visual understanding of hierarchical system
    structures")

    :param height: Height of a node.
    :param passing: Height of a passing line.
    :param gap: Gap between the spots of a column.
    """
    columns: list[dict[Spot, None]] = [{} for _ in range(COLUMNS)]
    before: dict[Spot, dict[Spot, None]] = defaultdict(dict)
    after: dict[Spot, dict[Spot, None]] = defaultdict(dict)
    for line in drawn:
        for spot in line:
            columns[spot.column][spot] = None
        for one, other in pairwise(line):
            after[one][other] = before[other][one] = None
    ordered = _order_columns([list(column) for column in columns], before, after)
    heights = {spot: passing if spot.passed else height for column in ordered for spot in column}
    middles = _stack_spots(ordered, heights, gap)
    for _ in range(_SWEEPS):
        for column, beside in [*((each, before) for each in ordered[1:]), *((each, after) for each in ordered[-2::-1])]:
            wanted = [_compute_mean([middles[other] for other in beside[spot]], middles[spot]) for spot in column]
            middles.update(zip(column, _spread(wanted, [heights[spot] for spot in column], gap), strict=True))
    top = min((middle - heights[spot] / 2 for spot, middle in middles.items()), default=0)
    return {spot: round(middle - top, 1) for spot, middle in middles.items()}


def _order_columns(
    columns: list[list[Spot]], before: Mapping[Spot, Iterable[Spot]], after: Mapping[Spot, Iterable[Spot]]
) -> list[list[Spot]]:
    for _ in range(_SWEEPS):
        for numbers, beside, step in ((range(1, COLUMNS), before, -1), (range(COLUMNS - 2, -1, -1), after, 1)):
            for number in numbers:
                rank = {spot: index for index, spot in enumerate(columns[number + step])}
                own = {spot: index for index, spot in enumerate(columns[number])}
                columns[number].sort(key=lambda spot: _compute_mean([rank[each] for each in beside[spot]], own[spot]))
    return columns


def _stack_spots(columns: Sequence[Sequence[Spot]], heights: Mapping[Spot, float], gap: float) -> dict[Spot, float]:
    middles: dict[Spot, float] = {}
    for column in columns:
        edge = 0.0
        for spot in column:
            middles[spot] = edge + heights[spot] / 2
            edge += heights[spot] + gap
    return middles


def _spread(wanted: Sequence[float], heights: Sequence[float], gap: float) -> list[float]:
    """Return the middles nearest to `wanted` that order and gaps allow, by least squares: pool adjacent violators."""
    offsets, offset = [0.0], 0.0
    for one, other in pairwise(heights):
        offset += (one + other) / 2 + gap
        offsets.append(offset)
    blocks: list[tuple[float, int]] = []
    for middle, own in zip(wanted, offsets, strict=False):
        total, count = middle - own, 1
        while blocks and blocks[-1][0] / blocks[-1][1] >= total / count:
            total, count = total + blocks[-1][0], count + blocks[-1][1]
            blocks.pop()
        blocks.append((total, count))
    free = [total / count for total, count in blocks for _ in range(count)]
    return [each + own for each, own in zip(free, offsets, strict=False)]


def _compute_mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
