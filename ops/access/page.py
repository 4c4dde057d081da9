"""Who can read what, as a page that needs no server and reaches none."""

import base64
import hashlib
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from xml.etree import ElementTree as ET

from .evidence import Evidence
from .picture import STYLE, drawing
from .report import NOBODY, Report, visible

TEMPLATE = Path(__file__).with_name("templates") / "access.html"
"""The page, with `<!--name-->` where something goes."""

_PLACE = re.compile("<!--([a-z]+)-->")
_INLINE = re.compile("<(script|style)>(.*?)</", re.DOTALL)
_HEADINGS = ("Who", "What", "May", "By")


def page(report: Report, evidence: Evidence) -> str:
    """The page, as HTML: what it is evidence of, the picture and a table, both narrowed down by a text and by a node
    that is clicked.

    Nothing but its own script and styles, known by their digests, is let in, and nothing is fetched.
    (W3C: "Content Security Policy Level 3")
    """
    template = TEMPLATE.read_text()
    drawn = drawing(report)
    told = {
        "title": escape(f"Stack {report.stack}: who can read what"),
        "policy": _policy(template),
        "picture": ET.tostring(drawn.svg, encoding="unicode", short_empty_elements=False),
        "evidence": _evidence(report, evidence),
        "table": _table(report, drawn.nodes, drawn.lines),
    }
    # In one go: a name that looks like a place stays what it is.
    return _PLACE.sub(lambda place: told[place[1]], template)


def _policy(template: str) -> str:
    """What the page may do. What it has inline is known by its digest."""
    sources: dict[str, list[str]] = {"script": [], "style": [_digest(STYLE.read_text())]}
    for kind, text in _INLINE.findall(template):
        sources[kind].append(_digest(text))
    allowed = "; ".join(f"{kind}-src {' '.join(digests)}" for kind, digests in sources.items())
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _evidence(report: Report, evidence: Evidence) -> str:
    told = ET.Element("dl")
    counted = (("Shown", report.shown), ("In all", report.summary()))
    for heading, value in (("Stack", report.stack), *evidence.rows(), *counted):
        row = ET.SubElement(told, "div")
        ET.SubElement(row, "dt").text = heading
        ET.SubElement(row, "dd").text = visible(value)
    return ET.tostring(told, encoding="unicode", method="html")


def _table(report: Report, nodes: Sequence[Sequence[str]], lines: Sequence[Sequence[str]]) -> str:
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
            _covered(what, access.covers)
        ET.SubElement(row, "td").text = ", ".join(access.may)
        steps = ET.SubElement(ET.SubElement(row, "td"), "ol")
        for step in access.path[1:-1]:
            item = ET.SubElement(steps, "li")
            ET.SubElement(item, "span").text = f"{step.kind} "
            ET.SubElement(item, "b").text = step.name
            ET.SubElement(item, "span").text = f" · {step.detail}" if step.detail else ""
    for name in report.unopened():
        row = ET.SubElement(body, "tr", {"data-nodes": "", "data-lines": ""})
        for text in (NOBODY, name, "", ""):
            ET.SubElement(row, "td").text = text
    return ET.tostring(table, encoding="unicode", method="html")


def _covered(cell: ET.Element, covers: Sequence[str]) -> None:
    """Which of the secrets that the stack knows of are opened too."""
    told = ET.SubElement(cell, "details")
    ET.SubElement(
        told, "summary"
    ).text = f"opens {len(covers)} of the secrets that the stack knows, and what else is there"
    names = ET.SubElement(told, "ol")
    for name in covers:
        ET.SubElement(names, "li").text = name
