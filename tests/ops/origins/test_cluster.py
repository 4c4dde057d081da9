"""Who made an object of the cluster, by its metadata."""

from datetime import UTC, datetime
from typing import Any

import pytest

from strongroom.ops.origins.cluster import judge_metadata
from strongroom.ops.origins.origin import InterruptedUpdate, Origin

BEGUN = datetime(2026, 3, 1, 10, 0, 0, 500_000, UTC)
RAN = InterruptedUpdate(BEGUN, datetime(2026, 3, 1, 10, 0, 20, tzinfo=UTC))
DURING, BEFORE, LATER = "2026-03-01T10:00:00Z", "2026-03-01T09:59:59Z", "2026-03-01T10:02:00Z"


def document(made: str | None, *managers: str, subresource: str = "") -> dict[str, Any]:
    entries = [{"manager": manager, "subresource": subresource} for manager in managers]
    return {"metadata": {"name": "shop", "creationTimestamp": made, "managedFields": entries}}


def judged(found: dict[str, Any], ran: InterruptedUpdate = RAN, **options: Any) -> Origin:
    return judge_metadata(found, "Namespace shop", "rename it", ran, **options)


@pytest.mark.parametrize("manager", ["pulumi-kubernetes", "pulumi-kubernetes-1a2b3c4d", "pulumi-resource-kubernetes"])
def test_what_the_plugin_made_while_the_update_ran_is_the_stacks(manager: str) -> None:
    assert judged(document(DURING, "kube-controller-manager", manager)).maker == "stack"


@pytest.mark.parametrize("made", [BEFORE, DURING, LATER])
@pytest.mark.parametrize("manager", ["kubectl-create", "helm", "Terraform", "my-pulumi-kubernetes"])
def test_what_another_program_made_is_somebody_elses(made: str, manager: str) -> None:
    origin = judged(document(made, manager))

    assert origin.maker == "other"
    assert origin.reason == f"Namespace shop exists, made by {manager} at {made}"
    assert origin.fix == "rename it"


def test_what_another_stack_created_before_is_foreign() -> None:
    origin = judged(document(BEFORE, "pulumi-kubernetes"))

    assert origin.maker == "other"
    assert "made by pulumi-kubernetes" in origin.reason
    assert origin.reason.endswith("before the interrupted update began at 2026-03-01T10:00:00Z")


def test_what_another_stack_may_have_made_after_the_update_is_not_certain() -> None:
    assert judged(document(LATER, "pulumi-kubernetes")).maker == "unknown"


@pytest.mark.parametrize(
    "ran", [InterruptedUpdate(), InterruptedUpdate(begun=BEGUN), InterruptedUpdate(last_seen=RAN.last_seen)]
)
def test_without_the_updates_times_nothing_is_certain(ran: InterruptedUpdate) -> None:
    assert judged(document(DURING, "pulumi-kubernetes"), ran).maker == "unknown"


@pytest.mark.parametrize("made", [None, "", "yesterday", "2026-03-01T10:00:05"])
def test_without_the_objects_time_nothing_is_certain(made: str | None) -> None:
    assert judged(document(made, "pulumi-kubernetes")).maker == "unknown"


def test_who_wrote_a_status_did_not_make_the_object() -> None:
    assert judged(document(DURING, "pulumi-kubernetes", subresource="status")).maker == "unknown"
    assert judged(document(DURING)).maker == "unknown"


def test_a_release_that_helm_made_while_the_update_ran_may_be_anybodys() -> None:
    assert judged(document(DURING, "helm"), is_signed=False).maker == "unknown"
    assert judged(document(BEFORE, "helm"), is_signed=False).maker == "other"
