"""Chromium without a window, driven by its DevTools protocol: this machine's, or that of Debian's package."""

import json
import os
import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from websockets.sync.client import connect

from sandbox.ports import HOST
from sandbox.process import Process

from .debian import brought, libraries

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
)
_PROGRAM = "usr/lib/chromium/chromium"
_PATIENCE = 30
"""Seconds."""


def _found(home: Path) -> tuple[str, Mapping[str, str]]:
    """The browser of this machine, or else Debian's, and its environment."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if program := shutil.which(name):
            return program, os.environ
    root = brought("chromium", _PROGRAM, home)
    return str(root / _PROGRAM), libraries(root)


class Chromium:
    """A browser with one page."""

    def __init__(self, home: Path) -> None:
        """
        :param home: Where its files are.
        """
        program, environment = _found(home)
        self._profile = home / "profile"
        self._process = Process("chromium", home)
        self._process.start(
            [program, *_FLAGS, f"--user-data-dir={self._profile}", "about:blank"],
            environment,
        )
        listening = self._profile / "DevToolsActivePort"
        self._process.wait_until(lambda: listening.is_file() and "\n" in listening.read_text(), _PATIENCE)
        port, path = listening.read_text().splitlines()
        self._connected = ExitStack()
        self._socket = self._connected.enter_context(connect(f"ws://{HOST}:{port}{path}", max_size=None, proxy=None))
        self._session: str | None = None
        self._count = 0
        self.events: list[Mapping[str, Any]] = []
        """What the browser reported of the page, without being asked."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """What the browser answers. (Chrome DevTools Protocol)"""
        self._count += 1
        session = {"sessionId": self._session} if self._session else {}
        self._socket.send(json.dumps({"id": self._count, "method": method, "params": parameters, **session}))
        while True:
            reported = json.loads(self._socket.recv(_PATIENCE))
            if reported.get("id") == self._count:
                assert "error" not in reported, f"{method}: {reported['error']}"
                return reported["result"]
            self.events.append(reported)

    def open(self, page: Path) -> None:
        """Open a file, and wait until it is there."""
        self.events.clear()
        self.ask("Page.navigate", url=page.as_uri())
        while not self.reported("Page.loadEventFired"):
            self.events.append(json.loads(self._socket.recv(_PATIENCE)))

    def reported(self, method: str) -> list[Mapping[str, Any]]:
        """The events of one kind since the page was opened."""
        return [event["params"] for event in self.events if event.get("method") == method]

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def click(self, selector: str) -> None:
        """Click in the middle of an element, as a mouse does."""
        middle = self.evaluate(
            f"(() => {{ const element = document.querySelector({json.dumps(selector)});"
            "element.scrollIntoView({block: 'center'}); const box = element.getBoundingClientRect();"
            "return {x: box.x + box.width / 2, y: box.y + box.height / 2}; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **middle)

    def type(self, text: str) -> None:
        """Type, letter by letter, where the focus is."""
        for letter in text:
            self.ask("Input.dispatchKeyEvent", type="char", text=letter)

    def press(self, key: str) -> None:
        """Press a key that has a name."""
        code = {"Enter": 13, "Escape": 27}[key]
        text = {"text": "\r"} if key == "Enter" else {}
        self.ask("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **text)
        self.ask("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def stop(self) -> None:
        """End it, and leave nothing behind."""
        self._connected.close()
        self._process.stop()
        shutil.rmtree(self._profile, ignore_errors=True)
