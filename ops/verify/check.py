"""One line of the proof."""

from dataclasses import dataclass

STACK = "stack"
"""Whose the lines are that concern all of a stack's workloads."""


@dataclass(frozen=True)
class Check:
    """One thing that was tried."""

    workload: str
    """`namespace/name`; `STACK` for what all workloads share."""

    what: str
    """What was tried, and whether it must work or be refused."""

    passed: bool | None
    """Whether it went as it must; `None` if it could not be tried here."""

    detail: str
    """What was seen; never a value."""

    asked: tuple[str, ...] = ()
    """What was asked of a server, e.g. `GET strongroom/data/db-pass`."""

    answered: str = ""
    """What it answered, in words; never a value."""
