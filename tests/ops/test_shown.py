"""Names and what servers say are shown as they are: neither markup nor escape sequences."""

import re
from io import StringIO

import pytest
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sandbox.progress import Reporter
from strongroom.ops.command_line import fail
from strongroom.ops.commands.findings import show_findings
from strongroom.ops.commands.verify import show
from strongroom.ops.console import console
from strongroom.ops.findings import Finding
from strongroom.ops.terminal_text import make_printable
from strongroom.ops.verify import Check

SAID = r"c:\[x] [/v1/sys] :key: [1] [green]ok[/green]"
ESCAPES = "\x1b]0;title\x07\x1b[2Ja\x9b31m\u202eb\u200b"
SHOWN = r"\x1b]0;title\x07\x1b[2Ja\x9b31m\u202eb\u200b"
HOSTILE = ("[/x]", "[green]ok[/green]", ":key:", r"\[x]")


def test_brackets_and_colons_of_a_server_are_not_taken_for_a_style(capsys: pytest.CaptureFixture[str]) -> None:
    show_findings("A stack", "Link", [Finding.failed(SAID, SAID, name=SAID)])
    show(SAID, [Check(SAID, SAID, False, SAID)])

    assert capsys.readouterr().out.count(SAID) == 7


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_no_markup_wherever_a_table_shows_them(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    table = Table(name, title=name, caption=name)
    table.add_row(name)
    table.add_row(Text(name, "green"))
    console().print(table, name)

    assert capsys.readouterr().out.count(name) == 6


def test_escape_sequences_are_shown_and_not_sent(capsys: pytest.CaptureFixture[str]) -> None:
    show_findings(ESCAPES, ESCAPES, [Finding.failed(ESCAPES, ESCAPES, name=ESCAPES)])
    with pytest.raises(SystemExit):
        fail(f"{ESCAPES}\nand\tmore", 1, as_json=False)
    out, err = capsys.readouterr()

    assert re.findall(r"[^\n\t\x20-\x7e\u2500-\u257f]", out + err) == []
    assert err == f"error: {SHOWN}\nand\tmore\n"


def test_a_terminal_gets_the_styles_of_the_program_and_no_others(capsys: pytest.CaptureFixture[str]) -> None:
    out = console()
    terminal = type(out)(force_terminal=True, color_system="standard", width=200)
    table = Table("Seen")
    table.add_row(Text("mine", "green"))
    table.add_row("\x1b[31mtheirs")
    table.add_row(Text("\x1b[31m"))
    terminal.print(table)
    shown = capsys.readouterr().out

    assert "\x1b[32mmine" in shown
    assert "\x1b[31m" not in shown and shown.count(r"\x1b[31m") == 2 and r"\x1b[31mtheirs" in shown


@pytest.mark.parametrize("name", HOSTILE)
def test_a_step_of_the_sandbox_may_have_any_name(name: str) -> None:
    with Reporter(Console(force_terminal=True, file=StringIO())).step(name):
        pass


def test_what_can_be_shown_stays_as_it_is() -> None:
    text = "ordinary, é, 漢字, →\n\tnext"

    assert make_printable(text) == text
