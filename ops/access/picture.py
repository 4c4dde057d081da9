"""An access report as a picture, from the holders at the left to the secrets at the right."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from ..grants import Step
from .layout import COLUMNS, Line, Spot, list_lines, place_spots
from .report import Access, Report

STYLE = Path(__file__).with_name("templates") / "access.css"
"""Style sheet of the picture."""

_TITLES = ("Who", "Identity, role or group", "Policy or role assignment", "Secret")
_HEIGHT, _PASSING, _GAP = 44, 18, 12
_MARGIN, _TOP, _BETWEEN, _INSIDE = 24, 112, 96, 14
_LEGEND = "Orange lines allow more than reading. Dashed boxes are several secrets, or unknown ones."
_NOTES = {
    "scope": "several",
    "unknown": "unknown",
    "unnamed": "not known by name",
    "readers": "by the cluster's RBAC",
}
"""Notes below names, by the kind of step."""
_LETTER, _SMALL = 7.5, 6.0
"""Widths of a character, in pixels: of a monospaced name, and of the note below it."""
_SHORTEST, _LONGEST = 135, 300
"""Widths of the texts in a column, in pixels."""


@dataclass(frozen=True)
class Drawing:
    """A picture, with the nodes and lines of each access."""

    svg: ET.Element
    nodes: Sequence[Sequence[str]]
    """Ids of the nodes of each access."""

    lines: Sequence[Sequence[str]]
    """Ids of the lines of each access."""


def format_svg(report: Report) -> str:
    """Format a report as an SVG file: the same report gives the same file."""
    svg = draw_report(report).svg
    ET.indent(svg)
    return f"{ET.tostring(svg, encoding='unicode')}\n"


def draw_report(report: Report) -> Drawing:
    """Draw a report."""
    paths = [list_lines(access.path) for access in report.accesses]
    drawn = {line: f"e{number}" for number, line in enumerate(dict.fromkeys(line for path in paths for line in path))}
    middles = place_spots(drawn, _HEIGHT, _PASSING, _GAP)
    nodes = {spot: f"n{number}" for number, spot in enumerate(spot for spot in middles if not spot.passed)}
    edges = _compute_edges(nodes)
    bottom = max((middle for middle in middles.values()), default=0) + _TOP + _HEIGHT / 2 + _MARGIN
    svg = _build_root(report, edges[-1][1] + _MARGIN, bottom)
    for title, (left, _) in zip(_TITLES, edges, strict=True):
        _add_text(svg, "heading", left, _TOP - 22, title)
    more = {
        line for access, path in zip(report.accesses, paths, strict=True) for line in path if access.may != ("read",)
    }
    wide = {path[-1][-1] for access, path in zip(report.accesses, paths, strict=True) if access.wide}
    for line, id_ in drawn.items():
        _add_line(svg, id_, line, [(edges[spot.column], middles[spot] + _TOP) for spot in line], line in more)
    for spot, id_ in nodes.items():
        _add_node(svg, id_, spot, edges[spot.column], middle=middles[spot] + _TOP, wide=spot in wide)
    return Drawing(
        svg,
        [[nodes[path[0][0]], *(nodes[line[-1]] for line in path)] for path in paths],
        [[drawn[line] for line in path] for path in paths],
    )


def _build_root(report: Report, width: float, height: float) -> ET.Element:
    size = {
        "width": _format_number(width),
        "height": _format_number(height),
        "viewBox": f"0 0 {_format_number(width)} {_format_number(height)}",
    }
    named = {"role": "img", "aria-labelledby": "picture-title picture-desc"}
    svg = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", **size, **named})
    title = f"Stack {report.stack}: who can read what"
    ET.SubElement(svg, "title", id="picture-title").text = title
    ET.SubElement(svg, "desc", id="picture-desc").text = _describe(report.accesses)
    ET.SubElement(svg, "style").text = STYLE.read_text()
    ET.SubElement(svg, "rect", {"class": "ground", "width": "100%", "height": "100%"})
    _add_text(svg, "title", _MARGIN, 36, title)
    _add_text(svg, "kind", _MARGIN, 58, _LEGEND)
    return svg


def _describe(accesses: Sequence[Access]) -> str:
    """Describe the picture in words."""
    return " ".join(f"{each.who} may {' and '.join(each.may)} {each.what} by {each.by}." for each in accesses)


def _compute_edges(nodes: Mapping[Spot, str]) -> list[tuple[float, float]]:
    """Compute the left and right edge of each column."""
    edges: list[tuple[float, float]] = []
    left = float(_MARGIN)
    for column in range(COLUMNS):
        steps = [spot.steps[0] for spot in nodes if spot.column == column]
        widths = [max(_measure(step.name) * _LETTER, _measure(_format_note(step)) * _SMALL) for step in steps]
        widest = min(max([*widths, _SHORTEST]), _LONGEST)
        edges.append((left, left + widest + 2 * _INSIDE))
        left = edges[-1][1] + _BETWEEN
    return edges


def _add_line(
    svg: ET.Element, id_: str, line: Line, through: Sequence[tuple[tuple[float, float], float]], more: bool
) -> None:
    points: list[tuple[float, float]] = []
    for number, ((left, right), middle) in enumerate(through):
        points += [(left, middle)] * (number > 0) + [(right, middle)] * (number < len(through) - 1)
    drawn = ET.SubElement(
        svg, "path", {"id": id_, "class": "line more" if more else "line", "d": _format_curve(points)}
    )
    drawn.set("data-points", " ".join(f"{_format_number(x)},{_format_number(y)}" for x, y in points))
    ET.SubElement(drawn, "title").text = " → ".join(str(spot.steps[0]) for spot in (line[0], line[-1]))


def _format_curve(points: Sequence[tuple[float, float]]) -> str:
    """Format a path: curves between columns, straight lines across them."""
    (x, y), rest = points[0], points[1:]
    drawn = [f"M{_format_number(x)} {_format_number(y)}"]
    for to_x, to_y in rest:
        half = _format_number((x + to_x) / 2)
        drawn.append(
            f"C{half} {_format_number(y)} {half} {_format_number(to_y)} {_format_number(to_x)} {_format_number(to_y)}"
        )
        x, y = to_x, to_y
    return "".join(drawn)


def _add_node(svg: ET.Element, id_: str, spot: Spot, edges: tuple[float, float], *, middle: float, wide: bool) -> None:
    step, width = spot.steps[0], edges[1] - edges[0]
    group = ET.SubElement(svg, "g", {"id": id_, "class": f"node of-{spot.column}" + (" wide" if wide else "")})
    group.set("transform", f"translate({_format_number(edges[0])} {_format_number(middle - _HEIGHT / 2)})")
    ET.SubElement(group, "title").text = " ".join(filter(None, (step.kind, step.name, step.detail)))
    ET.SubElement(group, "rect", {"class": "box", "width": _format_number(width), "height": str(_HEIGHT), "rx": "7"})
    ET.SubElement(group, "rect", {"class": "mark", "width": "5", "height": str(_HEIGHT - 14), "y": "7", "rx": "2.5"})
    _add_text(group, "name", _INSIDE, 19, _shorten(step.name, int((width - 2 * _INSIDE) / _LETTER + 0.01)))
    _add_text(group, "kind", _INSIDE, 35, _shorten(_format_note(step), int((width - 2 * _INSIDE) / _SMALL)))


def _format_note(step: Step) -> str:
    """Format the note below a node's name."""
    if step.kind in _NOTES:
        return _NOTES[step.kind]
    detail = step.detail.rpartition("/vaults/")[2]
    return f"{step.kind} · {detail}" if detail else step.kind


def _add_text(parent: ET.Element, kind: str, x: float, y: float, text: str) -> None:
    ET.SubElement(parent, "text", {"class": kind, "x": _format_number(x), "y": _format_number(y)}).text = text


def _measure(text: str) -> int:
    """Measure a text in characters of a monospaced font."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _shorten(text: str, most: int) -> str:
    """Shorten `text` in the middle if it is too wide."""
    if _measure(text) <= most:
        return text
    head, tail = text, text
    while _measure(head) > most // 2 - 1:
        head = head[:-1]
    while _measure(tail) > most - most // 2:
        tail = tail[1:]
    return f"{head}…{tail}"


def _format_number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
