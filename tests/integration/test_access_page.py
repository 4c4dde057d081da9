"""The page of who can read what, in a real browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from strongroom.ops.access.evidence import Evidence
from strongroom.ops.access.page import format_page
from strongroom.ops.access.report import Report, build_report
from tests.ops.access.test_picture import named, stack

from .chromium import Chromium

pytestmark = pytest.mark.integration

ROWS = "[...document.querySelectorAll('tbody tr')].filter(row => row.getClientRects().length)"
NODES = "[...document.querySelectorAll('.node')].filter(node => node.getClientRects().length)"
LINES = "[...document.querySelectorAll('.line')].filter(line => line.getClientRects().length)"
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<svg onload=alert(1)>",
    "javascript:alert(1)",
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """A browser."""
    started = Chromium(tmp_path_factory.mktemp("chromium"))
    yield started
    started.stop()


def opened(browser: Chromium, reported: Report, home: Path) -> Chromium:
    file = home / "access.html"
    file.write_text(format_page(reported, Evidence(store="Vault at https://vault.example.net:8200, engine secret")))
    browser.open(file)
    return browser


@pytest.fixture
def shop(browser: Chromium, tmp_path: Path) -> Chromium:
    """The page of three workloads, and of somebody who may read everything."""
    return opened(browser, build_report("dev", stack(3)), tmp_path)


def names(browser: Chromium) -> list[str]:
    """What is seen of the picture: the nodes' names."""
    return browser.evaluate(f"{NODES}.map(node => node.querySelector('.name').textContent)")


def who(browser: Chromium) -> list[str]:
    """What is seen of the table: its first column."""
    return browser.evaluate(f"{ROWS}.map(row => row.cells[0].textContent)")


def height(browser: Chromium) -> float:
    return browser.evaluate("document.querySelector('svg').viewBox.baseVal.height")


def apart(browser: Chromium) -> bool:
    """Whether no node that is seen covers another."""
    boxes: list[dict[str, Any]] = browser.evaluate(
        f"{NODES}.map(node => {{const box = node.querySelector('.box').getBoundingClientRect();"
        "return {x: box.x, y: box.y, right: box.right, bottom: box.bottom};})"
    )
    return all(
        one is other
        or one["right"] <= other["x"]
        or other["right"] <= one["x"]
        or one["bottom"] <= other["y"]
        or other["bottom"] <= one["y"]
        for one in boxes
        for other in boxes
    )


def test_everything_is_seen_at_first_and_nothing_is_fetched(shop: Chromium) -> None:
    assert len(who(shop)) == shop.evaluate("document.querySelectorAll('tbody tr').length") == 8
    assert len(names(shop)) == shop.evaluate("document.querySelectorAll('.node').length")
    assert shop.evaluate("document.getElementById('count').textContent") == "8 ways"
    assert apart(shop)
    assert [sent["request"]["url"] for sent in shop.reported("Network.requestWillBeSent")] == [
        shop.evaluate("location.href")
    ]
    assert shop.reported("Log.entryAdded") == shop.reported("Runtime.exceptionThrown") == []


def test_the_policy_lets_nothing_out(shop: Chromium) -> None:
    shop.evaluate("fetch('http://127.0.0.1:9/').catch(() => {})")
    shop.evaluate("document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.1:9/'}))")
    shop.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}))")

    refused = "\n".join(entry["entry"]["text"] for entry in shop.reported("Log.entryAdded"))
    for what in ("Connecting to", "Loading the image", "Executing inline script"):
        assert f"{what} " in refused
    assert refused.count("violates the following Content Security Policy directive") == 3
    assert shop.evaluate("window.ran") is None


def test_typing_narrows_the_picture_and_the_table_down(shop: Chromium) -> None:
    before = height(shop)
    shop.click("#filter")
    shop.type("SERVICE-1")

    assert who(shop) == ["shop/service-1", "shop/service-1"]
    assert sorted(names(shop)) == [
        "p1",
        "secret/data/object-1",
        "secret/data/object-7",
        "shop.service-1",
        "shop/service-1",
    ]
    assert shop.evaluate(f"{LINES}.length") == 4
    assert shop.evaluate("document.getElementById('count').textContent") == "2 of 8 ways"
    assert apart(shop) and height(shop) < before

    shop.press("Escape")
    assert len(who(shop)) == 8 and height(shop) == before


def test_a_secrets_name_finds_what_is_wide_too(shop: Chromium) -> None:
    shop.click("#filter")
    shop.type("object-14")

    assert who(shop) == ["shop/service-2", "user userpass/dora"]
    assert "secret/data/*" in names(shop)


def test_what_nothing_matches_shows_nothing(shop: Chromium) -> None:
    shop.click("#filter")
    shop.type("nobody of that name")

    assert who(shop) == names(shop) == []


def test_a_node_that_is_clicked_shows_its_paths_alone(shop: Chromium) -> None:
    node = shop.evaluate(f"{NODES}.find(node => node.textContent.includes('userpass/dora')).id")
    shop.click(f"#{node}")

    assert set(who(shop)) == {"user userpass/dora"}
    assert sorted(names(shop)) == [
        "p0",
        "secret/data/*",
        "secret/data/object-0",
        "userpass/dora",
        "whatever the policy x opens",
        "wide",
        "x",
    ]
    assert shop.evaluate(f"document.getElementById('{node}').getAttribute('aria-pressed')") == "true"
    assert apart(shop)

    shop.click("#clear")
    assert len(who(shop)) == 8


def test_a_node_and_a_filter_go_together_and_keys_do_as_a_mouse(shop: Chromium) -> None:
    shop.click("#filter")
    shop.type("object-0")
    assert who(shop) == ["shop/service-0", "user userpass/dora", "user userpass/dora"]

    shop.evaluate(f"{NODES}.find(node => node.textContent.includes('shop/service-0')).focus()")
    shop.press("Enter")
    assert who(shop) == ["shop/service-0"]
    shop.press("Enter")
    assert len(who(shop)) == 3


def test_a_hundred_workloads_are_narrowed_down_to_one(browser: Chromium, tmp_path: Path) -> None:
    large = opened(browser, build_report("dev", stack(100)), tmp_path)
    assert apart(large)
    before = height(large)
    large.click("#filter")
    large.type("service-42")

    assert set(who(large)) == {"shop/service-42"}
    assert height(large) < before / 10


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_becomes_markup(browser: Chromium, tmp_path: Path, name: str) -> None:
    hostile = opened(browser, named(name), tmp_path)

    assert hostile.evaluate("document.querySelectorAll('script').length") == 1
    assert hostile.evaluate("document.querySelectorAll('img, iframe, svg svg, [onload], [onerror]').length") == 0
    assert hostile.reported("Page.javascriptDialogOpening") == hostile.reported("Log.entryAdded") == []
    assert f"{name}/{name}" in who(hostile)[0]
    assert name in hostile.evaluate("document.title")

    node = hostile.evaluate(f"{NODES}[0].id")
    hostile.click(f"#{node}")
    hostile.click("#filter")
    hostile.type(name)
    assert name in hostile.evaluate("document.getElementById('clear').textContent")
    assert len(who(hostile)) == 1
    assert hostile.evaluate("document.querySelectorAll('img, script, svg').length") == 2
    assert hostile.reported("Page.javascriptDialogOpening") == []
