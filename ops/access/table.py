"""Who can read what, as comma-separated values: a row for each way, and for each secret that nobody reads."""

import csv
import io
from collections.abc import Sequence

from .evidence import Evidence
from .report import NOBODY, Report

_HEADINGS = ("stack", "secret", "who", "may", "by", "wide", "copy in etcd")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would compute. (OWASP: "CSV Injection")"""


def format_csv(report: Report, evidence: Evidence) -> str:
    """Format a report as CSV. What it is evidence of is in each row, so that no row goes without. (RFC 4180)"""
    said = (*evidence.rows(), ("Shown", report.shown))
    rows: list[Sequence[str]] = [(*_HEADINGS, *(heading.lower() for heading, _ in said))]
    rows += [
        (
            report.stack,
            each.what,
            each.who,
            ", ".join(each.may),
            each.by,
            "yes" if each.wide else "no",
            "yes" if each.copied else "no",
            *(value for _, value in said),
        )
        for each in report.accesses
    ]
    rows += [
        (report.stack, name, NOBODY, "", "", "no", "no", *(value for _, value in said)) for name in report.unopened()
    ]
    written = io.StringIO()
    csv.writer(written).writerows([_plain(cell) for cell in row] for row in rows)
    return written.getvalue()


def _plain(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
