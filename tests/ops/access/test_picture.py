"""The picture of who can read what, and the page around it."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.ops.access.evidence import Evidence
from strongroom.ops.access.page import format_page
from strongroom.ops.access.picture import draw_report, format_svg
from strongroom.ops.access.report import Report, build_report
from strongroom.policy.rules import Declared
from tests.ops.grants.test_vault import USER
from tests.ops.preview.test_report import READ_O, declared, policy, role
from tests.support.soak import bounded

NAMES = st.text(st.characters(), max_size=60)
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style><!--title-->",
    "]]>&amp;&lt;",
    "\x00\ud800\ufffe",
]


def stack(size: int) -> list[Declared]:
    """A stack of so many workloads, some of which share secrets, and people beside them."""
    found: list[Declared] = []
    for number in range(size):
        names = {f"object-{number % 60}", f"object-{number * 7 % 60}"}
        document = "\n".join(f'path "secret/data/{name}" {{ capabilities = ["read"] }}' for name in sorted(names))
        own = role(f"p{number}", names=(f"service-{number}",))
        found += [
            declared(own.kind, f"shop/service-{number}", **{**own.properties, "roleName": f"shop.service-{number}"}),
            policy(document, f"p{number}"),
        ]
    wide = policy('path "secret/data/*" { capabilities = ["read", "list"] }', "wide")
    return [*found, wide, declared(USER, "u", username="dora", mount="userpass", tokenPolicies=["wide", "p0", "x"])]


def named(name: str) -> Report:
    """A stack in which everything bears a name that somebody chose."""
    return build_report(
        name,
        [
            declared(
                "vault:kubernetes/authBackendRole:AuthBackendRole",
                "r",
                roleName=name,
                backend=name,
                boundServiceAccountNames=[name],
                boundServiceAccountNamespaces=[name],
                tokenPolicies=[name],
            ),
            policy(READ_O, "p"),
            declared("vault:kv/secretV2:SecretV2", "s", mount=name, name=name),
        ],
    )


def parsed(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - our own


def boxes(svg: ET.Element) -> list[tuple[float, float, float, float]]:
    """Left, top, right and bottom of each node."""
    found: list[tuple[float, float, float, float]] = []
    for group in svg.iter("g"):
        left, top = map(float, re.findall(r"[\d.]+", group.attrib["transform"]))
        box = group.find("rect")
        assert box is not None
        found.append((left, top, left + float(box.attrib["width"]), top + float(box.attrib["height"])))
    return found


@pytest.mark.parametrize("size", [0, 1, 3, 100])
def test_no_box_covers_another_and_all_are_inside(size: int) -> None:
    svg = draw_report(build_report("dev", stack(size))).svg
    found = boxes(svg)

    assert len(found) >= size * 3
    assert all(
        one[2] <= other[0] or other[2] <= one[0] or one[3] < other[1] or other[3] < one[1]
        for one, other in combinations(found, 2)
    )
    width, height = float(svg.attrib["width"]), float(svg.attrib["height"])
    assert all(left >= 0 and right <= width and top > 80 and bottom <= height for left, top, right, bottom in found)


def test_lines_run_between_boxes_and_across_none() -> None:
    svg = draw_report(build_report("dev", stack(30))).svg
    rights = {right for _, _, right, _ in boxes(svg)}
    lefts = {left for left, _, _, _ in boxes(svg)}
    for line in svg.iter("path"):
        points = [tuple(map(float, point.split(","))) for point in line.attrib["data-points"].split()]
        assert points[0][0] in rights and points[-1][0] in lefts
        for x, y in points[1:-1]:
            assert not any(left < x < right and top <= y <= bottom for left, top, right, bottom in boxes(svg))
            assert not any(left == x and top <= y <= bottom for left, top, right, bottom in boxes(svg))


def test_a_picture_is_the_same_each_time() -> None:
    resources = stack(20)

    assert format_svg(build_report("dev", resources)) == format_svg(build_report("dev", resources[::-1]))


def test_a_picture_has_a_title_words_and_texts() -> None:
    svg = draw_report(build_report("dev", stack(1))).svg

    assert svg.attrib["aria-labelledby"] == "picture-title picture-desc"
    assert svg.findtext("title") == "Stack dev: who can read what"
    assert "user userpass/dora may read and list secret/data/* by policy wide." in (svg.findtext("desc") or "")
    texts = {text.text for text in svg.iter("text")}
    assert {"shop/service-0", "shop.service-0", "p0", "secret/data/object-0", "userpass/dora"} <= texts


def test_what_is_wide_and_what_is_more_than_reading_looks_so() -> None:
    svg = draw_report(build_report("dev", stack(1))).svg

    wide = [group.findtext("text") for group in svg.iter("g") if "wide" in group.attrib["class"]]
    assert wide == ["secret/data/*", "whatever the policy x opens"]
    assert [line.findtext("title") for line in svg.iter("path") if "more" in line.attrib["class"]] == [
        "user userpass/dora → policy wide",
        "policy wide → secret/data/*",
    ]


def test_a_long_name_is_cut_in_its_middle_and_reported_whole_beside() -> None:
    svg = draw_report(named("a" * 300)).svg

    texts = [text.text or "" for text in svg.iter("text")]
    assert max(map(len, texts[2:])) < 60
    assert any("…" in text for text in texts)
    assert any("a" * 300 in (group.findtext("title") or "") for group in svg.iter("g"))


@bounded(20)
@given(NAMES)
def test_a_picture_of_any_names_is_xml_and_adds_no_element(name: str) -> None:
    elements = {element.tag.rpartition("}")[2] for element in parsed(format_svg(named(name))).iter()}

    assert elements == {"svg", "title", "desc", "style", "rect", "text", "g", "path"}


class Elements(HTMLParser):
    """What a browser would find in a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.policy = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if ("http-equiv", "Content-Security-Policy") in attrs:
            self.policy = str(dict(attrs)["content"])

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@bounded(20)
@given(NAMES | st.sampled_from(HOSTILE))
def test_no_name_becomes_markup(name: str) -> None:
    one, other = (Elements(format_page(named(each), Evidence())) for each in ("plain", name))

    assert one.found == other.found
    assert one.attributes == other.attributes
    assert not any(attribute.startswith("on") for attribute in other.attributes)
    assert one.policy == other.policy


@pytest.mark.parametrize("name", HOSTILE[:4])
def test_a_hostile_name_is_reported_as_it_is(name: str) -> None:
    assert any(name in text for text in Elements(format_page(named(name), Evidence(store=name, revision=name))).texts)


def test_a_page_lets_in_its_own_script_and_styles_alone() -> None:
    text = format_page(build_report("dev", stack(3)), Evidence())
    reported = dict(part.strip().split(" ", 1) for part in Elements(text).policy.split(";"))
    inline = {
        kind: {
            f"'sha256-{base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()}'"
            for body in re.findall(f"<{kind}>(.*?)</{kind}>", text, re.DOTALL)
        }
        for kind in ("script", "style")
    }

    assert reported["default-src"] == "'none'"
    assert {kind: set(reported[f"{kind}-src"].split()) for kind in inline} == inline
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|url\(|@import|\ssrc=|\sstyle=", text)
