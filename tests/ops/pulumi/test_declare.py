"""What settings declare, without an engine."""

import cProfile
import pstats
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pulumi.resource
import pytest
from google.protobuf import json_format
from pulumi.runtime import mocks
from pulumi.runtime.proto import resource_pb2

from strongroom.ops.grants import describe_grants
from strongroom.ops.preview.events import PreviewEvents, mark_unknown
from strongroom.ops.preview.guardrails import find_violations
from strongroom.ops.preview.offline import parse_offline_settings
from strongroom.ops.preview.report import build_preview
from strongroom.ops.pulumi.declare import PROJECT, declare
from strongroom.ops.pulumi.project import stack_file
from strongroom.ops.pulumi.stack_file import read_stack_file
from strongroom.ops.pulumi.state import hide_secrets
from strongroom.policy.rules import Declared
from strongroom.stacks.provision.program import provision
from strongroom.stacks.settings.root import Settings

ROOT = Path(__file__).parents[3]
AZURE = {"kind": "azure-key-vault", "tenantId": "00000000-0000-0000-0000-000000000000", "resourceGroup": "rg"}
STACKS: dict[str, dict[str, Any]] = {
    "vault": {"backend": {"kind": "vault", "address": "https://vault.example.net:8200"}, "kubernetes": {}},
    "azure": {
        "backend": {**AZURE, "vault": {"name": "kv-shop", "create": False}},
        "kubernetes": {"install": "addon", "aks": {"name": "aks"}},
    },
    "shared": {
        "backend": {**AZURE, "identity": {"mode": "shared"}, "vault": {"name": "kv-shop", "create": False}},
        "kubernetes": {"install": "addon", "aks": {"name": "aks"}},
    },
}


def settings(stack: str, count: int) -> Settings:
    """A stack with `count` workloads, every third a bare pod."""
    workloads = [
        {
            "name": f"app-{number}",
            "namespace": f"team-{number % 2}",
            "image": "busybox:1.36",
            "replicas": number % 3,
            "secrets": [{"name": "password", "object": f"db-{number}", "key": "password", "env": "PASSWORD"}],
        }
        for number in range(count)
    ]
    return parse_offline_settings(
        "dev", {f"strongroom:{key}": value for key, value in {**STACKS[stack], "workloads": workloads}.items()}
    )


def of_file(stack: str) -> Settings:
    return parse_offline_settings(stack, read_stack_file(stack_file(ROOT, stack)))


class Registering(mocks.MockMonitor, mocks.Mocks):
    """The SDK's own way: each resource a request to a monitor, which responds with the inputs."""

    def __init__(self) -> None:
        super().__init__(self)
        self.declared: dict[str, Declared] = {}

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        urn = self.make_urn(request.parent, request.type, request.name)
        inputs = mark_unknown(hide_secrets(json_format.MessageToDict(request.object)))
        self.declared[urn] = Declared(request.type, urn, inputs, sorted(request.dependencies))
        return super().RegisterResource(request)

    def Invoke(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        return resource_pb2.ResourceInvokeResponse(unknown=True)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        return None, dict(cast("dict[Any, Any]", args.inputs))

    def call(self, args: mocks.MockCallArgs) -> Any:
        raise NotImplementedError(args.token)


def without_stack(declared: dict[str, Declared]) -> dict[str, Any]:
    return {
        urn: (each.type, each.properties, sorted(each.dependencies))
        for urn, each in declared.items()
        if each.type != "pulumi:pulumi:Stack"
    }


@pytest.mark.parametrize("stack", ["dev", "prod", *STACKS])
def test_what_is_declared_is_what_the_sdk_registers(stack: str) -> None:
    chosen = settings(stack, 5) if stack in STACKS else of_file(stack)
    monitor = Registering()
    mocks.set_mocks(monitor, project=PROJECT, stack="dev", preview=True, monitor=monitor)
    mocks.test(lambda: provision(chosen))()

    assert without_stack(declare("dev", chosen)) == without_stack(monitor.declared)


@pytest.mark.parametrize("stack", STACKS)
def test_workloads_are_noted_while_others_are_still_to_be_declared(stack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("strongroom.ops.pulumi.declare._AT_ONCE", 2)
    alone = len(declare("dev", settings(stack, 2)))
    under_way: list[int] = []

    class Pending(set[Any]):
        def add(self, element: Any, /) -> None:
            super().add(element)
            under_way.append(len(self))

    monkeypatch.setattr("strongroom.ops.pulumi.declare.set", Pending, raising=False)
    declare("dev", settings(stack, 12))

    assert max(under_way) <= alone + 5


def test_what_stops_a_registration_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> str:
        raise ValueError("no such thing")

    monkeypatch.setattr("strongroom.components.kubernetes.csi_volume._compute_digest", stop)

    with pytest.raises(ValueError, match="no such thing"):
        declare("dev", settings("vault", 3))


def test_the_sdk_registers_as_before_once_settings_are_declared() -> None:
    before = vars(pulumi.resource)["register_resource"]
    declare("dev", settings("vault", 1))

    assert vars(pulumi.resource)["register_resource"] is before


def count_calls(function: Callable[[], object]) -> int:
    profile = cProfile.Profile()
    profile.runcall(function)
    return cast("Any", pstats.Stats(profile)).total_calls


@pytest.mark.parametrize("stack", ["vault", "azure"])
def test_four_times_the_workloads_are_four_times_the_work(stack: str) -> None:
    few, many = declare("dev", settings(stack, 8)), declare("dev", settings(stack, 32))

    def preview(declared: dict[str, Declared]) -> None:
        build_preview("dev", PreviewEvents(after=declared, operations=dict.fromkeys(declared, "create")))

    for work in (
        lambda found: describe_grants(found.values()),
        lambda found: find_violations("dev", found.values()),
        preview,
    ):
        assert count_calls(lambda: work(many)) < 4.3 * count_calls(lambda: work(few))  # noqa: B023
