"""What a KV engine writes, and when."""

from typing import Any

import pytest

from strongroom import Generate, KvEngine, KvEngineArgs
from tests.support.recording import Declare

OBJECT = "vault:kv/secretV2:SecretV2"
RANDOM = "random:index/randomPassword:RandomPassword"
INITIAL = Generate(initial=True)


def test_an_initial_value_is_written_once_and_its_owners_is_not_read(declare: Declare) -> None:
    declared = declare(lambda: KvEngine("vault", KvEngineArgs(seeds={"app": {"key": INITIAL, "other": INITIAL}})))
    written = declared.one(OBJECT)

    assert (written.ignore_changes, written.inputs["disableRead"]) == (["dataJson"], True)
    assert [each.ignore_changes for each in declared.all(RANDOM)] == [["length", "special"]] * 2


def test_any_other_value_is_written_whenever_it_changes(declare: Declare) -> None:
    declared = declare(lambda: KvEngine("vault", KvEngineArgs(seeds={"app": {"key": Generate(), "given": "x"}})))
    written = declared.one(OBJECT)

    assert (written.ignore_changes, "disableRead" in written.inputs) == ([], False)
    assert declared.one(RANDOM).ignore_changes == []


def test_a_value_is_made_anew_with_its_period(declare: Declare) -> None:
    declared = declare(
        lambda: KvEngine("vault", KvEngineArgs(seeds={"app": {"a": Generate(every=30 * 86400), "b": "x"}}))
    )
    made, period = declared.one(RANDOM), declared.one("pulumi-python:dynamic/strongroom:RotationPeriod")

    assert (period.name, period.inputs["seconds"]) == ("app/a", 30 * 86400)
    assert (made.dependencies, made.has_replacement_trigger) == ({"app/a"}, True)
    assert "keepers" not in made.inputs, "a value that exists would be lost with its first period"


@pytest.mark.parametrize(
    ("generate", "issue"),
    [
        ({"every": "119s"}, "every: .* is 119s, shorter than the driver's poll, 2m: use more"),
        ({"every": "30d", "initial": True}, "every: .* goes without initial: true"),
    ],
)
def test_a_period_that_no_pod_could_follow_is_refused(generate: dict[str, Any], issue: str) -> None:
    with pytest.raises(ValueError, match=issue):
        Generate(**generate)


def test_an_object_is_its_owners_with_all_its_keys_or_not_at_all() -> None:
    with pytest.raises(ValueError, match=r"seeds.*app.*: b: initial and a, c not: Vault writes an object with all its"):
        KvEngineArgs(seeds={"app": {"a": "x", "b": INITIAL, "c": Generate()}})
