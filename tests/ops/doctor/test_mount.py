"""Mounts of pods that run: their ages beside the store's."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from strongroom.ops.cluster.driver_records import Mount
from strongroom.ops.doctor.mount import check_mount
from strongroom.ops.errors import NotAllowedError, OpsError
from strongroom.ops.store.base import CurrentVersion, DeniedError, ExpectedFile

NOW = datetime.now(UTC)


def ago(**length: float) -> datetime:
    return NOW - timedelta(**length)


def context(
    written: datetime,
    changed: datetime | Exception | None,
    *,
    poll: timedelta | None = None,
    versions: dict[str, str] | None = None,
    twice: bool = False,
    **change: Any,
) -> Any:
    """A workload whose one pod has files of one time, and whose object is of another."""

    def find_version(_: object) -> CurrentVersion | None:
        if isinstance(changed, Exception):
            raise changed
        return CurrentVersion("7", changed) if changed else None

    def read_failing_mounts(_: str) -> dict[str, str]:
        raise NotAllowedError("no")

    records = SimpleNamespace(
        read_failing_mounts=read_failing_mounts,
        read_ready_pods=lambda: {"orders-0": ago(hours=2)},
        read_mounts=lambda: [
            Mount("orders-0", "orders", written, versions or {}),
            Mount("orders-0", "other", ago(days=9), {}),
        ],
    )
    found = SimpleNamespace(
        has_kubelet=True,
        records=records,
        workload=SimpleNamespace(secret_provider_class="orders", namespace="shop"),
        login=object(),
        expected_files=[
            ExpectedFile("db", "strongroom/data/db", lambda _: None, find_version, object_id="secret/db"),
            *([ExpectedFile("first", "version 1", lambda _: None, object_id="secret/db")] if twice else []),
        ],
        daemon_sets=[SimpleNamespace(path="kube-system/csi", drives=True, poll_interval=poll)],
    )
    return SimpleNamespace(**{**vars(found), **change})


def test_a_rotation_that_does_not_come_is_warned_of_with_the_log_that_has_it() -> None:
    found = check_mount(context(ago(hours=1), ago(minutes=9)))

    assert found.state == "warning"
    assert (
        f"strongroom/data/db has version 7 since {ago(minutes=9):%Y-%m-%d %H:%M:%SZ}, and orders-0 has its files as of"
        in (found.seen)
    )
    assert "kubectl logs -n kube-system daemonset/csi -c secrets-store" in found.fix
    assert "isRemountRequest=true" in found.fix


@pytest.mark.parametrize(
    ("mounted", "written", "twice", "state"),
    [
        ("6", ago(minutes=1), False, "warning"),  # another object was rotated since
        ("7", ago(hours=1), False, "ok"),
        ("6", ago(minutes=1), True, "ok"),  # either file's version
        ("", ago(hours=1), False, "warning"),  # by age: the provider has no key for its digests
    ],
)
def test_a_version_that_the_driver_records_is_compared_with_the_stores(
    mounted: str, written: datetime, twice: bool, state: str
) -> None:
    found = check_mount(context(written, ago(minutes=9), versions={"secret/db": mounted}, twice=twice))

    assert found.state == state
    assert ("and orders-0 has version 6. Rotations fail" in found.seen) == (state == "warning" and bool(mounted))


@pytest.mark.parametrize(
    ("written", "changed", "poll"),
    [
        (ago(minutes=1), ago(minutes=9), None),  # rotated since
        (ago(hours=1), ago(minutes=1), None),  # its turn has not come yet
        (ago(hours=3), ago(minutes=30), timedelta(hours=1)),  # nor here
        (ago(hours=1), None, None),  # the store does not say
        (ago(hours=1), DeniedError("no"), None),  # the policy's link has said so
        (ago(hours=1), OpsError("no"), None),
    ],
)
def test_what_may_yet_be_rotated_is_not_blamed(
    written: datetime, changed: datetime | Exception | None, poll: timedelta | None
) -> None:
    found = check_mount(context(written, changed, poll=poll))

    assert (found.state, found.seen[:23]) == ("ok", "1 of 1 ready pods have ")


def test_without_a_login_ages_are_not_compared() -> None:
    assert check_mount(context(ago(hours=1), ago(minutes=9), login=DeniedError("no"))).state == "ok"


@pytest.mark.parametrize("change", [{"has_kubelet": False}, {"records": SimpleNamespace(read_ready_pods=dict)}])
def test_what_no_kubelet_has_mounted_is_skipped(change: dict[str, Any]) -> None:
    assert check_mount(context(NOW, NOW, **change)).state == "skipped"


def test_a_rotation_that_fails_is_warned_of_at_once_with_what_the_drivers_log_says() -> None:
    record = (
        'E1128 13:58:48.426587       1 nodeserver.go:245] "failed to mount secrets store object content" err=<\n'
        '\trpc error: code = Unknown desc = error making mount request: couldn\'t read secret "token": error '
        "requesting secret: Error making API request.\n\t\n\tURL: GET https://127.0.0.1:10386/v1/strongroom/data/ledger\n"
        "\tCode: 403. Errors:\n\t\n\t* 1 error occurred:\n\t\t* permission denied\n\t\n"
        ' > pod="shop/orders-0" isRemountRequest=true'
    )
    asked: list[str] = []

    def read_failing_mounts(driver: str) -> dict[str, str]:
        asked.append(driver)
        return {"orders-0": record, "neighbour-0": record}

    given = context(ago(minutes=1), ago(minutes=9))
    given.records.read_failing_mounts = read_failing_mounts

    found = check_mount(given)

    assert (found.state, asked) == ("warning", ["kube-system/csi"])
    assert found.seen.startswith("orders-0 has its files as of ")
    assert "* permission denied. It means: the login works, and the policy" in found.seen
    given.records.read_failing_mounts = lambda _: {"neighbour-0": record}
    assert check_mount(given).state == "ok"
