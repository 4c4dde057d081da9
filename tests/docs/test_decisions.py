"""The decisions: each in one form, and in the index."""

import re
from pathlib import Path

import pytest

RECORDS = Path(__file__).parents[2] / "docs" / "adr"
DECISIONS = sorted(RECORDS.glob("[0-9]*.md"))


def test_the_index_has_every_decision_in_order_by_its_title() -> None:
    titles = [(file.name, file.read_text().split("\n")[0].removeprefix("# ")) for file in DECISIONS]

    assert re.findall(r"^- \[(.+)\]\((.+)\)$", (RECORDS / "README.md").read_text(), re.MULTILINE) == [
        (title, name) for name, title in titles
    ]
    assert [title.partition(".")[0] for _, title in titles] == [str(number + 1) for number in range(len(titles))]


@pytest.mark.parametrize("file", DECISIONS, ids=lambda file: file.name)
def test_a_decision_has_its_parts_in_less_than_300_words(file: Path) -> None:
    text = file.read_text()

    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert re.search(r"^(Accepted\. Since|Replaced by .+ Held from) \d{4}-\d\d-\d\d", text, re.MULTILINE)
    assert len(text.split()) < 300


@pytest.mark.parametrize("file", DECISIONS, ids=lambda file: file.name)
def test_what_a_decision_names_is_there(file: Path) -> None:
    root = RECORDS.parents[1]
    for path in re.findall(r"`((?:components|docs|ops|policy|sandbox|stacks|tests)/[\w/.-]*)`", file.read_text()):
        assert (root / path).exists(), path
