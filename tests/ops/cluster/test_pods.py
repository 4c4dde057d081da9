"""Pods, and commands in their containers, at the seam of the kubernetes client."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes.client import ApiClient, Configuration
from kubernetes.client.exceptions import ApiException

from strongroom.ops.cluster import pods as module
from strongroom.ops.cluster.pods import Container, NoShellError, Pod, Pods
from strongroom.ops.errors import NotAllowedError, OpsError, UnreachableError
from strongroom.ops.pulumi.stack import Cluster, DeployedWorkload

POD = Pod("shop", "orders-0", "", (Container("orders", "/mnt/secrets", 65532),))
WORKLOAD = DeployedWorkload.model_construct(
    name="orders", namespace="shop", secret_provider_class="orders", controller="Deployment"
)


class Session:
    """A stream that has ended with a status."""

    def __init__(self, status: dict[str, Any] | None, *, is_open: bool = False) -> None:
        self._status = status
        self._is_open = is_open

    def run_forever(self, timeout: float) -> None:
        assert timeout == 60

    def is_open(self) -> bool:
        return self._is_open

    def close(self) -> None:
        self._is_open = False

    def read_channel(self, _: int) -> str:
        return json.dumps(self._status) if self._status else ""

    def read_stdout(self) -> str:
        return "printed"


def document(**change: Any) -> dict[str, Any]:
    """A pod as the API server has it."""
    mount = {"name": "secrets", "mountPath": "/mnt/secrets"}
    file = {"name": "secrets", "mountPath": "/etc/app/tls.pem", "subPath": "tls.pem"}
    csi = {"driver": "secrets-store.csi.k8s.io", "volumeAttributes": {"secretProviderClass": "orders"}}
    pod = {
        "metadata": {"name": "orders-0", "namespace": "shop"},
        "spec": {
            "securityContext": {"runAsUser": 65532},
            "containers": [
                {"name": "orders", "volumeMounts": [mount, file, {"name": "scratch", "mountPath": "/scratch"}]},
                {"name": "root", "volumeMounts": [mount], "securityContext": {"runAsUser": 0}},
                {"name": "other"},
            ],
            "volumes": [{"name": "secrets", "csi": csi}, {"name": "scratch", "emptyDir": {}}],
        },
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
    }
    return {**pod, **change}


def cluster(monkeypatch: pytest.MonkeyPatch, *documents: Any) -> tuple[Pods, list[Any]]:
    """The pods of a cluster that responds with these documents, the last one again, and what it was asked."""
    api = ApiClient(Configuration(host="http://127.0.0.1:1"))
    asked: list[Any] = []
    left = list(documents)

    def call_api(method: str, url: str, headers: Any = None, body: Any = None, *_: Any, **__: Any) -> Any:
        asked.append((method, url.partition("/api/v1")[2], headers, body))
        data = left.pop(0) if len(left) > 1 else left[0]
        return SimpleNamespace(
            status=200, reason="", data=json.dumps(data).encode(), read=lambda: None, headers={}, getheaders=dict
        )

    monkeypatch.setattr(api, "call_api", call_api)
    monkeypatch.setattr(module, "connect", lambda _: api)
    return Pods(Cluster()), asked


def streaming(monkeypatch: pytest.MonkeyPatch, result: Session | Exception) -> Pods:
    def stream(_: object, *given: Any, **options: Any) -> Session:
        assert (given, options["container"], options["command"]) == (("orders-0", "shop"), "orders", ["id"])
        if isinstance(result, Exception):
            raise result
        return result

    monkeypatch.setattr(module, "stream", stream)
    return cluster(monkeypatch, {})[0]


def test_what_a_command_prints_is_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    assert streaming(monkeypatch, Session({"status": "Success"})).run(POD, "orders", ["id"]) == "printed"


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        (Session({"status": "Failure", "message": 'exec: "sh": executable file not found in $PATH'}), NoShellError),
        (Session({"status": "Failure", "message": "command terminated with exit code 127"}), NoShellError),
        (Session({"status": "Failure", "message": "command terminated with exit code 1"}), OpsError),
        (Session(None), OpsError),
        (Session(None, is_open=True), UnreachableError),
        (ApiException(status=0, reason="Handshake status 403 Forbidden -+-+- {} -+-+- b''"), NotAllowedError),
        (ApiException(status=0, reason="[Errno 111] Connection refused"), UnreachableError),
    ],
)
def test_a_command_that_does_not_run_is_an_error_of_its_kind(
    result: Session | Exception, kind: type[OpsError], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OpsError) as caught:
        streaming(monkeypatch, result).run(POD, "orders", ["id"])

    assert type(caught.value) is kind


def test_pods_that_live_are_listed_with_the_containers_that_mount_their_files(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = {"name": "orders", "ready": False, "image": "", "imageID": "", "restartCount": 0}
    waiting["state"] = {"waiting": {"reason": "CreateContainerConfigError"}}
    items = [
        document(),
        document(metadata={"name": "gone", "namespace": "shop", "deletionTimestamp": "2026-01-01T00:00:00Z"}),
        document(status={"phase": "Failed"}),
        document(status={"phase": "Pending", "containerStatuses": [waiting]}),
    ]
    pods, asked = cluster(monkeypatch, {"items": items})

    ready, pending = pods.list(WORKLOAD)

    assert asked[0][1] == "/namespaces/shop/pods?labelSelector=app.kubernetes.io/name%3Dorders"
    assert ready.containers == (
        Container("orders", "/mnt/secrets", 65532, {"/etc/app/tls.pem": "tls.pem"}),
        Container("root", "/mnt/secrets", 0),
    )
    assert ready.problem == ""
    assert pending.problem == "Pending (orders: CreateContainerConfigError)"


def test_an_ephemeral_container_runs_as_the_same_user_and_is_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.secrets, "token_hex", lambda _: "1")
    spec = {"containers": [], "ephemeralContainers": [{"name": "strongroom-1", "image": "busybox"}]}
    spec["ephemeralContainers"][0]["targetContainerName"] = "orders"
    status = {"name": "strongroom-1", "ready": False, "image": "", "imageID": "", "restartCount": 0}
    running = document(spec=spec, status={"ephemeralContainerStatuses": [{**status, "state": {"running": {}}}]})
    pods, asked = cluster(monkeypatch, document(), document(), running)

    assert pods.add_shell(POD, POD.containers[0], "busybox") == "strongroom-1"
    _, (method, url, headers, body), _ = asked
    (added,) = body["spec"]["ephemeralContainers"]
    assert (method, url) == ("PATCH", "/namespaces/shop/pods/orders-0/ephemeralcontainers?fieldManager=strongroom")
    assert headers["Content-Type"] == "application/strategic-merge-patch+json"
    assert (added["targetContainerName"], added["securityContext"]["runAsUser"]) == ("orders", 65532)

    assert pods.add_shell(POD, POD.containers[0], "busybox") == "strongroom-1"
    assert len([each for each in asked if each[0] == "PATCH"]) == 1
