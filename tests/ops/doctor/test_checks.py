"""The checks of a workload, and the choice of the workload."""

from types import SimpleNamespace
from typing import Any

import pytest

from strongroom.ops.doctor import checks as module
from strongroom.ops.doctor.checks import Check, list_checks, run_checks
from strongroom.ops.doctor.context import DiagnosisContext
from strongroom.ops.doctor.diagnosis import diagnose, find_workload
from strongroom.ops.errors import NotAllowedError, OpsError
from strongroom.ops.findings import Finding
from strongroom.ops.pulumi.stack import DeployedStack, DeployedWorkload
from tests.support.sandboxed import ROOT

PAGE = (ROOT / "docs" / "doctor.md").read_text()


@pytest.mark.parametrize(
    ("delivery", "store"),
    [
        ("csi", "vault"),
        ("kubernetes-secret", "vault"),
        ("agent-injector", "vault"),
        ("csi", "azure-key-vault"),
        ("kubernetes-secret", "azure-key-vault"),
        ("akv2k8s", "azure-key-vault"),
    ],
)
def test_every_delivery_has_checks_with_unique_names(delivery: str, store: str) -> None:
    checks = list_checks(delivery, store)

    names = [check.name for check in checks]
    assert len(set(names)) == len(names)
    assert names[0] == ("driver" if delivery in {"csi", "kubernetes-secret"} else "webhook")
    assert {"service account", "identity", "object", "version"} <= set(names)
    assert all(name in PAGE for name in names)


@pytest.mark.parametrize(
    ("store", "reads"),
    [
        ("vault", ["store", "identity", "role", "policy", "object", "version"]),
        ("azure-key-vault", ["identity", "federation", "store", "assignment", "object", "version"]),
    ],
)
def test_the_checks_of_a_store_are_complete(store: str, reads: list[str]) -> None:
    assert [check.name for check in list_checks("csi", store)] == [
        *("driver", "provider", "class", "volume", "service account", "audience"),
        *reads,
        *("sync", "mount"),
    ]


@pytest.mark.parametrize(
    ("delivery", "before"), [("csi", ["driver", "provider", "class"]), ("agent-injector", ["webhook", "class"])]
)
def test_pods_of_others_are_checked_in_the_place_of_their_volume(delivery: str, before: list[str]) -> None:
    own = [check.name for check in list_checks(delivery, "vault")]
    others = [check.name for check in list_checks(delivery, "vault", by_others=True)]

    assert others[: len(before) + 2] == [*before, "service account", "pods"]
    assert [name for name in own if name != "volume"] == [name for name in others if name != "pods"]
    assert "pods" in PAGE


def walked(monkeypatch: pytest.MonkeyPatch, *found: Finding | Exception, **how: Any) -> list[tuple[str, str]]:
    """Return the states of checks with these findings; the last one needs or repeats others."""

    def check(number: int, each: Finding | Exception) -> Check:
        def look(context: DiagnosisContext) -> Finding:
            if isinstance(each, Exception):
                raise each
            return each

        return Check(f"check {number}", look, **(how if number == len(found) else {}))

    checks = [check(number, each) for number, each in enumerate(found, 1)]
    monkeypatch.setattr(module, "list_checks", lambda *_, **__: checks)
    context: Any = SimpleNamespace(
        workload=SimpleNamespace(delivery="csi", pod=None), stack=SimpleNamespace(backend=SimpleNamespace(kind="vault"))
    )
    return [(each.state, each.seen) for each in run_checks(context)]


def test_a_check_that_needs_a_failed_one_is_skipped_and_others_run(monkeypatch: pytest.MonkeyPatch) -> None:
    assert walked(
        monkeypatch, Finding.failed("gone", "mend it"), Finding.ok("fine"), Finding.ok("never seen"), needs=("check 1",)
    ) == [
        ("failed", "gone"),
        ("ok", "fine"),
        ("skipped", "check 1 failed"),
    ]


def test_a_skipped_check_names_the_one_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    states = {check.name: check for check in list_checks("csi", "vault")}
    found: dict[str, Finding] = {}
    monkeypatch.setattr(
        module,
        "_run_check",
        lambda check, _: Finding.failed("x", "y") if check.name == "class" else Finding.ok(check.name),
    )
    context: Any = SimpleNamespace(
        workload=SimpleNamespace(delivery="csi", pod=None), stack=SimpleNamespace(backend=SimpleNamespace(kind="vault"))
    )
    found = {each.name: each for each in run_checks(context)}

    assert {found[name].seen for name in ("volume", "identity", "role", "version", "sync", "mount")} == {"class failed"}
    assert {name for name in states if found[name].state == "ok"} == {"driver", "provider", "service account", "store"}


@pytest.mark.parametrize(
    ("first", "state"),
    [(Finding.failed("gone", "mend it"), "skipped"), (Finding.ok("fine"), "ok"), (Finding.skipped("away"), "ok")],
)
def test_a_check_does_not_repeat_the_failure_of_another(
    monkeypatch: pytest.MonkeyPatch, first: Finding, state: str
) -> None:
    assert walked(monkeypatch, first, Finding.ok("said"), repeats=("check 1",))[-1][0] == state


def test_a_skipped_check_keeps_no_other_from_a_login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        module,
        "_run_check",
        lambda check, _: Finding.failed("x", "y") if check.name == "driver" else Finding.ok(check.name),
    )
    context: Any = SimpleNamespace(
        workload=SimpleNamespace(delivery="csi", pod=None), stack=SimpleNamespace(backend=SimpleNamespace(kind="vault"))
    )
    assert {each.name for each in run_checks(context) if each.state == "skipped"} == {"audience", "sync", "mount"}


def test_what_may_not_be_read_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    assert walked(monkeypatch, NotAllowedError("you may not"), Finding.ok("fine"), OpsError("it is away")) == [
        ("skipped", "you may not"),
        ("ok", "fine"),
        ("failed", "it is away"),
    ]


def workload(namespace: str, name: str) -> DeployedWorkload:
    return DeployedWorkload(
        name=name, namespace=namespace, service_account=name, secret_provider_class=name, identity={}, objects=()
    )


STACK = DeployedStack.model_construct(
    workloads=(workload("shop", "orders"), workload("bank", "orders"), workload("bank", "x"))
)


def test_a_revoked_workload_has_that_finding_alone() -> None:
    revoked = workload("shop", "orders").model_copy(update={"revoked": True})
    stack = DeployedStack.model_construct(workloads=(revoked,))
    (found,) = diagnose("dev", stack, revoked).checks

    assert (found.name, found.state, found.seen) == ("revoked", "failed", "its access was revoked")
    assert found.fix.endswith("strongroom revoke --stack dev --workload shop/orders --lift")


def test_a_workload_is_named_with_its_namespace_or_without_where_that_is_enough() -> None:
    assert find_workload(STACK, "bank/orders").namespace == "bank"
    assert find_workload(STACK, "x").path == "bank/x"


@pytest.mark.parametrize(
    ("name", "reported"),
    [("orders", "in several namespaces: name one of shop/orders, bank/orders"), ("y", "there are shop/orders, bank")],
)
def test_an_unknown_or_ambiguous_name_is_an_error(name: str, reported: str) -> None:
    with pytest.raises(OpsError, match=reported):
        find_workload(STACK, name)
