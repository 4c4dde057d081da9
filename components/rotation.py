"""How long a mounted secret may stay unread: known without loading a provider."""

from typing import Annotated

from pydantic import AfterValidator

from .durations import GoDuration, parse_go_seconds

LONGEST_POLL = 120
"""Seconds. Kubelet waits two minutes for a mount and asks again. A driver that polls less often takes the directory
that it made by then for a fresh mount, and lets the pod start without its secrets. (Secrets Store CSI Driver 1.6.0)"""


def check_poll_interval(interval: str) -> str | None:
    """Say why the driver must not poll at `interval`, as the end of a sentence; `None` if it may.

    :param interval: A Go duration; of other text nothing is known here.
    """
    seconds = parse_go_seconds(interval)
    if seconds is None or seconds <= LONGEST_POLL:
        return None
    return "must be 2m or less: a driver that polls less often lets pods start without their secrets when a store hangs"


def _check_poll_interval(value: str) -> str:
    if issue := check_poll_interval(value):
        raise ValueError(issue)
    return value


PollInterval = Annotated[GoDuration, AfterValidator(_check_poll_interval)]
"""How often the driver reads mounted secrets again: at least every two minutes."""
