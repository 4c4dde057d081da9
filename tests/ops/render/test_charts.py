"""Charts, where Helm stops a render; what real Helm renders is in tests/integration."""

from pathlib import Path

import pytest

from strongroom.ops.errors import OpsError
from strongroom.ops.render.charts import render_release

RELEASE = {"name": "driver", "chart": "small", "version": "1.2.3", "namespace": "kube-system", "values": {"a": "b"}}


@pytest.fixture
def helm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Helm whose body a test writes."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    program = tmp_path / "helm"
    program.touch(mode=0o755)
    return program


def test_no_helm_is_reported_with_the_way_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")

    with pytest.raises(OpsError, match=r"charts need Helm, which is not on PATH: .* --no-charts"):
        render_release(RELEASE)


def test_helms_own_error_is_reported_in_one_line(helm: Path) -> None:
    helm.write_text("#!/bin/sh\nprintf 'Error: no chart\\nof that name\\n' >&2; exit 1\n")

    with pytest.raises(OpsError, match=r"Release driver: helm template: no chart of that name\. .* --no-charts"):
        render_release(RELEASE)


def test_a_chart_that_makes_up_values_is_refused(helm: Path) -> None:
    helm.write_text("#!/bin/sh\necho '{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {v: '$$'}}'\n")

    with pytest.raises(OpsError, match="Release driver: its chart generates new values"):
        render_release(RELEASE)


@pytest.mark.parametrize("text", ["a: [", "{kind: ConfigMap, metadata: {name: a}}", "{apiVersion: v1, kind: A}"])
def test_what_is_no_object_is_reported(helm: Path, text: str) -> None:
    helm.write_text(f"#!/bin/sh\necho '{text}'\n")

    with pytest.raises(OpsError, match="Release driver: its chart renders what is no"):
        render_release(RELEASE)


def test_values_go_by_standard_input_and_the_chart_is_the_pinned_one(helm: Path) -> None:
    called = helm.parent / "called"
    helm.write_text(f'#!/bin/sh\n(echo "$@"; cat) > {called}\n')

    assert render_release({**RELEASE, "repositoryOpts": {"repo": "https://charts"}}) == ([], [])
    assert called.read_text().splitlines() == [
        "template driver small --namespace=kube-system --version=1.2.3 --repo=https://charts --include-crds "
        "--skip-tests --values=-",
        '{"a": "b"}',
    ]
