"""Findings of `check` and `doctor`: what was looked at, its state, and how to fix it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from .errors import OpsError

State = Literal["ok", "warning", "failed", "skipped"]


@dataclass(frozen=True)
class Finding:
    """The result of one look."""

    name: str
    """What was looked at, e.g. `provider`."""

    state: State
    """`skipped` is no failure: `seen` says why it could not be found out."""

    seen: str
    """What was seen; never a secret's value."""

    fix: str = ""
    """How to fix it, if something must be done."""

    @classmethod
    def ok(cls, seen: str, *, name: str = "") -> "Finding":
        """Build the finding of something that is as it must be."""
        return cls(name, "ok", seen)

    @classmethod
    def warning(cls, seen: str, fix: str, *, name: str = "") -> "Finding":
        """Build the finding of something that works, but may not for long or for everybody."""
        return cls(name, "warning", seen, fix)

    @classmethod
    def failed(cls, seen: str, fix: str, *, name: str = "") -> "Finding":
        """Build the finding of something that can't work."""
        return cls(name, "failed", seen, fix)

    @classmethod
    def skipped(cls, reason: str, *, name: str = "") -> "Finding":
        """Build the finding of something that could not be found out, with the reason."""
        return cls(name, "skipped", reason)


def attempt(name: str, look: Callable[[], Finding]) -> Finding:
    """Return the finding of `look` under `name`, or a skipped one if a server gives no response."""
    try:
        return replace(look(), name=name)
    except OpsError as error:
        return Finding.skipped(str(error), name=name)
