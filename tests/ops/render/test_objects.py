"""What of a preview is Kubernetes' own."""

from typing import Any

import pytest

from strongroom.ops.errors import OpsError
from strongroom.ops.preview.events import Operation, PreviewEvents
from strongroom.ops.pulumi.state import HIDDEN
from strongroom.ops.render.objects import Omitted, build_kubernetes_half, flatten
from strongroom.policy.rules import UNKNOWN, Declared

CLASS = "kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass"
SECRET = "kubernetes:core/v1:Secret"
RELEASE = "kubernetes:helm.sh/v3:Release"
ANNOTATIONS = {"pulumi.com/patchForce": "true", "pulumi.com/skipAwait": "true"}


def seen(*resources: tuple[str, dict[str, Any]], operation: Operation = "same") -> PreviewEvents:
    previewed = PreviewEvents()
    for number, (kind, inputs) in enumerate(resources):
        urn = f"urn:pulumi:dev::strongroom::{kind}::{number}"
        previewed.after[urn] = Declared(kind, urn, inputs)
        previewed.operations[urn] = operation
    return previewed


def of(kind: str, /, metadata: dict[str, Any] | None = None, **more: Any) -> tuple[str, dict[str, Any]]:
    _, version, name = kind.split(":")
    named = {"name": "orders", "namespace": "shop", **(metadata or {})}
    return kind, {"apiVersion": version.removeprefix("core/"), "kind": name, "metadata": named, **more}


def test_objects_are_what_the_preview_says_without_pulumis_annotations() -> None:
    previewed = seen(
        of(CLASS, {"annotations": {**ANNOTATIONS, "team": "shop"}}, spec={"provider": "vault"}),
        of("kubernetes:core/v1:Pod", {"annotations": ANNOTATIONS}),
        ("vault:index/policy:Policy", {"kind": "no object"}),
        ("kubernetes:yaml/v2:ConfigGroup", {"files": ["a"]}),
    )

    provider_class, pod = build_kubernetes_half("dev", previewed).manifests
    assert provider_class == of(CLASS, {"annotations": {"team": "shop"}}, spec={"provider": "vault"})[1]
    assert pod["metadata"] == {"name": "orders", "namespace": "shop"}


@pytest.mark.parametrize("contents", [{"data": {"a": "YQ=="}}, {"stringData": {"a": HIDDEN}}, {"stringData": UNKNOWN}])
def test_a_secret_with_contents_is_omitted_and_named(contents: dict[str, Any]) -> None:
    half = build_kubernetes_half("dev", seen(of(SECRET, **contents)))

    assert half.manifests == []
    assert half.omitted == [Omitted("Secret shop/orders", "holds secret values: Strongroom keeps writing it")]


def test_a_secret_that_the_cluster_fills_is_an_object_like_others() -> None:
    reviewer = of(SECRET, type="kubernetes.io/service-account-token")

    assert build_kubernetes_half("dev", seen(reviewer)).manifests == [reviewer[1]]


def test_what_is_not_known_yet_is_one_error_with_each_field_and_what_to_do() -> None:
    previewed = seen(
        of(CLASS, spec={"parameters": {"clientID": UNKNOWN}}),
        of("kubernetes:core/v1:Pod", spec={"containers": [{"env": UNKNOWN}]}),
        (RELEASE, {"name": "driver", "values": {"a": UNKNOWN}}),
    )

    with pytest.raises(OpsError) as reported:
        build_kubernetes_half("dev", previewed)
    for field in (
        "SecretProviderClass shop/orders: spec.parameters.clientID",
        "Pod shop/orders: spec.containers[0].env",
        "Release driver: values.a",
        "Deploy it first with `pulumi up --stack dev`",
    ):
        assert field in str(reported.value)
    assert "\n" not in str(reported.value)


def test_a_name_that_pulumi_makes_up_is_known_once_the_object_is_there() -> None:
    autonamed = of(CLASS, {"name": "orders-1f2e", "annotations": {"pulumi.com/autonamed": "true"}})

    assert build_kubernetes_half("dev", seen(autonamed)).manifests[0]["metadata"]["name"] == "orders-1f2e"
    with pytest.raises(OpsError, match=r"SecretProviderClass shop/orders-1f2e: metadata\.name"):
        build_kubernetes_half("dev", seen(autonamed, operation="create"))


@pytest.mark.parametrize(
    ("resource", "field"),
    [
        (of("kubernetes:core/v1:ConfigMap", data={"a": {"b": [HIDDEN]}}), r"ConfigMap shop/orders: data\.a\.b\[0\]"),
        ((RELEASE, {"name": "driver", "values": HIDDEN}), "Release driver: values"),
    ],
)
def test_a_secret_value_elsewhere_is_an_error_that_names_its_field(resource: Any, field: str) -> None:
    with pytest.raises(OpsError, match=field):
        build_kubernetes_half("dev", seen(resource))


def test_a_patch_of_somebody_elses_object_is_omitted() -> None:
    half = build_kubernetes_half("dev", seen(of("kubernetes:core/v1:ServiceAccountPatch")))

    assert half.manifests == []
    assert [each.what for each in half.omitted] == ["ServiceAccountPatch shop/orders"]


def test_what_is_in_lists_comes_one_by_one() -> None:
    secrets = {"apiVersion": "v1", "kind": "SecretList", "items": [{"metadata": {"name": "a"}, "data": {"k": "v"}}]}
    listed = {"apiVersion": "v1", "kind": "List", "items": [secrets, {"apiVersion": "v1", "kind": "ConfigMap"}]}

    assert [(each["kind"], each["apiVersion"]) for each in flatten([listed])] == [("Secret", "v1"), ("ConfigMap", "v1")]
