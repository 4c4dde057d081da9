"""Drift, in the words of a preview."""

from typing import Any

import pytest

from strongroom.ops.drift import build_drift
from strongroom.ops.preview.events import Operation, PreviewEvents
from strongroom.ops.preview.markdown import format_drift
from strongroom.policy.rules import Declared

URN = "urn:pulumi:local::strongroom::vault:index/policy:Policy::"
POLICY = 'path "strongroom/data/{}" {{ capabilities = ["read"] }}'


def previewed(before: dict[str, Any], after: dict[str, Any] | None, operation: Operation = "update") -> PreviewEvents:
    urn = f"{URN}kubernetes.shop.orders"
    found = PreviewEvents(operations={urn: operation}, before={urn: Declared("vault:index/policy:Policy", urn, before)})
    if after is not None:
        found.after[urn] = Declared("vault:index/policy:Policy", urn, after)
    return found


def test_a_field_that_was_changed_is_shown_as_deployed_and_as_found() -> None:
    drift = build_drift("local", previewed({"name": "a", "policy": "one"}, {"name": "a", "policy": "two"}))

    assert drift.found
    assert [each.differences for each in drift.resources] == [['policy: expected "one", found "two"']]
    reported = format_drift(drift)
    assert "**1 resource is not as deployed**, 0 are." in reported
    assert "`pulumi refresh --stack local`, then `pulumi up --stack local`" in reported


def test_a_deleted_resource_is_reported() -> None:
    drift = build_drift("local", previewed({"name": "a"}, None, "delete"))

    assert [each.differences for each in drift.resources] == [["it was deleted"]]


def test_what_a_server_changes_of_its_own_is_no_drift() -> None:
    drift = build_drift("local", previewed({"name": "a"}, {"name": "a", "tags": []}))

    assert (drift.found, drift.unchanged) == (False, 1)
    assert "**None**: 1 resource is as deployed." in format_drift(drift)


@pytest.mark.parametrize(
    ("annotations", "found"), [({"secret.reloader.stakater.com/reload": "orders-env"}, 0), ({}, 1)]
)
def test_what_reloader_adds_where_it_was_asked_to_is_no_drift(annotations: dict[str, str], found: int) -> None:
    def build(*env: dict[str, str]) -> dict[str, Any]:
        template = {"spec": {"containers": [{"name": "orders", **({"env": list(env)} if env else {})}]}}
        return {"metadata": {"annotations": annotations}, "spec": {"template": template}}

    events = previewed(build(), build({"name": "STAKATER_ORDERS_ENV_SECRET", "value": "a"}))

    assert len(build_drift("local", events).resources) == found


def test_a_value_that_may_be_a_secret_is_not_shown() -> None:
    drift = build_drift("local", previewed({"value": "old-canary"}, {"value": "new-canary"}))

    assert drift.found
    assert "canary" not in format_drift(drift)


def test_a_comparison_that_failed_is_no_absence_of_drift() -> None:
    failed = PreviewEvents(errors=["error: Vault is sealed"])

    assert build_drift("local", failed).found
    assert "Vault is sealed" in format_drift(build_drift("local", failed))
