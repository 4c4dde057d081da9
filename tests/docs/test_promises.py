"""The pages of promises are short, and their figures are those of the reports."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("page", ["reliability.md", "performance.md"])
def test_a_page_of_promises_is_one_page(page: str) -> None:
    assert len((DOCS / page).read_text().split()) < 700


def test_the_figures_of_performance_are_those_of_the_last_run() -> None:
    rows = re.findall(r"^\| ([\w ]+) \| ([\d,]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", page("performance.md"), re.M)
    report = page("reports/performance.md")
    measured = re.findall(
        r"^\| ([\w ]+) \| ([\d,]+) \|.* plain Pulumi \| [\d.]+ \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|", report, re.M
    )

    assert rows
    assert set(rows) <= set(measured), "take them from docs/reports/performance.md"


@pytest.mark.parametrize(
    ("figure", "report"),
    [
        ("120 deaths", "reports/faults.md"),
        ("428", "reports/bad-input.md"),
        ("34 forms", "reports/secrecy.md"),
        ("6 workloads", "reports/isolation.md"),
        ("680", "reports/isolation.md"),
        ("21", "reports/isolation.md"),
        ("146", "verify-checks.md"),
        ("115", "verify-checks.md"),
    ],
)
def test_the_figures_of_reliability_are_in_the_reports(figure: str, report: str) -> None:
    assert figure in page("reliability.md")
    assert figure in page(report)


def page(name: str) -> str:
    """The text of a page."""
    return (DOCS / name).read_text()
