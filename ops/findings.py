"""What was looked at, what was seen, and what to do about it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from .errors import OpsError

State = Literal["ok", "warned", "broken", "not tried"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    """What it is called, e.g. `provider`."""

    state: State
    """How it is. `not tried` is no failure: `seen` says why it could not be found out."""

    seen: str
    """What was seen; never a secret's value."""

    fix: str = ""
    """What to do about it, where something must be done."""


def ok(seen: str, *, name: str = "") -> Finding:
    """Something that is as it must be."""
    return Finding(name, "ok", seen)


def warned(seen: str, fix: str, *, name: str = "") -> Finding:
    """Something that works, and may not for long or for everybody."""
    return Finding(name, "warned", seen, fix)


def broken(seen: str, fix: str, *, name: str = "") -> Finding:
    """Something that can't work."""
    return Finding(name, "broken", seen, fix)


def untried(reason: str, *, name: str = "") -> Finding:
    """Something that could not be found out, and why."""
    return Finding(name, "not tried", reason)


def attempt(name: str, look: Callable[[], Finding]) -> Finding:
    """What `look` finds, under its name; where it can't be asked, that, which is no failure."""
    try:
        return replace(look(), name=name)
    except OpsError as error:
        return untried(str(error), name=name)
