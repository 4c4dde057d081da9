"""What is said of patches, by what a real API server responded to them."""

from collections.abc import Mapping
from typing import Any, cast

import pytest

from strongroom.ops.errors import AbsentError, NotAllowedError, OpsError
from strongroom.ops.existing.patches import check_patches
from strongroom.ops.verify.cluster_reader import ClusterReader
from strongroom.policy.rules import UNKNOWN, Declared

DEPLOYMENT = "kubernetes:apps/v1:Deployment"


class Server:
    """A cluster with one response, which keeps what it is asked to apply."""

    def __init__(self, response: Mapping[str, Any] | OpsError) -> None:
        self.applied: list[Any] = []
        self._response = response

    def get_metadata(self, what: str, path: str) -> Mapping[str, Any]:
        assert (what, path) == ("Deployment shop/web", "/apis/apps/v1/namespaces/shop/deployments/web")
        if isinstance(self._response, AbsentError):
            raise self._response
        return {}

    def try_apply(self, what: str, path: str, document: Any, manager: str, *, force: bool) -> Mapping[str, Any]:
        self.applied.append((document["spec"], manager, force))
        if isinstance(self._response, OpsError):
            raise self._response
        return self._response


def refused(reason: str, *causes: tuple[str, str, str]) -> Mapping[str, Any]:
    fields = [{"reason": why, "message": message, "field": field} for why, message, field in causes]
    return {"kind": "Status", "status": "Failure", "reason": reason, "details": {"causes": fields}}


def declared(kind: str, spec: object = None, **annotations: str) -> Declared:
    names = {
        "force": "pulumi.com/patchForce",
        "manager": "pulumi.com/patchFieldManager",
        "digest": "strongroom/attachment",
    }
    metadata = {
        "name": "web",
        "namespace": "shop",
        "annotations": {names[key]: each for key, each in annotations.items()},
    }
    properties = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec or {}}
    return Declared(kind, f"urn:pulumi:dev::strongroom::{kind}::attach", properties)


def check(response: Mapping[str, Any] | OpsError, *resources: Declared) -> list[tuple[str, str]]:
    server = cast("ClusterReader", Server(response))
    return [(each.state, each.seen) for each in check_patches(server, resources or [declared(f"{DEPLOYMENT}Patch")])]


@pytest.mark.parametrize(
    ("response", "state", "seen"),
    [
        ({"kind": "Deployment"}, "ok", "Deployment shop/web takes attach"),
        (
            refused("Conflict", ("FieldManagerConflict", 'conflict with "helm"', ".spec.replicas")),
            "failed",
            'attach sets fields of Deployment shop/web that others manage: .spec.replicas (conflict with "helm")',
        ),
        (
            refused("Invalid", ("FieldValueInvalid", 'Invalid value: "canary-1b7d"', "spec.paused")),
            "failed",
            "the API server refuses what attach makes of Deployment shop/web: spec.paused (FieldValueInvalid)",
        ),
        (AbsentError("404"), "failed", "attach patches Deployment shop/web, which the cluster lacks"),
        (NotAllowedError("403 Forbidden"), "skipped", "attach: 403 Forbidden"),
    ],
)
def test_what_the_api_server_would_say_to_a_patch_is_said_before(response: Any, state: str, seen: str) -> None:
    assert check(response) == [(state, seen)]


def test_a_patch_is_tried_as_its_own_manager_without_what_is_not_known_yet() -> None:
    server = Server({})
    patch = declared(f"{DEPLOYMENT}Patch", {"a": UNKNOWN, "b": [UNKNOWN, 1]}, manager="strongroom", force="true")

    assert list(check_patches(cast("ClusterReader", server), [patch]))
    assert server.applied == [({"b": [1]}, "strongroom", True)]


@pytest.mark.parametrize(
    ("response", "fix"),
    [
        (
            refused("Conflict", ("FieldManagerConflict", "helm", ".spec")),
            "have their owner remove them, or set them to",
        ),
        (
            refused("Conflict", ("FieldManagerConflict", "helm", ".spec.template.spec.serviceAccountName")),
            "set this workload's serviceAccount to the account that it has, with create: false; or have their owner",
        ),
        (
            refused("Invalid", ("FieldValueRequired", "", "spec.template.spec.containers[1].image")),
            "name containers that it has, in attach.containers",
        ),
    ],
)
def test_what_is_wrong_with_an_attachment_is_mended_in_its_settings_or_by_its_owner(response: Any, fix: str) -> None:
    patch = declared(f"{DEPLOYMENT}Patch", {"a": 1}, digest="d")
    (found,) = check_patches(cast("ClusterReader", Server(response)), [patch])

    assert found.state == "failed"
    assert found.fix.startswith(fix)


def test_a_patch_that_gives_up_fields_is_not_tried() -> None:
    patch = declared(f"{DEPLOYMENT}Patch", manager="strongroom")
    del cast("dict[str, Any]", patch.properties)["spec"]

    assert check({}, patch) == []


def test_what_the_stack_makes_itself_or_names_later_is_not_looked_for() -> None:
    nameless = Declared(f"{DEPLOYMENT}Patch", "urn", {"kind": "Deployment", "metadata": {"name": UNKNOWN}})

    assert check(AbsentError("404"), declared(DEPLOYMENT), declared(f"{DEPLOYMENT}Patch"), nameless) == []
