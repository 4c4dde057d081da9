"""An access report as a self-contained HTML page."""

import base64
import hashlib
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from xml.etree import ElementTree as ET

from .evidence import Evidence
from .picture import STYLE, draw_report
from .report import NOBODY, Report, make_visible

TEMPLATE = Path(__file__).with_name("templates") / "access.html"
"""Template of the page, with `<!--name-->` for each part."""

_PLACE = re.compile("<!--([a-z]+)-->")
_INLINE = re.compile("<(script|style)>(.*?)</", re.DOTALL)
_HEADINGS = ("Who", "What", "May", "By")


def format_page(report: Report, evidence: Evidence) -> str:
    """Format a report as HTML: the evidence, the picture and a table, both filtered by a text and by a clicked node.

    Only its own script and styles, by their digests, are allowed, and nothing is fetched.
    (W3C: "Content Security Policy Level 3")
    """
    template = TEMPLATE.read_text()
    drawn = draw_report(report)
    parts = {
        "title": escape(f"Stack {report.stack}: who can read what"),
        "policy": _build_policy(template),
        "picture": ET.tostring(drawn.svg, encoding="unicode", short_empty_elements=False),
        "evidence": _format_evidence(report, evidence),
        "table": _format_table(report, drawn.nodes, drawn.lines),
    }
    # In one pass: a name that looks like a placeholder stays unchanged.
    return _PLACE.sub(lambda place: parts[place[1]], template)


def _build_policy(template: str) -> str:
    """Build the page's content security policy, with digests of its inline parts."""
    sources: dict[str, list[str]] = {"script": [], "style": [_compute_digest(STYLE.read_text())]}
    for kind, text in _INLINE.findall(template):
        sources[kind].append(_compute_digest(text))
    allowed = "; ".join(f"{kind}-src {' '.join(digests)}" for kind, digests in sources.items())
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def _compute_digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _format_evidence(report: Report, evidence: Evidence) -> str:
    terms = ET.Element("dl")
    counted = (("Shown", report.shown), ("In all", report.format_summary()))
    for heading, value in (("Stack", report.stack), *evidence.list_rows(), *counted):
        row = ET.SubElement(terms, "div")
        ET.SubElement(row, "dt").text = heading
        ET.SubElement(row, "dd").text = make_visible(value)
    return ET.tostring(terms, encoding="unicode", method="html")


def _format_table(report: Report, nodes: Sequence[Sequence[str]], lines: Sequence[Sequence[str]]) -> str:
    table = ET.Element("table")
    head = ET.SubElement(ET.SubElement(table, "thead"), "tr")
    for heading in _HEADINGS:
        ET.SubElement(head, "th", scope="col").text = heading
    body = ET.SubElement(table, "tbody")
    for access, own_nodes, own_lines in zip(report.accesses, nodes, lines, strict=True):
        row = ET.SubElement(body, "tr", {"data-nodes": " ".join(own_nodes), "data-lines": " ".join(own_lines)})
        who = ET.SubElement(row, "td")
        who.text = access.who
        if access.copied:
            ET.SubElement(who, "small").text = "by a copy in etcd"
        what = ET.SubElement(row, "td")
        what.text = access.what
        if access.wide and not access.unknown:
            _add_covered(what, access.covers)
        ET.SubElement(row, "td").text = ", ".join(access.may)
        steps = ET.SubElement(ET.SubElement(row, "td"), "ol")
        for step in access.path[1:-1]:
            item = ET.SubElement(steps, "li")
            ET.SubElement(item, "span").text = f"{step.kind} "
            ET.SubElement(item, "b").text = step.name
            ET.SubElement(item, "span").text = f" · {step.detail}" if step.detail else ""
    for name in report.list_unopened():
        row = ET.SubElement(body, "tr", {"data-nodes": "", "data-lines": ""})
        for text in (NOBODY, name, "", ""):
            ET.SubElement(row, "td").text = text
    return ET.tostring(table, encoding="unicode", method="html")


def _add_covered(cell: ET.Element, covers: Sequence[str]) -> None:
    """Add the secrets of the stack that are covered too."""
    details = ET.SubElement(cell, "details")
    ET.SubElement(
        details, "summary"
    ).text = f"opens {len(covers)} of the secrets that the stack knows, and what else is there"
    names = ET.SubElement(details, "ol")
    for name in covers:
        ET.SubElement(names, "li").text = name
