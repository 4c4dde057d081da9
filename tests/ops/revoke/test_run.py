"""What a revocation reports of its steps together, and of what remains."""

from collections.abc import Mapping
from typing import Any

import pytest

from strongroom.ops.errors import OpsError
from strongroom.ops.pulumi.stack import DeployedDynamic
from strongroom.ops.revoke import mark, pods, vault
from strongroom.ops.revoke import run as module
from strongroom.ops.revoke import step as steps
from strongroom.ops.revoke.run import Revocation, revoke
from strongroom.ops.revoke.step import Step
from strongroom.ops.store.base import DeniedError
from tests.ops.revoke.test_vault import WORKLOAD, Vault
from tests.ops.test_verify import LEDGER, ORDERS, STACK

NEIGHBOUR = LEDGER.model_copy(update={"namespace": "shop", "service_account": "orders"})
DEPLOYED = STACK.model_copy(update={"workloads": (WORKLOAD, NEIGHBOUR)})


def _refuse() -> None:
    raise DeniedError("permission denied")


def _break() -> list[Any]:
    raise OpsError("a server is away")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Any]:
    """What reads do, how many pods run, and which other steps are made."""
    world: dict[str, Any] = {"read": _refuse, "running": 0, "vault": Vault()}
    monkeypatch.setattr(vault, "VaultOperator", lambda _: world["vault"])
    monkeypatch.setattr(steps, "_PAUSES", (0, 0))
    monkeypatch.setattr(mark.Mark, "__init__", lambda *_: None)
    monkeypatch.setattr(mark.Mark, "build_step", lambda _, lift: Step("mark", "written", _break, "write it"))
    for name, title in (("build_step", "pods"), ("build_step_of_secrets", "Secrets")):
        monkeypatch.setattr(pods.PodRevocation, name, lambda _, title=title: Step(title, "done", list, ""))
    monkeypatch.setattr(pods.PodRevocation, "count_running", lambda _, wait: world["running"])
    monkeypatch.setattr(module, "_build_reads", lambda *_: {"m/data/o": world["read"]})
    return world


def run(**options: Any) -> tuple[Revocation, dict[str, str]]:
    found = revoke("dev", DEPLOYED, WORKLOAD, **options)
    return found, {step.name: step.state for step in found.steps}


def test_a_step_that_fails_keeps_no_other_from_being_made(made: Mapping[str, Any]) -> None:
    found, states = run(scale_to_zero=True)

    assert states == {
        **dict.fromkeys(("policy", "role", "tokens", "reads as the workload", "pods", "Secrets"), "ok"),
        "mark": "failed",
    }
    assert found.failed


def test_a_read_that_is_still_allowed_is_a_failure(made: dict[str, Any]) -> None:
    made["read"] = lambda: None
    found, states = run()

    assert states["reads as the workload"] == "failed"
    assert next(step.seen for step in found.steps if step.state == "failed") == "still allowed: m/data/o"


def test_what_remains_is_reported_with_what_ends_it(made: dict[str, Any]) -> None:
    made["running"] = 2
    found, states = run()

    assert "Secrets" not in states
    assert [(each.what, each.fix) for each in found.remains] == [
        ("files and variables of running pods (2)", "--scale-to-zero"),
        ("what shop/ledger declares, which runs as the same account", "revoke it, too"),
        ("the value of o, wherever it was copied", 'write another one: see "Rotate" in docs/day-two.md'),
    ]


def test_a_dry_run_reads_and_changes_nothing(made: dict[str, Any]) -> None:
    made["read"] = lambda: pytest.fail("it read")
    _, states = run(dry_run=True, scale_to_zero=True)

    assert list(states) == ["policy", "role", "tokens", "mark", "pods", "Secrets"]
    assert len(made["vault"].tokens) == 3


class Nothing:
    """A store, or pods, of which nothing is left to revoke."""

    def __init__(self, *_: object) -> None:
        pass

    def list_steps(self) -> list[Any]:
        return []

    def list_tokens(self, _: object) -> list[Any]:
        return []

    def count_running(self, *, wait: bool) -> int:
        return 1


def test_what_vault_made_and_takes_back_with_no_token_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("strongroom.ops.revoke.vault.VaultRevocation", Nothing)
    monkeypatch.setattr("strongroom.ops.revoke.run.PodRevocation", Nothing)
    monkeypatch.setattr("strongroom.ops.revoke.mark.Mark.build_step", lambda *_, **__: Nothing())
    monkeypatch.setattr(Nothing, "run", lambda *_, **__: None, raising=False)
    paths = (
        "database/creds/k.shop.orders.shop",
        "database/static-creds/k.shop.orders.old",
        "pki/issue/k.shop.orders.tls",
    )
    made = (
        *(DeployedDynamic(path=path, files={}) for path in paths),
        DeployedDynamic(path="legacy/db", files={}, foreign=True),
    )
    orders = ORDERS.model_copy(update={"dynamic": made, "objects": ()})
    found = revoke("test", STACK, orders, dry_run=True).remains

    assert {each.what: each.fix for each in found if "/" in each.what and "files" not in each.what} == {
        f"the password of {paths[1]}, wherever it was copied": "vault write -f database/rotate-role/k.shop.orders.old",
        f"certificates that {paths[2]} issued": "vault write pki/revoke serial_number=SERIAL",
        "what was read at legacy/db, wherever it was copied": (
            "have its owner change it, or revoke what was made there: vault lease revoke -prefix legacy/db"
        ),
    }
