"""The mark in the stack's file."""

from pathlib import Path

import pytest

from strongroom.ops.revoke import mark as module
from strongroom.ops.revoke.mark import Mark
from tests.ops.test_verify import LEDGER, ORDERS

FILE = """\
config:
  strongroom:workloads:
    - {name: orders, namespace: bank}
    - {name: orders, namespace: shop}
    - {name: ledger, namespace: bank, revoked: true}
"""


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    (tmp_path / "Pulumi.yaml").write_text("name: strongroom")
    (tmp_path / "Pulumi.dev.yaml").write_text(FILE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("STRONGROOM_WORKSPACE", raising=False)
    made: list[tuple[str, ...]] = []
    monkeypatch.setattr(module, "run_pulumi", lambda _, *words: made.append(words))
    return made


def test_it_is_written_to_the_workload_of_that_namespace(asked: list[tuple[str, ...]]) -> None:
    (change,) = Mark("dev", ORDERS)._find(lift=False)
    change.make()

    assert asked == [
        ("config", "set", "--path", "strongroom:workloads[1].revoked", "true", "--stack", "dev"),
    ]
    assert Mark("dev", LEDGER)._find(lift=False) == []


def test_it_is_removed_where_it_is(asked: list[tuple[str, ...]]) -> None:
    (change,) = Mark("dev", LEDGER)._find(lift=True)
    change.make()

    assert asked == [("config", "rm", "--path", "strongroom:workloads[2].revoked", "--stack", "dev")]
    assert Mark("dev", ORDERS)._find(lift=True) == []


def test_a_workload_of_a_program_is_reported(asked: list[tuple[str, ...]]) -> None:
    other = ORDERS.model_copy(update={"name": "elsewhere"})
    found = Mark("dev", other).build_step(lift=False).run(dry_run=False)

    assert (found.state, asked) == ("failed", [])
    assert found.fix == "Set revoked: true where shop/elsewhere is declared, before the next update"
