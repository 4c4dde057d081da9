"""A look at all that was deployed, where a server is away."""

from functools import partial

from strongroom.ops.errors import OpsError, UnreachableError
from strongroom.ops.verify import Check
from strongroom.ops.verify.attempt import attempt
from strongroom.ops.verify.check import STACK
from strongroom.ops.verify.difference import Difference
from strongroom.ops.verify.inspection import _run_if_reachable


def test_a_server_that_is_away_is_asked_once_and_is_one_line() -> None:
    asked: list[str] = []

    def list_differences(name: str) -> list[Difference]:
        asked.append(name)
        raise UnreachableError("it is away")

    lines = _run_if_reachable(
        "the store", lambda: (attempt(STACK, name, (), partial(list_differences, name)) for name in "abc")
    )

    assert [*lines] == [Check(STACK, "the store", False, "it is away")]
    assert asked == ["a"]


def test_what_one_object_makes_impossible_is_its_own_line() -> None:
    def list_differences() -> list[Difference]:
        raise OpsError("no JSON")

    lines = [attempt(STACK, name, (), list_differences) for name in "ab"]

    assert [(line.what, line.passed, line.detail) for line in lines] == [
        ("a", False, "no JSON"),
        ("b", False, "no JSON"),
    ]
