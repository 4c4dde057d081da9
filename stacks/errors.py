"""Errors in a stack's configuration, as its author reads them."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from strongroom.components.cross_checks import Location
from strongroom.components.errors import StrongroomError

NAMESPACE = "strongroom"

_LARGEST_BITS = 512
"""The size of the largest number that a message repeats. Python refuses to write one of more than 4,300 digits."""

_LONGEST = 140
"""The length of the longest text that a message repeats whole."""

_BARE = re.compile(r"[A-Za-z0-9_/@-]+")
"""A key that needs no quotes in a path."""

_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [-+]\d{4} \S+")
"""A time as Go prints it: what YAML has without quotes reaches the program like this."""


@dataclass(frozen=True)
class ValidationIssue:
    """An error in the value of one key."""

    location: Location
    """The key, from the top of the namespace down."""

    message: str
    """What is wrong and how to fix it: a sentence without its full stop, and without any secret's value."""

    suggested: Location | None = None
    """The key that was probably meant. That it is missing is not reported as well."""

    @property
    def key(self) -> str:
        """The key as `pulumi config` names it, e.g. `strongroom:workloads[0].name` or `strongroom:seeds["a.b"]`."""
        return f"{NAMESPACE}:{''.join(map(_format_step, self.location)).removeprefix('.')}"

    def __str__(self) -> str:
        return f"{self.key}: {self.message}."


class InvalidSettingsError(StrongroomError, pulumi.RunError):
    """A configuration with errors, all of which its text lists. No resource was registered."""

    def __init__(self, stack: str, issues: Sequence[ValidationIssue]) -> None:
        self.issues = list(issues)
        count = "an error" if len(self.issues) == 1 else f"{len(self.issues)} errors"
        lines = [
            f"Stack {stack} is refused, and nothing was changed. Its configuration has {count}:",
            *map(str, self.issues),
        ]
        super().__init__("\n  ".join(lines))


def _format_step(step: int | str) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _BARE.fullmatch(step) else f"[{json.dumps(step)}]"


def format_value(value: object) -> str:
    """Format a value for an error message: in one line, short, without the password of a URL."""
    if isinstance(value, int) and value.bit_length() > _LARGEST_BITS:
        return "a number of hundreds of digits"
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value)
    if not isinstance(value, str):
        return "a list" if isinstance(value, Sequence) else "a mapping"
    if len(lines := value.splitlines()) > 1:
        return f"a text of {len(lines)} lines"
    if len(value) <= _LONGEST and _TIME.fullmatch(value):
        return f"{value!r}, as YAML reads a time without quotes,"
    text = re.sub(r"//[^/\s]*@", "//***@", value)
    return f"{text[:40]!a}… ({len(value)} characters)" if len(text) > _LONGEST else ascii(text)
