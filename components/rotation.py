"""How long a mounted secret may stay unread: known without loading a provider."""

import re
from typing import Annotated

from pydantic import AfterValidator

from .field_types import GoDuration

LONGEST_POLL = 120
"""Seconds. Kubelet waits two minutes for a mount and asks again. A driver that polls less often takes the directory
that it made by then for a fresh mount, and lets the pod start without its secrets. (Secrets Store CSI Driver 1.6.0)"""

_PARTS = re.compile(r"([0-9]+(?:\.[0-9]+)?)(h|ms|m|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def check_poll_interval(interval: str) -> str | None:
    """Say why the driver must not poll at `interval`, as the end of a sentence; `None` if it may.

    :param interval: A Go duration; of other text nothing is known here.
    """
    parts = _PARTS.findall(interval)
    if "".join(number + unit for number, unit in parts) != interval:
        return None
    if sum(float(number) * _SECONDS[unit] for number, unit in parts) <= LONGEST_POLL:
        return None
    return "must be 2m or less: a driver that polls less often lets pods start without their secrets when a store hangs"


def _poll_interval(value: str) -> str:
    if fault := check_poll_interval(value):
        raise ValueError(fault)
    return value


PollInterval = Annotated[GoDuration, AfterValidator(_poll_interval)]
"""How often the driver reads mounted secrets again: at least every two minutes."""
