"""When the emulator's vaults make new versions by themselves."""

from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.azure.errors import AzureError
from sandbox.azure.lifetimes import find_end, is_certificate_due, is_key_due

DAY = 86400
MADE = int(datetime(2026, 1, 31, tzinfo=UTC).timestamp())


def rotate(**trigger: str) -> dict[str, Any]:
    return {"lifetimeActions": [{"trigger": trigger, "action": {"type": "Rotate"}}]}


@pytest.mark.parametrize(
    ("rotation", "days", "due"),
    [
        (rotate(timeAfterCreate="P90D"), 89, False),
        (rotate(timeAfterCreate="P90D"), 90, True),
        (rotate(timeAfterCreate="P1M"), 27, False),  # on 28 February
        (rotate(timeAfterCreate="P1M"), 28, True),
        (rotate(timeBeforeExpiry="P30D"), 69, False),
        (rotate(timeBeforeExpiry="P30D"), 70, True),
        ({"lifetimeActions": [{"trigger": {"timeBeforeExpiry": "P30D"}, "action": {"type": "Notify"}}]}, 99, False),
        ({}, 9999, False),
    ],
)
def test_a_key_is_rotated_when_its_policy_says(rotation: dict[str, Any], days: int, due: bool) -> None:
    attributes = {"created": MADE, "exp": MADE + 100 * DAY}

    assert is_key_due(rotation, attributes, MADE + days * DAY) is due


def test_a_duration_that_is_none_is_refused() -> None:
    with pytest.raises(AzureError, match="90 days is no duration"):
        is_key_due(rotate(timeAfterCreate="90 days"), {"created": MADE}, MADE)


def test_a_new_version_ends_as_the_policy_says() -> None:
    assert find_end({"attributes": {"expiryTime": "P28D"}}, MADE) == {"exp": MADE + 28 * DAY}
    assert find_end({}, MADE) == {}


@pytest.mark.parametrize(
    ("trigger", "action", "days", "due"),
    [
        ({"days_before_expiry": 30}, "AutoRenew", 69, False),
        ({"days_before_expiry": 30}, "AutoRenew", 70, True),
        ({"lifetime_percentage": 80}, "AutoRenew", 79, False),
        ({"lifetime_percentage": 80}, "AutoRenew", 80, True),
        ({"lifetime_percentage": 80}, "EmailContacts", 99, False),
    ],
)
def test_a_certificate_is_renewed_when_its_policy_says(
    trigger: dict[str, int], action: str, days: int, due: bool
) -> None:
    policy = {"lifetime_actions": [{"trigger": trigger, "action": {"action_type": action}}]}

    assert is_certificate_due(policy, {"nbf": MADE, "exp": MADE + 100 * DAY}, MADE + days * DAY) is due
