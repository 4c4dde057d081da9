"""The site: every page is in its menu, and what the site adds to a page."""

import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CONFIG = SimpleNamespace(repo_url="https://git.example.net/strongroom")
rewrite = runpy.run_path(str(ROOT / "docs" / "site.py"))["on_page_markdown"]


def in_menu(entry: Any) -> Iterator[str]:
    """The pages below an entry of the menu."""
    if isinstance(entry, str):
        yield entry
    else:
        for below in entry.values() if isinstance(entry, dict) else entry:
            yield from in_menu(below)


def test_every_page_is_in_the_menu_once() -> None:
    text = re.sub(r"!!python/\S+", "", (ROOT / "mkdocs.yml").read_text())
    menu = list(in_menu(yaml.safe_load(text)["nav"]))

    assert sorted(menu) == sorted(str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md"))


@pytest.mark.parametrize(
    ("source", "markdown", "shown"),
    [
        ("ci.md", "[a](../README.md)", f"[a]({CONFIG.repo_url}/blob/main/README.md)"),
        ("start/aks.md", "[a](../../LICENSE)", f"[a]({CONFIG.repo_url}/blob/main/LICENSE)"),
        ("start/aks.md", "[a](../ci.md#forks)", "[a](../ci.md#forks)"),
        ("ci.md", "<details><summary>", "<details markdown><summary>"),
        ("ci.md", "```html\n<details>\n[a](../README.md)\n```\n", "```html\n<details>\n[a](../README.md)\n```\n"),
    ],
)
def test_what_is_outside_of_the_pages_is_linked_in_the_repository(source: str, markdown: str, shown: str) -> None:
    page = SimpleNamespace(file=SimpleNamespace(src_uri=source))

    assert rewrite(markdown, page=page, config=CONFIG) == shown
