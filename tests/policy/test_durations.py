"""Durations that people can read."""

import pytest

from strongroom.policy.rules.durations import format_duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (45, "45s"), (1800, "30m"), (14401, "4h 1s"), (172800, "48h"), (32400000.0, "9000h (375 days)")],
)
def test_a_duration_is_in_hours_minutes_and_seconds(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
