"""How measurements become ratios, tables and a plot."""

from xml.etree import ElementTree

import pytest

from benchmarks import report
from benchmarks.figures import Figure, growths
from benchmarks.measure import Usage
from benchmarks.plot import plot


def figure(what: str = "preview", size: int | None = 10, wall: float = 2.0) -> Figure:
    ours = [Usage(wall, 1, 100), Usage(wall * 2, 2, 100), Usage(wall * 20, 3, 100)]
    return Figure("a", what, "plain Pulumi", ours, [Usage(1, 1, 50)] * 3, size)


def test_a_ratio_is_the_median_of_the_rounds_that_were_measured_in_turn() -> None:
    assert figure().ratio("wall") == 4
    assert figure().ratio("memory") == 2


def test_growth_is_reported_where_ten_times_as_many_were_measured() -> None:
    found = growths([figure(size=10), figure(size=100, wall=30), figure("up", size=100), figure("import", size=None)])

    assert [(each.what, each.small, each.large, each.ours, each.theirs) for each in found] == [
        ("preview", 10, 100, 15, 1)
    ]


def test_the_plot_has_a_dot_for_each_ratio_and_says_what_it_is() -> None:
    root = ElementTree.fromstring(plot([figure("a < b"), figure("verify", wall=9.0)]))  # noqa: S314 - our own

    reported = [title.text for title in root.iter("{http://www.w3.org/2000/svg}title")]
    assert len(reported) == 6
    assert "a < b, 10: 4.00 times the time of plain Pulumi" in reported


def test_the_page_keeps_its_words_and_gets_new_tables(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    page = tmp_path_factory.mktemp("docs") / "performance.md"
    page.write_text(report.PAGE.read_text())
    monkeypatch.setattr(report, "PAGE", page)

    report.write_page([figure()], [])
    first = page.read_text()
    report.write_page([figure("up")], [])
    second = page.read_text()

    assert "| preview | 10 | 4.00 | plain Pulumi | 1.00 | 4.00 |" in first
    assert second == first.replace("| preview |", "| up |")
    assert second.startswith("# Performance")
