"""When a period ends, and another one begins."""

from datetime import UTC, datetime, timedelta

import pytest

from strongroom.components.rotation_period import Provider

DAY = 86400
OLD = {"began": (datetime.now(UTC) - timedelta(days=30)).isoformat(), "seconds": 90 * DAY}


@pytest.mark.parametrize(("seconds", "ended"), [(30 * DAY, True), (30 * DAY + 60, False)])
def test_a_period_ends_with_its_present_length_and_not_before(seconds: int, ended: bool) -> None:
    assert Provider().diff("period", OLD, {"seconds": seconds, "began": None}).changes is ended


def test_a_period_begins_now() -> None:
    provider, given = Provider(), {"seconds": 120, "began": None}

    for made in (provider.create(given).outs, provider.update("period", OLD, given).outs):
        assert made is not None
        assert datetime.now(UTC) - datetime.fromisoformat(made["began"]) < timedelta(seconds=5)
        assert not provider.diff("period", made, given).changes
