"""The kubernetes stand-in's own decisions; its work on a cluster is in tests/integration."""

import base64
from typing import Any

import pytest

from sandbox.providers.diff import diff
from sandbox.providers.kubernetes import KubernetesProvider, _holds, _projected, _with_string_data
from sandbox.providers.protocol import ProviderError

POD = "kubernetes:core/v1:Pod"


@pytest.mark.parametrize(
    ("kind", "before", "after", "replaced"),
    [
        ("core/v1:Pod", {"spec": {"containers": [{"image": "a"}]}}, {"spec": {"containers": [{"image": "b"}]}}, True),
        ("core/v1:Pod", {"spec": {"containers": [{"name": "a"}]}}, {"spec": {"containers": [{"name": "b"}]}}, True),
        ("core/v1:Pod", {"spec": {"tolerations": []}}, {"spec": {"tolerations": [{"key": "a"}]}}, False),
        ("core/v1:Secret", {"data": {"a": "Yg=="}}, {"data": {"a": "Yw=="}}, False),
        (
            "core/v1:Secret",
            {"immutable": True, "data": {"a": "Yg=="}},
            {"immutable": True, "data": {"a": "Yw=="}},
            True,
        ),
        ("core/v1:Service", {"spec": {"clusterIP": "10.0.0.1"}}, {"spec": {"clusterIP": "None"}}, True),
        ("rbac.authorization.k8s.io/v1:RoleBinding", {"roleRef": {"name": "a"}}, {"roleRef": {"name": "b"}}, True),
        ("storage.k8s.io/v1:StorageClass", {"parameters": {"a": "1"}}, {"parameters": {"a": "2"}}, True),
    ],
)
def test_only_what_cannot_change_is_replaced(kind: str, before: Any, after: Any, replaced: bool) -> None:
    kind = f"kubernetes:{kind}"
    answer = diff(before, after, KubernetesProvider.immutable(kind, before), same_name=True)

    assert bool(answer.replaces) == replaced
    assert bool(answer.diffs)


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ({"name": "a"}, {"name": "a"}, True),
        ({"name": "a"}, {"name": "b"}, False),
        ({"name": "a", "namespace": "x"}, {"name": "a", "namespace": "y"}, False),
        ({"name": "a", "namespace": "default"}, {"name": "a"}, True),
    ],
)
def test_a_replacement_waits_for_the_name_that_it_takes_over(before: Any, after: Any, same: bool) -> None:
    assert KubernetesProvider.same_name(POD, {"metadata": after}, {"metadata": before}) is same


def test_naming_the_namespace_that_an_object_is_in_changes_nothing() -> None:
    before, outputs = {"metadata": {"name": "a"}}, {"metadata": {"namespace": "default"}}

    same = KubernetesProvider.same
    assert same(POD, before, {"metadata": {"name": "a", "namespace": "default"}}, outputs) == before
    other = {"metadata": {"name": "a", "namespace": "other"}}
    assert same(POD, before, other, outputs) == other


@pytest.mark.parametrize(
    "kind", ["kubernetes:helm.sh/v4:Chart", "kubernetes:yaml:ConfigFile", "kubernetes:core/v1:SecretPatch"]
)
def test_what_needs_the_official_provider_says_so_in_a_preview(kind: str) -> None:
    with pytest.raises(ProviderError, match="it needs the official provider"):
        KubernetesProvider.check(kind, {"metadata": {"name": "a"}}, {}, "0a1b2c3d", "name")


def test_a_long_name_makes_a_legal_one() -> None:
    made = KubernetesProvider.check(POD, {}, {}, "0a1b2c3d", f"-Orders/{'x' * 90}")["metadata"]["name"]

    assert len(made) <= 63
    assert made.startswith("orders-x")
    assert made.endswith("-0a1b2c3d")


def test_what_the_server_writes_in_its_own_way_is_no_drift() -> None:
    inputs = {"cpu": "1000m", "ports": [{"port": 80}]}
    last = {"cpu": "1", "ports": [{"port": 80, "protocol": "TCP"}, {"port": 81}], "added": True}

    assert _projected(last, inputs, last) == inputs
    assert _projected({**last, "cpu": "2"}, inputs, last) == {**inputs, "cpu": "2"}


def test_what_somebody_removed_is_drift_and_what_never_comes_back_is_not() -> None:
    assert _projected({"b": 1}, {"a": 1, "b": 1, "write_only": 1}, {"a": 1, "b": 1}) == {"b": 1, "write_only": 1}


def test_string_data_that_somebody_changed_is_drift() -> None:
    live = {"data": {"a": base64.b64encode(b"changed").decode()}}

    assert _with_string_data(live, {"stringData": {"a": "written"}})["stringData"] == {"a": "changed"}


@pytest.mark.parametrize("kubeconfig", ["{not: [yaml", "apiVersion: v1\n\ttoken: canary-8f1b2c", "/does/not/exist"])
def test_a_kubeconfig_that_cannot_be_used_is_not_quoted(kubeconfig: str) -> None:
    provider = KubernetesProvider({"kubeconfig": kubeconfig})

    with pytest.raises(ProviderError, match="the kubeconfig can't be used") as raised:
        provider.read(POD, "default/a", {}, {})
    assert "canary" not in str(raised.value)


@pytest.mark.parametrize(
    ("live", "there"),
    [
        ({"spec": {"volumes": [{"name": "kube-api-access"}, {"name": "a", "csi": {"driver": "b"}}], "x": 1}}, True),
        ({"spec": {"volumes": [{"name": "a", "csi": {"driver": "other"}}]}}, False),
        ({"spec": {}}, False),
    ],
)
def test_an_object_is_what_was_asked_for_whatever_the_api_server_added(live: Any, there: bool) -> None:
    assert _holds(live, {"spec": {"volumes": [{"name": "a", "csi": {"driver": "b"}}]}}) is there
