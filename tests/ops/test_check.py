"""What a check makes of what it finds."""

from types import SimpleNamespace
from typing import Any

import pytest

from strongroom.ops.check import declared as module
from strongroom.ops.preview.events import Violation


def test_a_mandatory_rule_that_is_broken_breaks_and_an_advisory_one_warns(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        Violation("vault-ttl", "mandatory", "urn", "says\nis long"),
        Violation("vault-tls", "advisory", "urn", "says\nx"),
    ]
    monkeypatch.setattr(module, "read_files", lambda _: (None, []))
    monkeypatch.setattr(module, "Installation", lambda _: type("_", (), {"list_issues": lambda _: []})())
    monkeypatch.setattr(module, "find_violations", lambda *_: found)
    settings: Any = SimpleNamespace(workloads=())

    reported = {
        each.seen: each.state for each in module.check_declared("dev", settings, {}) if each.name == "guardrails"
    }
    assert reported == {"vault-ttl: is long": "failed", "vault-tls: x": "warning"}
