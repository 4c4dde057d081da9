"""How findings are shown."""

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from ..findings import Finding, State
from .options import console

_MARKS: dict[State, str] = {
    "ok": "[green]ok[/]",
    "warned": "[yellow]warned[/]",
    "broken": "[bold red]BROKEN[/]",
    "not tried": "[yellow]not tried[/]",
}


def show_findings(title: str, first: str, findings: Iterable[Finding]) -> None:
    """A table of `findings`.

    :param first: The heading of their names.
    """
    table = Table(title=title, title_justify="left")
    for heading in (first, "", "Seen", "What to do"):
        table.add_column(heading, overflow="fold")
    for finding in findings:
        table.add_row(finding.name, _MARKS[finding.state], Text(finding.seen), Text(finding.fix))
    console().print(table)
