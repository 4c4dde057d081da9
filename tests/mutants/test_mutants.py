"""Each mutant fits the product as it is, and its test notices it."""

import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from . import __main__ as command
from .catalogue import KUBERNETES, MARKS, MUTANTS, OPS, POLICY, VAULT, WORKFLOWS
from .mutant import Mutant
from .project import ROOT
from .runner import BrokenTestsError, Result, try_mutants

SEED = 1
"""Draws the sample; another one draws others. `make soak` tries them all."""


def test_every_mutant_still_fits_its_file() -> None:
    wrong: list[str] = []
    for mutant in MUTANTS:
        try:
            mutant.apply((ROOT / mutant.file).read_text())
        except ValueError as error:
            wrong.append(str(error))

    assert wrong == []


def test_every_mutant_names_a_test_that_is_there() -> None:
    def is_there(mutant: Mutant) -> bool:
        file, _, name = mutant.test.partition("::")
        return (ROOT / file).is_file() and f"def {name.partition('[')[0]}(" in (ROOT / file).read_text()

    assert [mutant.test for mutant in MUTANTS if not is_there(mutant)] == []


def test_mutants_are_of_every_part_of_the_product() -> None:
    assert len({mutant.id for mutant in MUTANTS}) == len(MUTANTS) >= 60
    parts = {mutant.file.partition("/")[0] for mutant in MUTANTS}
    assert parts == {"components", "stacks", "ops", "policy", "template"}


def sample() -> list[Mutant]:
    """One mutant of each of some parts."""
    drawn = random.Random(SEED)  # noqa: S311 - to be repeated
    return [drawn.choice(part) for part in (VAULT, KUBERNETES, MARKS, OPS, POLICY, WORKFLOWS)]


def lived(mutants: Sequence[Mutant]) -> dict[str, str]:
    """What was printed for each mutant that no test killed."""
    return {each.mutant: f"{each.outcome}:\n{each.output}" for each in try_mutants(mutants) if each.outcome != "killed"}


@pytest.mark.integration
def test_a_sample_of_mutants_is_killed() -> None:
    assert lived(sample()) == {}


@pytest.mark.soak
def test_every_mutant_is_killed() -> None:
    assert lived(MUTANTS) == {}


def project(home: Path, tests: str) -> Path:
    """A project of one module, with tests of it."""
    for name, text in (("ops/double.py", "def double(n):\n    return n + n\n"), ("tests/test_double.py", tests)):
        (home / name).parent.mkdir(parents=True)
        (home / name).write_text(text)
    return home


TESTS = """
from ops.double import double

def test_it_doubles(): assert double(2) == 4
def test_it_is_there(): assert double
"""


def mutant(id_: str, after: str, test: str = "test_it_doubles") -> Mutant:
    return Mutant(id_, "ops/double.py", "n + n", after, "It doesn't double.", f"tests/test_double.py::{test}")


@pytest.mark.integration
def test_a_mutant_is_killed_by_a_test_that_fails_and_by_nothing_else(tmp_path: Path) -> None:
    source = project(tmp_path, TESTS)
    found = try_mutants(
        [
            mutant("wrong", "n - n"),
            # As long as the one before, and as the truth.
            mutant("raises", "n / 0"),
            mutant("equal", "2 * n"),
            mutant("unseen", "n - n", "test_it_is_there"),
            mutant("no-python", "n +"),
            mutant("killed-again", "n - n"),
        ],
        source,
    )

    assert [(each.mutant, each.outcome, each.killed_by) for each in found] == [
        ("wrong", "killed", "tests/test_double.py::test_it_doubles"),
        ("raises", "killed", "tests/test_double.py::test_it_doubles"),
        ("equal", "lived", ""),
        ("unseen", "lived", ""),
        ("no-python", "not tried", ""),
        ("killed-again", "killed", "tests/test_double.py::test_it_doubles"),
    ]
    assert "n + n" in (source / "ops" / "double.py").read_text()
    (source / "tests" / "test_double.py").write_text(TESTS.replace("== 4", "== 5"))
    with pytest.raises(BrokenTestsError, match="fail without any mutant"):
        list(try_mutants([mutant("wrong", "n - n")], source))


@pytest.mark.parametrize(("outcome", "code"), [("killed", 0), ("lived", 1), ("not tried", 1)])
def test_the_command_ends_with_1_where_a_mutant_lives(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], outcome: str, code: int
) -> None:
    chosen = MUTANTS[0]
    result = Result(chosen.id, outcome, "a test" if outcome == "killed" else "", 1.0, "")  # type: ignore[arg-type]
    monkeypatch.setattr(command, "try_mutants", lambda mutants: iter([result] * len(mutants)))

    monkeypatch.setattr("sys.argv", ["mutants", chosen.id, "--json"])
    assert command.main() == code
    assert json.loads(capsys.readouterr().out)[0]["outcome"] == outcome
    monkeypatch.setattr("sys.argv", ["mutants", chosen.id])
    assert command.main() == code
    assert f"{int(not code)} of 1 mutants killed" in capsys.readouterr().out
