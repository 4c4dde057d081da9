"""The fake kubernetes provider's own decisions; its work on a cluster is in tests/integration."""

from typing import Any

import pytest

from sandbox.providers.kubernetes import KubernetesProvider, _holds, _projected
from sandbox.providers.protocol import ProviderError

POD = "kubernetes:core/v1:Pod"


@pytest.mark.parametrize(
    ("kind", "setting"), [("Secret", "enableSecretMutable"), ("ConfigMap", "enableConfigMapMutable")]
)
def test_contents_change_in_place_where_the_provider_says_so(kind: str, setting: str) -> None:
    kind = f"kubernetes:core/v1:{kind}"
    usual, mutable = KubernetesProvider({}), KubernetesProvider({setting: "true"})

    assert "data" in usual.replacing(kind, {}, {})
    assert "data" not in mutable.replacing(kind, {}, {})
    assert "data" in mutable.replacing(kind, {}, {"immutable": True})


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


def test_a_namespace_omitted_is_the_providers_own() -> None:
    provider, outputs = KubernetesProvider({"namespace": "own"}), {"metadata": {"namespace": "other"}}

    before, after = provider.compared(POD, {"metadata": {}}, {"metadata": {}}, outputs)
    assert (before, after) == ({"metadata": {"namespace": "other"}}, {"metadata": {"namespace": "own"}})
    assert provider.compared(POD, {"metadata": {}}, {"metadata": {}}, {"metadata": {}}) == ({"metadata": {}},) * 2


@pytest.mark.parametrize("kind", ["kubernetes:helm.sh/v4:Chart", "kubernetes:yaml:ConfigFile"])
def test_what_needs_the_official_provider_says_so_in_a_preview(kind: str) -> None:
    with pytest.raises(ProviderError, match="it needs the official provider"):
        KubernetesProvider.check(kind, {"metadata": {"name": "a"}}, {}, "0a1b2c3d", "name")


def test_what_the_server_writes_in_its_own_way_is_no_drift() -> None:
    inputs = {"cpu": "1000m", "ports": [{"port": 80}]}
    last = {"cpu": "1", "ports": [{"port": 80, "protocol": "TCP"}, {"port": 81}], "added": True}

    assert _projected(last, inputs, last) == inputs
    assert _projected({**last, "cpu": "2"}, inputs, last) == {**inputs, "cpu": "2"}


def test_what_somebody_removed_is_drift_and_what_never_comes_back_is_not() -> None:
    assert _projected({"b": 1}, {"a": 1, "b": 1, "write_only": 1}, {"a": 1, "b": 1}) == {"b": 1, "write_only": 1}


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
