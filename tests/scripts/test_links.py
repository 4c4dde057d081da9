"""The check of links."""

from pathlib import Path

import pytest

from scripts import links

DOCS = "docs"
"""Not written out beside a page's name: that page would have to be there."""

PAGE = """# A page

[a file](other.md), [a part](other.md#two-words), [the same page](#a-page), [elsewhere](https://example.net/none),
[again](other.md#again-1), ![a picture](picture.svg)

`[code](none.md)`

```md
[code](none.md)
## No heading
```
"""
OTHER = "# Other\n\n## `Two` words\n\n## Again\n\n## Again\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose links all lead somewhere."""
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "page.md").write_text(PAGE)
    (docs / "other.md").write_text(OTHER)
    (docs / "picture.svg").touch()
    (tmp_path / "README.md").write_text(f"[docs]({DOCS}/page.md)\n")
    (tmp_path / "ops").mkdir()
    (tmp_path / "ops" / "fix.py").write_text(f'FIX = "see {DOCS}/page.md"\n')
    return tmp_path


def test_a_project_whose_links_lead_somewhere_passes(project: Path) -> None:
    assert links.check(project) == []


@pytest.mark.parametrize(
    ("link", "problem"),
    [
        ("none.md", "no such file"),
        ("../..", "no such file"),
        ("other.md#three", f"{DOCS}/other.md has no heading #three"),
        ("#no-heading", f"{DOCS}/page.md has no heading #no-heading"),
        ("other.md#again-2", f"{DOCS}/other.md has no heading #again-2"),
    ],
)
@pytest.mark.parametrize("form", ["[a link]({})", "![a picture]({})", '[a title]({} "reported")', "[by name]: {}"])
def test_a_link_that_leads_nowhere_is_named_with_its_line(project: Path, link: str, problem: str, form: str) -> None:
    page = project / "docs" / "page.md"
    page.write_text(PAGE + "\n" + form.format(link) + "\n")
    links.anchors.cache_clear()

    assert links.check(project) == [f"{DOCS}/page.md:{PAGE.count(chr(10)) + 2}: {link}: {problem}"]


def test_a_page_that_code_names_must_be_there(project: Path) -> None:
    (project / "ops" / "fix.py").write_text(f'FIX = "see {DOCS}/gone.md"\n')

    assert links.check(project) == [f"ops/fix.py:1: {DOCS}/gone.md: no such file"]


def test_a_link_that_leads_nowhere_fails_the_check(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "check", lambda: ["page.md:1: none.md: no such file"])

    with pytest.raises(SystemExit, match="1"):
        links.main()

    assert capfd.readouterr().err == "page.md:1: none.md: no such file\n"


def test_every_link_of_this_project_leads_somewhere() -> None:
    assert links.check() == []
