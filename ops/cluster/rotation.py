"""How long the rotation of a value may take until it reaches a pod."""

from collections.abc import Iterable
from datetime import timedelta

from .installation import DaemonSet

GRACE = timedelta(minutes=3)
"""Allowed delay of a rotation after the poll interval, and of a record after a mount. (On a node: up to a minute)"""

_POLL = timedelta(minutes=2)
"""The charts' default poll interval."""


def find_allowed_delay(daemon_sets: Iterable[DaemonSet]) -> timedelta:
    """Find the allowed delay, by the poll interval of the driver among `daemon_sets`."""
    return (next((each.poll_interval for each in daemon_sets if each.drives), None) or _POLL) + GRACE
