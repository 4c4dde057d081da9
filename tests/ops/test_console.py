"""What a table looks like where no terminal shows it."""

import pytest
from rich.markdown import Markdown
from rich.table import Table

from strongroom.ops.console import console


def shown(capsys: pytest.CaptureFixture[str], *, long: int = 300) -> list[str]:
    table = Table("Name", "What", title="Short", title_justify="left", box=None)
    table.add_row("x" * long, "y")
    table.add_row("x", "words of a cell")
    console().print(table)
    return capsys.readouterr().out.splitlines()


@pytest.fixture(autouse=True)
def no_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)


def test_piped_output_ends_its_lines_where_the_text_ends(capsys: pytest.CaptureFixture[str]) -> None:
    console(prose=True).print(Markdown("a paragraph\n\n- a list"))
    lines = [*capsys.readouterr().out.splitlines(), *shown(capsys)]

    assert len(lines) > 4
    assert [line for line in lines if line != line.rstrip()] == []


def test_piped_tables_are_as_wide_as_they_need(capsys: pytest.CaptureFixture[str]) -> None:
    assert any("x" * 300 in line for line in shown(capsys))


def test_piped_output_heeds_columns(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    lines = shown(capsys)

    assert max(map(len, lines)) <= 60
    assert sum(line.count("x") for line in lines) >= 40


@pytest.mark.parametrize("columns", ["", "wide", "0", "-5"])
def test_columns_that_are_no_width_are_passed_over(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)

    assert any("x" * 300 in line for line in shown(capsys))
