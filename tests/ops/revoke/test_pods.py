"""How the pods of each kind are stopped."""

from types import SimpleNamespace
from typing import Any

import pytest

from strongroom.ops.errors import AbsentError
from strongroom.ops.pulumi.stack import Cluster, DeployedAttachment
from strongroom.ops.revoke import step as steps
from strongroom.ops.revoke.pods import PodRevocation
from tests.ops.test_verify import ORDERS

REPLICAS = SimpleNamespace(replicas=2)
AT_WORK = SimpleNamespace(active=[SimpleNamespace(name="orders-1")], completion_time=None)


class Calls(list[tuple[Any, ...]]):
    """What was asked of the API server, which has one object."""

    def __init__(self, spec: Any, status: Any) -> None:
        self.found = SimpleNamespace(spec=spec, status=status)

    def answer(self, kind: str, verb: str, name: str, *body: Any, **_: Any) -> Any:
        if verb == "read":
            if self.found is None:
                raise AbsentError("gone")
            return self.found
        self.append((verb, kind, name, *body))
        if verb == "delete":
            self.found = None
        elif name == "orders":
            vars(self.found.spec).update(body[0]["spec"])
        return None


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "_PAUSES", (0, 0))


def stop(monkeypatch: pytest.MonkeyPatch, spec: Any, status: Any = None, **workload: Any) -> tuple[Any, Calls]:
    calls = Calls(SimpleNamespace(**vars(spec)), status)
    monkeypatch.setattr(PodRevocation, "_call", calls.answer)
    monkeypatch.setattr(PodRevocation, "_disown", lambda *_: None)
    return PodRevocation(Cluster(), ORDERS.model_copy(update=workload)).build_step().run(dry_run=False), calls


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_what_has_replicas_has_none(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    found, calls = stop(monkeypatch, REPLICAS, controller=kind)

    assert found.seen == f"stopped: {kind} orders, 2 to 0"
    assert calls == [("patch", kind, "orders", {"spec": {"replicas": 0}})]


def test_a_cron_job_is_suspended_with_its_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    _, calls = stop(monkeypatch, SimpleNamespace(suspend=False), AT_WORK, controller="CronJob")

    suspended = {"spec": {"suspend": True}}
    assert calls[:2] == [("patch", "CronJob", "orders", suspended), ("patch", "Job", "orders-1", suspended)]


def test_a_job_that_is_complete_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    complete = SimpleNamespace(active=None, completion_time="2026-01-01T00:00:00Z")

    assert stop(monkeypatch, SimpleNamespace(suspend=None), complete, controller="Job")[1] == []


@pytest.mark.parametrize("kind", ["DaemonSet", "Pod"])
def test_what_can_have_no_fewer_pods_is_deleted_unless_it_is_somebody_elses(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    assert stop(monkeypatch, SimpleNamespace(), controller=kind)[1] == [("delete", kind, "orders")]

    attachment = DeployedAttachment(name="web", containers=())
    found, calls = stop(monkeypatch, SimpleNamespace(), controller=kind, attachment=attachment)
    assert (found.state, calls) == ("failed", [])
    assert f"{kind} web is somebody else's" in found.seen


def test_pods_of_others_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    found, calls = stop(monkeypatch, SimpleNamespace(), controller="none")

    assert (found.state, calls) == ("failed", [])
    assert "others make its pods" in found.seen
