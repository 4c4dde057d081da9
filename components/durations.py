"""Durations and times that a user writes, each checked once, where it enters."""

import re
from collections.abc import Callable, Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, Field
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticKnownError

from .field_types import require_match

_DURATION = re.compile(r"([1-9][0-9]{0,8})([smhd])")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST = 10 * 365 * 24 * 3600
"""Seconds of the longest duration that is no slip: 10 years."""

_GO_PARTS = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|[smh])")


def _parse(value: object, units: str = "s, m or h", example: str = "20m") -> object:
    if isinstance(value, str):
        if not (match := _DURATION.fullmatch(value)) or match[2] not in units:
            raise ValueError(f'is not a duration: use a number with {units}, e.g. "{example}"')
        found = int(match[1]) * _UNIT_SECONDS[match[2]]
    elif isinstance(value, bool):
        raise PydanticKnownError("int_type")
    else:
        found = value
    if isinstance(found, int) and found > _LONGEST:
        raise ValueError("is longer than 10 years, 87600h: use less")
    return found


def parse_seconds(value: object) -> int | None:
    """Return a duration in seconds; `None` if `value` is none."""
    try:
        found = _parse(value)
    except ValueError:
        return None
    return found if isinstance(found, int) else None


def parse_age_seconds(value: object) -> object:
    """Return the seconds of an age, which may be in days; what isn't text as it is.

    :raises ValueError: It is text, and no age.
    """
    return _parse(value, "s, m, h or d", "90d")


def parse_go_seconds(text: str) -> float | None:
    """Return the seconds of a duration as a program in Go prints it, e.g. `2m0s`; `None` if `text` is none."""
    parts = _GO_PARTS.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(float(number) * (0.001 if unit == "ms" else _UNIT_SECONDS[unit]) for number, unit in parts)


def _check_go_duration(value: str) -> str:
    _parse(value)
    return value


def format_seconds(seconds: int) -> str:
    """Format a duration with the largest unit that it is a whole number of."""
    unit, size = next((unit, size) for unit, size in (("h", 3600), ("m", 60), ("s", 1)) if seconds % size == 0)
    return f"{seconds // size}{unit}"


def check_order(
    below: BaseModel, shorter: str, longer: str, *, show: Callable[[Any], str] = str, equal: bool = True
) -> Iterator[tuple[str, str]]:
    """Check that a duration is shorter than another.

    :param below: What has both.
    :param shorter: The field with the one that must not be longer.
    :param longer: The field with the other.
    :param show: Formats each of them.
    :param equal: Whether both may be the same.
    """
    least, most = getattr(below, shorter), getattr(below, longer)
    first, second = parse_seconds(least), parse_seconds(most)
    if first is None or second is None or first < second or (first == second and equal):
        return
    if shorter in below.model_fields_set:
        yield shorter, f"{show(least)} must be {'at most' if equal else 'less than'} {to_camel(longer)}, {show(most)}"
    else:
        yield longer, f"{show(most)} must be {'at least' if equal else 'more than'} {to_camel(shorter)}, {show(least)}"


Seconds = Annotated[int, Field(ge=1), BeforeValidator(_parse)]
"""A duration: whole seconds, or a number with `s`, `m` or `h`."""

Age = Annotated[int, Field(ge=1), BeforeValidator(parse_age_seconds)]
"""An age: whole seconds, or a number with `s`, `m`, `h` or `d`."""

SecondsOrNone = Annotated[int, Field(ge=0), BeforeValidator(_parse)]
"""As `Seconds`, or 0."""

GoDuration = Annotated[str, AfterValidator(_check_go_duration)]
"""A number with `s`, `m` or `h`, handed on as Go reads it, e.g. `2m`."""

IsoDuration = Annotated[
    str,
    require_match(
        r"P(?=[1-9])([1-9][0-9]{0,2}Y)?([1-9][0-9]{0,2}M)?([1-9][0-9]{0,2}W)?([1-9][0-9]{0,3}D)?",
        "is not a duration: use years, months, weeks or days as ISO 8601 writes them, e.g. P90D",
    ),
]
"""A duration as ISO 8601 writes it, in days or more, e.g. `P90D`."""

_GO_TIME = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?) ([-+]\d\d)(\d\d) \S+")


def _read_moment(value: object) -> object:
    # What stands without quotes in a stack's file reaches the program as Go prints a time.
    match = _GO_TIME.fullmatch(value) if isinstance(value, str) else None
    return f"{match[1]}T{match[2]}{match[3]}:{match[4]}" if match else value


Moment = Annotated[AwareDatetime, BeforeValidator(_read_moment)]
"""A time with its zone, as ISO 8601 writes it."""
