"""The generated pages are what the code says."""

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULE = runpy.run_path(str(ROOT / "docs" / "reference.py"))
PAGES = MODULE["PAGES"]


@pytest.mark.parametrize("page", PAGES)
def test_a_generated_page_is_up_to_date(page: str) -> None:
    assert (ROOT / "docs" / page).read_text() == PAGES[page](), "run: python docs/reference.py"


def test_every_page_of_the_settings_is_generated() -> None:
    found = {f"settings/{page.name}" for page in (ROOT / "docs" / "settings").iterdir()}

    assert found == {page for page in PAGES if page.startswith("settings/")}


def test_every_model_of_the_settings_is_on_one_page() -> None:
    pages = [(ROOT / "docs" / page).read_text() for page in PAGES if page.startswith("settings/")]
    headings = [line for page in pages for line in page.splitlines() if line.startswith("## ")]

    assert len(headings) == len(set(headings)) == len(MODULE["sections"]())
    assert {f"## {section.title}" for section in MODULE["sections"]().values()} == set(headings)
