"""The page on the architecture: its files are there, and its exceptions are those of the import rules."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()


def test_every_file_and_folder_that_it_names_is_there() -> None:
    named = re.findall(r"`([\w.-]+(?:/[\w.-]+)*(?:/|\.py|\.toml))`", PAGE)

    assert len(named) > 20
    for path in named:
        places = [ROOT / path, ROOT / "stacks" / path, ROOT / "tests" / path, ROOT / "components" / "kubernetes" / path]
        assert any(place.exists() for place in places), path


def test_every_exception_of_the_import_rules_is_in_it() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    ignored = [each for contract in contracts for each in contract.get("ignore_imports", ())]

    assert len(ignored) == 3
    for importer, imported in (each.split(" -> ") for each in ignored):
        assert f"{importer.rpartition('.')[2]}.py" in PAGE, importer
        assert f"`{imported}`" in PAGE, imported
