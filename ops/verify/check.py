"""The result of one check of `verify`."""

from dataclasses import dataclass

STACK = "stack"
"""Owner of the checks that concern all of a stack's workloads."""


@dataclass(frozen=True)
class Check:
    """The result of one check."""

    workload: str
    """`namespace/name`; `STACK` for what all workloads share."""

    what: str
    """Title: what must work or be refused."""

    passed: bool | None
    """Whether it passed; `None` if it was skipped."""

    detail: str
    """What was seen; never a value."""

    asked: tuple[str, ...] = ()
    """Requests to servers, e.g. `GET strongroom/data/db-pass`."""

    answered: str = ""
    """Responses, in words; never a value."""
