"""An access report as comma-separated values: a row for each access, and for each secret that nothing opens."""

import csv
import io
from collections.abc import Sequence

from .evidence import Evidence
from .report import NOBODY, Report

_HEADINGS = ("stack", "secret", "who", "may", "by", "wide", "copy in etcd")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Prefixes of cells that a spreadsheet would compute. (OWASP: "CSV Injection")"""


def format_csv(report: Report, evidence: Evidence) -> str:
    """Format a report as CSV, with the evidence in each row (RFC 4180)."""
    evidence_rows = (*evidence.list_rows(), ("Shown", report.shown))
    rows: list[Sequence[str]] = [(*_HEADINGS, *(heading.lower() for heading, _ in evidence_rows))]
    rows += [
        (
            report.stack,
            each.what,
            each.who,
            ", ".join(each.may),
            each.by,
            "yes" if each.wide else "no",
            "yes" if each.copied else "no",
            *(value for _, value in evidence_rows),
        )
        for each in report.accesses
    ]
    rows += [
        (report.stack, name, NOBODY, "", "", "no", "no", *(value for _, value in evidence_rows))
        for name in report.list_unopened()
    ]
    written = io.StringIO()
    csv.writer(written).writerows([_escape(cell) for cell in row] for row in rows)
    return written.getvalue()


def _escape(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
