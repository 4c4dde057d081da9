"""The driver's log, and what it says of pods."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from strongroom.ops.cluster import driver_records as module
from strongroom.ops.cluster.driver_records import DriverRecords, Mount
from strongroom.ops.pulumi.stack import Cluster, DeployedWorkload

WORKLOAD = DeployedWorkload.model_construct(name="orders", namespace="shop")
FAILED = """\
E1128 13:58:48.426587       1 nodeserver.go:245] "failed to mount secrets store object content" err=<
	Code: 403. Errors:
 > pod="shop/{0}" isRemountRequest=true
"""
DONE = 'I1128 13:58:49.000000       1 nodeserver.go:268] "node publish volume complete" pod="shop/{0}" time="70ms"\n'


def pod(name: str, node: str | None, owner: str = "") -> Any:
    owners = [SimpleNamespace(name=owner)] if owner else None
    metadata = SimpleNamespace(name=name, owner_references=owners)
    return SimpleNamespace(metadata=metadata, spec=SimpleNamespace(node_name=node))


def test_a_pods_last_record_counts_in_the_logs_of_its_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = {
        "shop": [pod("orders-0", "a"), pod("orders-1", None)],
        "csi": [pod("driver-a", "a", "driver"), pod("driver-b", "b", "driver"), pod("other", "a", "provider")],
    }
    log = FAILED.format("orders-0") + FAILED.format("orders-2") + DONE.format("orders-2") + DONE.format("orders-3")
    read: list[tuple[str, ...]] = []

    def read_log(*of: str, **_: Any) -> str:
        read.append(of)
        return log + FAILED.format("orders-0").replace("shop/", "bank/")

    core = SimpleNamespace(
        list_namespaced_pod=lambda namespace, **_: SimpleNamespace(items=listed[namespace]),
        read_namespaced_pod_log=read_log,
    )
    monkeypatch.setattr(module, "connect", lambda _: None)
    monkeypatch.setattr(module.client, "CoreV1Api", lambda _: core)

    found = DriverRecords(Cluster(), WORKLOAD).read_failing_mounts("csi/driver")

    assert found == {"orders-0": FAILED.format("orders-0").strip()}
    assert read == [("driver-a", "csi")]


def test_the_pods_are_read_once_for_all_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def list_pods(namespace: str, **_: Any) -> Any:
        asked.append(namespace)
        orders = pod("orders-0", "a")
        orders.metadata.deletion_timestamp = None
        orders.status = SimpleNamespace(conditions=[])
        return SimpleNamespace(items=[orders])

    monkeypatch.setattr(module, "connect", lambda _: None)
    monkeypatch.setattr(module.client, "CoreV1Api", lambda _: SimpleNamespace(list_namespaced_pod=list_pods))
    records = DriverRecords(Cluster(), WORKLOAD)

    assert records.read_nodes() == {"a"}
    assert records.read_ready_pods() == {}
    assert asked == ["shop"]


def test_a_mount_has_the_versions_that_the_provider_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    at = "2026-03-01T00:00:00Z"
    metadata = {"creationTimestamp": at, "managedFields": [{"time": "2026-03-02T00:00:00Z"}]}
    status: dict[str, Any] = {"podName": "orders-0", "secretProviderClassName": "orders"}
    objects = [{"id": "secret/db", "version": "7"}, {"id": "token"}]
    listed = [
        {"metadata": metadata, "status": {**status, "objects": objects}},
        {"metadata": metadata, "status": status},
    ]
    custom = SimpleNamespace(list_namespaced_custom_object=lambda *_: {"items": listed})
    monkeypatch.setattr(module, "connect", lambda _: None)
    monkeypatch.setattr(module.client, "CustomObjectsApi", lambda _: custom)

    written = datetime(2026, 3, 2, tzinfo=UTC)
    assert DriverRecords(Cluster(), WORKLOAD).read_mounts() == [
        Mount("orders-0", "orders", written, {"secret/db": "7", "token": ""}),
        Mount("orders-0", "orders", written, {}),
    ]
