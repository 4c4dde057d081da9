"""How findings are shown."""

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from ..console import console
from ..findings import Finding, State

_MARKS: dict[State, Text] = {
    "ok": Text("ok", "green"),
    "warning": Text("warning", "yellow"),
    "failed": Text("FAILED", "bold red"),
    "skipped": Text("skipped", "yellow"),
}


def show_findings(title: str, first: str, findings: Iterable[Finding]) -> None:
    """Show a table of `findings`.

    :param first: The heading of their names.
    """
    table = Table(title=title, title_justify="left")
    for heading in (first, "", "Seen", "What to do"):
        table.add_column(heading, overflow="fold")
    for finding in findings:
        table.add_row(finding.name, _MARKS[finding.state], finding.seen, finding.fix)
    console().print(table)
