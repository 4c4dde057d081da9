"""Pods seen from within: each has what the store holds, and a reason where that was not looked at."""

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from strongroom.ops.cluster.client import ProviderClass
from strongroom.ops.cluster.delivery import Delivery
from strongroom.ops.cluster.pods import Container, NoShellError, Pod
from strongroom.ops.errors import AbsentError, NotAllowedError, OpsError
from strongroom.ops.pulumi.stack import DeployedWorkload
from strongroom.ops.store.base import CurrentVersion, DeniedError, ExpectedFile
from strongroom.ops.verify import Check, PodChecks, pod_checks
from strongroom.ops.verify.pod_script import compute_digest

VALUE = b"canary"
WORKLOAD = DeployedWorkload.model_validate(
    {
        "name": "orders",
        "namespace": "shop",
        "serviceAccount": "orders",
        "secretProviderClass": "orders",
        "identity": {},
        "objects": [{"name": "password", "object": "db", "key": "password", "env": "DB_PASSWORD"}],
    }
)
DELIVERY = Delivery(
    ProviderClass("vault", {}, places={("orders-env", "password"): "password"}), "vault", "", frozenset({"password"})
)
READY = Pod("shop", "orders-0", "", (Container("orders", "/mnt/secrets", 65532),))
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


class Cluster:
    """A cluster whose containers have these files and variables: by default what they must."""

    def __init__(
        self,
        files: Mapping[str, tuple[str, bytes | None]] | None = None,
        variable: bytes | None = VALUE,
        secret: Any = ("Opaque", {"password": VALUE}),
        **change: Any,
    ) -> None:
        self.files = {"password": ("644 0", VALUE)} if files is None else files
        self.variable, self.secret = variable, secret
        self.pods: Any = [READY]
        self.no_exec: OpsError | None = None
        self.user = 65532
        self.images: list[str] = []
        vars(self).update(change)

    def list(self, _: DeployedWorkload) -> Any:
        if isinstance(self.pods, Exception):
            raise self.pods
        return self.pods

    def run(self, pod: Pod, container: str, command: Sequence[str]) -> str:
        del pod
        salt, root, mount, *names = command[4:]
        assert mount == "/mnt/secrets"
        if self.no_exec and container == "orders":
            raise self.no_exec
        assert root == ("/proc/1/root" if container == "shell" else "")
        found = [(f"file {seen}", name, value) for name, (seen, value) in self.files.items()]
        found += [("kept", name, self.variable) for name in names]
        lines = [
            f"{seen} {'-' if value is None else compute_digest(salt, value)} {name}\n" for seen, name, value in found
        ]
        return "".join([f"user {self.user}\n", *lines])

    def add_shell(self, pod: Pod, container: Container, image: str) -> str:
        self.images.append(image)
        assert (pod, container) == (READY, READY.containers[0])
        return "shell"

    def read_secret_data(self, *_: str) -> Any:
        if isinstance(self.secret, Exception):
            raise self.secret
        return self.secret

    def list_daemon_sets(self) -> Any:
        raise NotAllowedError("no")


def checks(
    cluster: Cluster,
    monkeypatch: pytest.MonkeyPatch,
    *,
    contents: Any = None,
    changed: datetime = LONG_AGO,
    image: str | None = None,
    workload: DeployedWorkload = WORKLOAD,
) -> list[Check]:
    def read(_: object) -> Any:
        if isinstance(contents, Exception):
            raise contents
        return contents or {"password": VALUE}

    for name in ("Pods", "ClusterClient", "Installed"):
        monkeypatch.setattr(pod_checks, name, lambda _: cluster)
    file = ExpectedFile("password", "m/data/db", lambda _: None, lambda _: CurrentVersion("7", changed), read)
    stack: Any = SimpleNamespace(kubernetes=None)
    session: Any = object()
    return list(PodChecks(stack, image).run(workload, DELIVERY, [file], session))


def results(found: Sequence[Check]) -> dict[str, bool | None]:
    return {check.what: check.passed for check in found}


def one_wrong(found: Sequence[Check]) -> str:
    """The detail of the one check that failed."""
    (wrong,) = [check for check in found if check.passed is False]
    return wrong.detail


def test_a_pod_with_what_the_store_holds_passes_and_no_value_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    found = checks(Cluster(), monkeypatch)

    assert results(found) == {
        "pod orders-0 has its files": True,
        "pod orders-0 has its variables": True,
        "its Secret orders-env has the store's values": True,
    }
    assert found[0].detail == "password (0644, user 0); read as user 65532"
    assert "canary" not in str(found)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "missing: password"),
        ({"password": ("644 0", VALUE), "other": ("644 0", b"x")}, "surplus: other"),
        ({"password": ("444 0", VALUE)}, "password has the mode 0444, and 0644 was deployed"),
        ({"password": ("644 7", VALUE)}, "password belongs to user 7, and 0 writes it"),
        ({"password": ("644 0", None)}, "password can't be read by user 65532 of the container"),
        ({"password": ("644 0", b"old")}, "another value than the store, which was written at 2026-01-01 00:00:00Z"),
    ],
)
def test_what_a_pod_has_otherwise_is_a_failure(
    files: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert message in one_wrong(checks(Cluster(files), monkeypatch))


def test_a_variable_and_a_secret_with_other_values_are_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "restart the pod" in one_wrong(checks(Cluster(variable=b"old"), monkeypatch))
    assert one_wrong(checks(Cluster(variable=None), monkeypatch)) == "DB_PASSWORD is not set"
    other = ("Opaque", {"password": b"old"})
    assert one_wrong(checks(Cluster(secret=other), monkeypatch)) == "password has another value than the store"
    other = ("Opaque", {"more": b""})
    assert one_wrong(checks(Cluster(secret=other), monkeypatch)) == (
        "it lacks password; it has the key more, which its class does not name"
    )
    assert one_wrong(checks(Cluster(secret=AbsentError("none")), monkeypatch)) == "none"
    split = ("kubernetes.io/tls", {"password": b"a part of it"})
    assert False not in results(checks(Cluster(secret=split), monkeypatch)).values()


def test_a_value_younger_than_a_rotation_takes_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster({"password": ("644 0", b"old")}, b"old", ("Opaque", {"password": b"old"}))

    found = checks(cluster, monkeypatch, changed=datetime.now(UTC) - timedelta(minutes=4))

    assert results(found) == {
        "pod orders-0 has its files": True,
        "pod orders-0 has the store's values": None,
        "pod orders-0 has its variables": None,
        "its Secret orders-env has the store's values": True,
    }
    assert "younger than a rotation" in found[1].detail


@pytest.mark.parametrize("contents", [DeniedError("no"), OpsError("no"), {"password": None}])
def test_without_the_stores_value_all_else_is_looked_at(contents: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    found = checks(Cluster(), monkeypatch, contents=contents)

    assert results(found)["pod orders-0 has the store's values"] is None
    assert "missing" in one_wrong(checks(Cluster({}), monkeypatch, contents=contents))


def test_files_of_several_versions_are_expected_each_with_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {"password/0": VALUE, "password/1": b"old"}
    files = {name: ("644 0", value) for name, value in versions.items()}

    assert None not in results(checks(Cluster(files), monkeypatch, contents=versions)).values()
    files["password/1"] = ("644 0", VALUE)
    assert "password/1 has another value" in one_wrong(checks(Cluster(files), monkeypatch, contents=versions))


@pytest.mark.parametrize(
    ("pods", "message"),
    [
        ([], "it has none"),
        ([Pod("shop", "orders-0", "Pending (orders: ContainerCreating)", ())], "orders: ContainerCreating"),
        ([Pod("shop", "orders-0", "", ())], "no container mounts them"),
        (OpsError("down"), "down"),
    ],
)
def test_a_pod_that_has_no_files_or_is_not_ready_is_a_failure(
    pods: Any, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert message in one_wrong(checks(Cluster(pods=pods), monkeypatch))


@pytest.mark.parametrize(
    ("error", "message"),
    [(NotAllowedError("no"), "get and create on pods/exec"), (NoShellError("no sh"), "--debug-image")],
)
def test_a_container_that_can_not_be_looked_at_is_skipped_with_the_right_or_image_that_is_needed(
    error: OpsError, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = checks(Cluster(no_exec=error), monkeypatch)

    assert results(found)["pod orders-0 has its files"] is None
    assert message in found[0].detail


def test_a_container_without_a_shell_is_looked_at_from_an_ephemeral_one(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(no_exec=NoShellError("no sh"))

    found = results(checks(cluster, monkeypatch, image="busybox"))

    assert (found["pod orders-0 has its files"], found["pod orders-0 has its variables"]) == (True, None)
    assert cluster.images == ["busybox"]
    unknown = [Pod("shop", "orders-0", "", (Container("orders", "/mnt/secrets", None),))]
    cluster = Cluster(no_exec=NoShellError("no sh"), pods=unknown)
    assert "leaves the user of orders to its image" in checks(cluster, monkeypatch, image="busybox")[0].detail


def test_an_agents_files_belong_to_the_containers_user(monkeypatch: pytest.MonkeyPatch) -> None:
    workload = WORKLOAD.model_copy(update={"delivery": "agent-injector"})
    cluster = Cluster({"password": ("644 65532", VALUE)})

    assert False not in results(checks(cluster, monkeypatch, workload=workload)).values()


def test_what_akv2k8s_injects_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    workload = WORKLOAD.model_copy(update={"delivery": "akv2k8s"})

    assert results(checks(Cluster(), monkeypatch, workload=workload)) == {"its pods can be looked at": None}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (VALUE, None),
        (b"old", "/etc/app/password has another value than the store: it keeps the one that its container started"),
        (None, "/etc/app/password can not be read"),
    ],
)
@pytest.mark.parametrize("image", [None, "busybox"])
def test_a_file_at_a_path_of_its_own_is_compared_also_from_an_ephemeral_container(
    monkeypatch: pytest.MonkeyPatch, value: bytes | None, message: str | None, image: str | None
) -> None:
    container = Container("orders", "/mnt/secrets", 65532, {"/etc/app/password": "password"})
    monkeypatch.setattr(sys.modules[__name__], "READY", Pod("shop", "orders-0", "", (container,)))
    no_exec = NoShellError("no sh") if image else None
    found = checks(
        Cluster(variable=value, pods=[READY], no_exec=no_exec),
        monkeypatch,
        image=image,
        workload=WORKLOAD.model_copy(update={"objects": ()}),
    )

    (check,) = [each for each in found if each.what == "pod orders-0 has files at paths of their own"]
    assert (check.passed, message or "/etc/app/password") == (
        message is None,
        check.detail[: len(message or check.detail)],
    )
