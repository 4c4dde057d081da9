"""What the fake kubernetes provider waits for, by itself and by a program's own word."""

from typing import Any

import pytest

from sandbox.providers.readiness import has_failed, is_ready


def pod(**annotations: str) -> dict[str, Any]:
    return {"kind": "Pod", "metadata": {"uid": "7", "annotations": annotations}, "status": {"phase": "Pending"}}


def live(kind: str, spec: dict[str, Any] | None = None, generation: int = 1, **status: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"generation": generation}, "spec": spec or {}, "status": status}


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        (None, False),
        ("jsonpath={.metadata.uid}", True),
        ("jsonpath={.metadata.absent}", False),
        ("jsonpath={.metadata.uid.below}", False),
        ("jsonpath={.status.phase}=Pending", True),
        ("jsonpath={.status.phase}=Running", False),
    ],
)
def test_a_pod_that_is_not_ready_is_waited_for_unless_something_else_is(condition: str | None, met: bool) -> None:
    assert is_ready(pod(**{"pulumi.com/waitFor": condition} if condition else {})) is met


STATEFUL: dict[str, Any] = {"observedGeneration": 1, "currentRevision": "a", "updateRevision": "a", "replicas": 2}
ON_EACH: dict[str, Any] = {
    "currentNumberScheduled": 1,
    "updatedNumberScheduled": 1,
    "numberAvailable": 1,
    "numberReady": 1,
}


@pytest.mark.parametrize(
    ("ready", "there"),
    [
        (False, {}),
        (False, live("Deployment", {"replicas": 2}, observedGeneration=1, updatedReplicas=2, availableReplicas=1)),
        (False, live("Deployment", {"replicas": 1}, 2, observedGeneration=1, updatedReplicas=1, availableReplicas=1)),
        (True, live("Deployment", {"replicas": 2}, observedGeneration=1, updatedReplicas=2, availableReplicas=2)),
        (False, live("StatefulSet", {"replicas": 2}, **STATEFUL, readyReplicas=1, currentReplicas=2)),
        (True, live("StatefulSet", {"replicas": 2}, **STATEFUL, readyReplicas=2, currentReplicas=2)),
        (
            False,
            live(
                "StatefulSet",
                {"replicas": 2},
                **STATEFUL | {"updateRevision": "b"},
                readyReplicas=2,
                currentReplicas=2,
            ),
        ),
        (
            True,
            live(
                "StatefulSet",
                {"replicas": 2, "updateStrategy": {"type": "OnDelete"}},
                2,
                **STATEFUL | {"observedGeneration": 2, "updateRevision": "b"},
                readyReplicas=2,
            ),
        ),
        (False, live("DaemonSet")),
        (True, live("DaemonSet", observedGeneration=1, desiredNumberScheduled=0)),
        (True, live("DaemonSet", observedGeneration=1, desiredNumberScheduled=1, **ON_EACH)),
        (False, live("DaemonSet", observedGeneration=1, desiredNumberScheduled=1, **ON_EACH | {"numberReady": 0})),
        (False, live("Job", active=1)),
        (True, live("Job", conditions=[{"type": "Complete", "status": "True"}])),
        (True, live("CronJob")),
    ],
)
def test_a_controller_is_waited_for_until_its_pods_are_there(ready: bool, there: dict[str, Any]) -> None:
    assert is_ready(there) is ready


def test_a_job_that_has_failed_is_waited_for_no_longer() -> None:
    assert has_failed(live("Job", conditions=[{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]))
    assert not has_failed(live("Job", active=1))
