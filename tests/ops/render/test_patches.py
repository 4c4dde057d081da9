"""Patches for kustomize, of objects that others make."""

import json
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pulumi.automation import EngineEvent
from typer.testing import CliRunner

from strongroom.ops.app import app
from strongroom.ops.errors import OpsError
from strongroom.ops.preview.events import PreviewEvents, collect_events
from strongroom.ops.pulumi.state import HIDDEN
from strongroom.ops.render import stack
from strongroom.ops.render.patches import lay_out_patches
from strongroom.policy.rules import UNKNOWN
from tests.ops.test_snippet import POD, TEMPLATE

WORKLOAD = {
    "name": "orders",
    "namespace": "shop",
    "serviceAccount": "orders",
    "secretProviderClass": "orders",
    "delivery": "csi",
    "identity": {},
    "objects": [],
}
ATTACHED = {
    **WORKLOAD,
    "name": "refunds",
    "controller": "StatefulSet",
    "pod": POD,
    "attachment": {"name": "web", "containers": ["app"]},
}
OTHERS = {**WORKLOAD, "controller": "none", "pod": POD}


def test_each_workload_of_others_is_a_component_with_its_patch() -> None:
    files = lay_out_patches("dev", [{**WORKLOAD, "name": "own", "controller": "Deployment"}, ATTACHED, OTHERS])

    assert {str(path) for path in files} == {
        f"shop/{name}/{file}" for name in ("refunds", "orders") for file in ("kustomization.yaml", "patch.yaml")
    }
    assert files[PurePosixPath("shop/refunds/kustomization.yaml")]["patches"] == [{"path": "patch.yaml"}]
    patch = files[PurePosixPath("shop/refunds/patch.yaml")]
    assert (patch["kind"], patch["metadata"]) == ("StatefulSet", {"name": "web", "namespace": "shop"})
    assert [each["name"] for each in patch["spec"]["template"]["spec"]["containers"]] == ["app"]
    patch = files[PurePosixPath("shop/orders/patch.yaml")]
    assert (patch["kind"], patch["metadata"]["name"], patch["spec"]) == ("Deployment", "orders", {"template": TEMPLATE})


@pytest.mark.parametrize("value", [UNKNOWN, HIDDEN])
def test_what_a_preview_does_not_show_is_an_error(value: object) -> None:
    pod = {**POD, "annotations": {"strongroom/parameters": value}}
    with pytest.raises(
        OpsError, match=r"Workload shop/refunds has values that are .*: pod\.annotations\.strongroom/par"
    ):
        lay_out_patches("dev", [{**ATTACHED, "pod": pod}])


def test_workloads_are_read_from_what_their_components_say_in_the_preview() -> None:
    def event(kind: str) -> EngineEvent:
        step = SimpleNamespace(type=kind, new=SimpleNamespace(outputs={"description": OTHERS}))
        said = SimpleNamespace(metadata=step)
        return cast("EngineEvent", SimpleNamespace(resource_pre_event=None, res_outputs_event=said))

    events = collect_events([event("strongroom:index:SecretWorkload"), event("strongroom:index:VaultBackend")])
    assert events.workloads == [OTHERS]


def test_patches_are_in_a_directory_of_their_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen = PreviewEvents(workloads=cast("list[Any]", [ATTACHED]))
    monkeypatch.setattr(stack, "observe", lambda _: seen)
    command = ["render", "--stack", "dev", "--json", "--to", str(tmp_path / "a"), "--patches-to"]

    done = CliRunner().invoke(app, [*command, str(tmp_path / "b")])
    assert [each["path"] for each in json.loads(done.stdout)["patches"]] == [
        "shop/refunds/kustomization.yaml",
        "shop/refunds/patch.yaml",
    ]
    refused = CliRunner().invoke(app, [*command, str(tmp_path / "a" / "b")])
    assert refused.exit_code
    assert "would take patches for whole objects" in str(refused.exception)
