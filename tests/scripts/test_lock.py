"""The lock of the Python packages."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]


def pins(*files: str) -> dict[str, str]:
    """The versions that requirement files pin, by the packages' normal names."""
    lines = [line.rstrip(" \\") for file in files for line in (ROOT / file).read_text().splitlines()]
    found = [Requirement(line) for line in lines if line and line[0].isalpha()]
    return {canonicalize_name(each.name): str(each.specifier) for each in found}


def test_what_is_asked_for_is_what_is_locked() -> None:
    assert pins("requirements.in").items() <= pins("requirements.txt").items()
    assert pins("requirements-dev.in").items() <= pins("requirements.txt", "requirements-dev.txt").items()
    assert pins("requirements-uv.in") == pins("requirements-uv.txt")
    assert pins("requirements-release.in").items() <= pins("requirements-release.txt").items()
    assert pins("requirements-docs.in").items() <= pins("requirements-docs.txt").items()
    assert pins("constraints.txt") == pins("requirements.txt", "requirements-dev.txt")


@pytest.mark.parametrize(("file", "extra"), [("requirements.txt", ""), ("requirements-azure.txt", "azure")])
def test_the_plugin_has_what_the_wheel_requires_as_it_is_locked_elsewhere(file: str, extra: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    required = [*project["dependencies"], *project["optional-dependencies"].get(extra, ())]
    locked = pins(f"components/{file}")

    assert {canonicalize_name(Requirement(each).name) for each in required} <= locked.keys()
    assert locked.items() <= pins("constraints.txt").items()


@pytest.mark.parametrize(
    "file",
    [
        "requirements.txt",
        "requirements-dev.txt",
        "requirements-uv.txt",
        "requirements-release.txt",
        "requirements-docs.txt",
        "components/requirements.txt",
        "components/requirements-azure.txt",
    ],
)
def test_every_package_has_hashes_and_no_line_names_a_registry(file: str) -> None:
    content = (ROOT / file).read_text()
    entries = [entry for entry in re.split(r"\n(?=\S)", content) if not entry.startswith("-r ")]

    assert len(entries) == len(pins(file)) > 0
    assert all(re.search(r"==\S+.* \\\n +--hash=sha256:[0-9a-f]{64}", entry) for entry in entries)
    assert "://" not in content
    assert "index" not in content


def test_what_tests_need_besides_is_added_to_what_runs() -> None:
    assert (ROOT / "requirements-dev.txt").read_text().startswith("-r requirements.txt\n")
    assert not pins("requirements.txt").keys() & pins("requirements-dev.txt").keys()
