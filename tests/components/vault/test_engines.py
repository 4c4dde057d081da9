"""What a KV engine writes, and when."""

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


def test_an_object_is_its_owners_with_all_its_keys_or_not_at_all() -> None:
    with pytest.raises(ValueError, match=r"seeds.*app.*: b: initial and a, c not: Vault writes an object with all its"):
        KvEngineArgs(seeds={"app": {"a": "x", "b": INITIAL, "c": Generate()}})
