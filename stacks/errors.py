"""Faults in a stack's configuration, told to the person who wrote it."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

NAMESPACE = "strongroom"

Location = tuple[int | str, ...]

_BITS = 512
"""Of the largest number that is repeated. Python refuses to write one of more than 4,300 digits."""

_LONGEST = 140
"""Characters of a text that is repeated whole."""

_PLAIN = re.compile(r"[A-Za-z0-9_/@-]+")
"""A key that needs no quotes in a path."""

_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [-+]\d{4} \S+")
"""How Go prints a time, and so how one without quotes reaches the program."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with one key."""

    location: Location
    """The key, from the top of the namespace down."""

    problem: str
    """What is wrong and how to right it; never a secret's value."""

    meant: Location | None = None
    """The key that was probably meant: it is no fault of its own that this one is missing."""

    @property
    def key(self) -> str:
        """The key as `pulumi config` has it, e.g. `strongroom:workloads[0].name` or `strongroom:seeds["a.b"]`."""
        return f"{NAMESPACE}:{''.join(map(_step, self.location)).removeprefix('.')}"

    def __str__(self) -> str:
        return f"{self.key}: {self.problem}"


class InvalidSettingsError(pulumi.RunError):
    """The stack's configuration has faults; nothing was registered. Its text lists them all."""

    def __init__(self, stack: str, faults: Sequence[Fault]) -> None:
        self.faults = list(faults)
        count = "a fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        lines = [
            f"Stack {stack} has {count} in its configuration; nothing was changed:",
            *map(str, self.faults),
        ]
        super().__init__("\n  ".join(lines))


def _step(step: int | str) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _PLAIN.fullmatch(step) else f"[{json.dumps(step)}]"


def shown(value: object) -> str:
    """A value as an error may repeat it: in one line, short, without the password of a URL."""
    if isinstance(value, int) and value.bit_length() > _BITS:
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
