"""Durations that must follow each other."""

from collections.abc import Iterator, Mapping
from typing import Any

from strongroom.components.durations import parse_seconds

from ..errors import Location, ValidationIssue


def check_order(
    place: Location,
    below: Mapping[str, Any],
    shorter: str,
    longer: str,
    defaults: tuple[object, object],
    *,
    equal: bool = True,
) -> Iterator[ValidationIssue]:
    """Check that a duration is shorter than another.

    :param place: The location of both, and `below` the values there.
    :param shorter: The key of the one that must not be longer.
    :param longer: The key of the other.
    :param defaults: Their defaults if omitted.
    :param equal: Whether both may be the same.
    """
    least, most = (below.get(key, default) for key, default in zip((shorter, longer), defaults, strict=True))
    first, second = parse_seconds(least), parse_seconds(most)
    if first is None or second is None or first < second or (first == second and equal):
        return
    if shorter in below:
        bound = "at most" if equal else "less than"
        yield ValidationIssue((*place, shorter), f"{least} must be {bound} {longer}, {most}")
    else:
        bound = "at least" if equal else "more than"
        yield ValidationIssue((*place, longer), f"{most} must be {bound} {shorter}, {least}")
