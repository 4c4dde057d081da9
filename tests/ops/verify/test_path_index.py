"""Which of a Vault's paths a policy's rules open."""

from collections.abc import Collection

import pytest

from strongroom.ops.verify.path_index import PathIndex

PATHS = [f"kv/{part}/{name}" for part in ("data", "metadata") for name in ("a", "a-b", "a/b", "team/db", "z")]


def opened(rule: str, verbs: Collection[str] = ("read",)) -> str:
    return PathIndex(PATHS).find_opened({rule: verbs}).partition(" by ")[0]


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ("kv/data/a", "kv/data/a"),
        ("kv/metadata/z", "kv/metadata/z"),
        ("kv/data/a/b", "kv/data/a/b"),
        ("kv/data/a/*", "kv/data/a/b"),
        ("kv/data/te*", "kv/data/team/db"),
        ("*", "kv/data/a"),
        ("kv/*", "kv/data/a"),
        ("kv/+/z", "kv/data/z"),
        ("+/metadata/team/db", "kv/metadata/team/db"),
        ("kv/data/+/db", "kv/data/team/db"),
        ("kv/metadata/+/+", "kv/metadata/a/b"),
        ("kv/data/{{identity.entity.name}}", "kv/data/a"),
        ("kv/data/{{identity.entity.name}}/db", "kv/data/team/db"),
    ],
)
def test_a_rule_that_opens_a_path_names_it(rule: str, path: str) -> None:
    assert opened(rule) == path


@pytest.mark.parametrize(
    "rule",
    ["kv/data", "kv/data/", "kv/data/b", "kv/data/a*b", "kv/data/a+", "kv/+", "kv/data/+/b/c", "kv/data/zz*", "", "z*"],
)
def test_a_rule_that_opens_none_names_none(rule: str) -> None:
    assert opened(rule) == ""


def test_a_rule_that_denies_or_says_nothing_opens_none() -> None:
    assert opened("kv/data/a", ["deny"]) == opened("kv/data/a", []) == ""


def test_the_rule_is_reported_with_its_capabilities() -> None:
    rules = {"kv/data/z": ["deny"], "kv/data/+": ["update", "read"]}

    assert PathIndex(PATHS).find_opened(rules) == "kv/data/a by kv/data/+ (read, update)"
