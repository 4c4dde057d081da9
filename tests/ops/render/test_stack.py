"""From a preview to objects."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from strongroom.ops.app import app
from strongroom.ops.errors import OpsError
from strongroom.ops.preview.events import PreviewEvents, Violation
from strongroom.ops.pulumi.state import HIDDEN
from strongroom.ops.render import stack
from strongroom.policy.rules import UNKNOWN
from tests.ops.render.test_objects import RELEASE, SECRET, of, seen


def previewed(monkeypatch: pytest.MonkeyPatch, previewed: PreviewEvents) -> None:
    monkeypatch.setattr(stack, "observe", lambda _: previewed)


def test_a_stack_whose_update_would_be_refused_is_not_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    previewed(monkeypatch, PreviewEvents(errors=["2 faults\nstrongroom:backend is missing"]))
    with pytest.raises(OpsError, match=r"'dev' would be refused, .*: 2 faults\. `strongroom preview --stack dev`"):
        stack.render_stack("dev")

    previewed(monkeypatch, PreviewEvents(violations=[Violation("vault-ttl", "mandatory", "urn", "too long")]))
    with pytest.raises(OpsError, match="the rule vault-ttl is violated"):
        stack.render_stack("dev")

    previewed(monkeypatch, PreviewEvents(violations=[Violation("no-latest-image", "advisory", "urn", "latest")]))
    assert stack.render_stack("dev").manifests == []


def test_charts_that_are_omitted_are_reported_with_what_else_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    release = (RELEASE, {"name": "driver", "chart": "small", "values": {"a": UNKNOWN, "b": HIDDEN}})
    previewed(monkeypatch, seen(release, of(SECRET, data={"a": "YQ=="}), of("kubernetes:core/v1:ConfigMap")))
    command = ["render", "--stack", "dev", "--to", str(tmp_path), "--no-charts"]
    done = CliRunner().invoke(app, command)

    assert done.exit_code == 0
    assert [file.name for file in tmp_path.rglob("*.yaml")] == ["3-configmap_orders.yaml"]
    assert "skipped: Release driver is a chart: have Helm install it" in done.stderr
    assert "skipped: Secret shop/orders holds secret values" in done.stderr
    assert "1 written, 0 unchanged, 0 removed" in done.stdout

    reported = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)
    assert reported["files"] == [{"path": "namespaces/shop/3-configmap_orders.yaml", "done": "unchanged"}]
    assert [each["what"] for each in reported["omitted"]] == ["Release driver", "Secret shop/orders"]
