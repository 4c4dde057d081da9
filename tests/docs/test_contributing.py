"""The pages for contributors and for those who look for holes: what they name is there."""

import re
from pathlib import Path

import pytest

from strongroom.policy.rules import RULES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text()
TOP = "|".join(sorted(each.name for each in ROOT.iterdir() if each.is_dir() and each.name not in {".git", ".venv"}))


def named_paths(text: str) -> set[str]:
    """The files and folders of the repository that a text names; those with `<` in them are yet to be made."""
    fence = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
    code = [*fence.findall(text), *re.findall(r"`([^`\n]+)`", fence.sub("", text))]
    words = re.findall(r"[\w./<>-]+", " ".join(code))
    return {word for word in words if re.match(rf"({TOP})/", word) and "<" not in word}


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "SECURITY.md"])
def test_every_path_that_a_page_names_is_there(page: str) -> None:
    paths = named_paths((ROOT / page).read_text())

    assert len(paths) > 10
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []


def test_every_make_target_that_it_names_is_there() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z]+)", PAGE)) | set(re.findall(r"^make ([a-z]+)", PAGE, re.MULTILINE))

    assert {"unit", "check", "test", "lock"} <= named <= targets


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("WorkloadAuth", "components/vault/auth/kubernetes.py"),
        ("AUTH", "stacks/settings/vault.py"),
        ("LOGINS", "stacks/settings/vault_logins.py"),
        ("check_store", "components/delivery.py"),
        ("_STORES", "components/kubernetes/delivered.py"),
        ("Provider", "components/kubernetes/csi_driver.py"),
        ("Check", "ops/doctor/checks.py"),
        ("VERSION", "components/plugin/provider.py"),
    ],
)
def test_a_name_that_it_sends_its_reader_to_is_in_that_module(name: str, module: str) -> None:
    assert f"`{name}`" in PAGE
    assert f"`{module}`" in PAGE
    assert re.search(rf"^(class |def )?{name}\b", (ROOT / module).read_text(), re.MULTILINE)


def test_a_rule_that_it_names_is_one() -> None:
    assert "`known-grants`" in PAGE
    assert "known-grants" in {rule.name for rule in RULES}


def test_every_kind_of_addition_is_reported() -> None:
    headings = re.findall(r"^### (.+)$", PAGE, re.MULTILINE)

    assert headings == ["A setting", "An auth method", "A delivery", "A store", "A doctor check", "A policy rule"]
