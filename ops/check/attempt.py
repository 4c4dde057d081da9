"""Looking at one thing that may not be to be had."""

from collections.abc import Callable
from dataclasses import replace

from ..errors import OpsError
from ..findings import Finding, untried


def attempt(name: str, look: Callable[[], Finding]) -> Finding:
    """What `look` finds, under its name; where it can't be asked, that, which is no failure."""
    try:
        return replace(look(), name=name)
    except OpsError as error:
        return untried(str(error), name=name)
