"""What is shown while the engine works."""

import io
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from strongroom.ops.pulumi import progress
from strongroom.ops.pulumi.progress import show_progress

RESOURCE: Any = SimpleNamespace(resource_pre_event=object())
OTHER: Any = SimpleNamespace(resource_pre_event=None)


def test_a_log_has_a_line_at_the_start_and_one_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    log = io.StringIO()
    with show_progress("preview of dev", Console(file=log)) as shown:
        for event in (RESOURCE, OTHER, RESOURCE, RESOURCE):
            now[0] += 16
            shown.note(event)

    assert log.getvalue().splitlines() == ["preview of dev ...", "preview of dev: 2 resources so far"]


def test_a_terminal_has_a_line_that_goes() -> None:
    screen = io.StringIO()
    with show_progress("preview of [dev]", Console(file=screen, force_terminal=True, width=80)) as shown:
        shown.note(RESOURCE)

    assert "preview of [dev]" in screen.getvalue()
