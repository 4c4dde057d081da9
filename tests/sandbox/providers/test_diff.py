"""What the engine gets to know of a change."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi.runtime.proto import provider_pb2

from sandbox.providers.diff import diff
from sandbox.providers.kubernetes import KubernetesProvider
from sandbox.providers.values import UNKNOWN, Secret

from .test_values import JSON

Changes = provider_pb2.DiffResponse.DiffChanges


def test_each_change_has_its_path() -> None:
    answer = diff(
        {"spec": {"a": 1, "b": [1, 2], "gone": 1}, "metadata": {"annotations": {"x.io/y": "1"}}},
        {"spec": {"a": 2, "b": [1, 3], "new": 1}, "metadata": {"annotations": {"x.io/y": "2"}}},
        (),
        same_name=True,
    )
    assert set(answer.detailedDiff) == {
        "spec.a",
        "spec.b[1]",
        "spec.gone",
        "spec.new",
        'metadata.annotations["x.io/y"]',
    }
    assert list(answer.diffs) == ["metadata", "spec"]
    assert not answer.deleteBeforeReplace


@given(st.dictionaries(st.text(max_size=4), JSON))
def test_nothing_differs_from_itself_whatever_is_secret(properties: dict[str, Any]) -> None:
    assert diff(properties, {key: Secret(value) for key, value in properties.items()}, "*", same_name=True).changes == (
        Changes.DIFF_NONE
    )


def test_an_unknown_is_a_change() -> None:
    assert diff({"a": 1}, {"a": UNKNOWN}, (), same_name=True).changes == Changes.DIFF_SOME


@pytest.mark.parametrize(
    ("kind", "before", "after", "replaced"),
    [
        ("apps/v1:Deployment", {"spec": {"selector": {"a": "1"}}}, {"spec": {"selector": {"a": "2"}}}, True),
        ("apps/v1:Deployment", {"spec": {"replicas": 1}}, {"spec": {"replicas": 2}}, False),
        ("core/v1:Pod", {"spec": {"volumes": []}}, {"spec": {"volumes": [1]}}, True),
        ("core/v1:Pod", {"metadata": {"labels": {}}}, {"metadata": {"labels": {"a": "b"}}}, False),
        ("core/v1:Secret", {"type": "Opaque"}, {"type": "other"}, True),
        ("core/v1:ConfigMap", {"metadata": {"name": "a"}}, {"metadata": {"name": "b"}}, True),
        ("core/v1:ConfigMap", {"metadata": {"namespace": "a"}}, {"metadata": {"namespace": "b"}}, True),
    ],
)
def test_what_cannot_change_is_replaced(kind: str, before: Any, after: Any, replaced: bool) -> None:
    answer = diff(before, after, KubernetesProvider.immutable(f"kubernetes:{kind}"), same_name=True)

    assert bool(answer.replaces) == replaced
    assert answer.deleteBeforeReplace == replaced


def test_an_object_without_a_name_gets_one_and_keeps_it() -> None:
    first = KubernetesProvider.check("kubernetes:core/v1:ConfigMap", {}, {}, "0a1b2c3d", "my-map")
    again = KubernetesProvider.check("kubernetes:core/v1:ConfigMap", {}, first, "ffffffff", "my-map")

    assert first["metadata"]["name"] == "my-map-0a1b2c3d"
    assert again == first
    assert not KubernetesProvider.same_name("kubernetes:core/v1:ConfigMap", first)
