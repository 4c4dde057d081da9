"""The version: one number, in `components/plugin/provider.py`, and what must repeat it agrees."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from strongroom.components.plugin.provider import VERSION

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md")), *sorted(ROOT.glob("examples/*/README.md"))]


def test_the_wheel_takes_the_plugins_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())

    assert project["project"]["dynamic"] == ["version"]
    assert "version" not in project["project"]
    assert project["tool"]["setuptools"]["dynamic"] == {
        "version": {"attr": "strongroom.components.plugin.provider.VERSION"}
    }


def test_the_policy_pack_has_the_same() -> None:
    assert yaml.safe_load((ROOT / "policy" / "PulumiPolicy.yaml").read_text())["version"] == VERSION


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.name}")
def test_a_page_names_no_other_version_of_the_components(page: Path) -> None:
    assert set(re.findall(r"strongroom(?:/components@v|-)([\d.]+\d)", page.read_text())) <= {VERSION}


def test_the_changelogs_newest_version_is_this_one_and_has_a_date() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    versions = [heading for heading in headings if heading not in {"Unreleased", "Upgrades"}]

    assert re.fullmatch(rf"{re.escape(VERSION)} \(\d{{4}}-\d\d-\d\d\)", versions[0])
