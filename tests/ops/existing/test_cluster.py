"""What is said of objects that are in the cluster already."""

from collections.abc import Mapping
from typing import Any

import pytest

from strongroom.ops.existing.cluster import ClusterFinder
from strongroom.policy.rules import Declared


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The metadata of whatever is looked for; the paths that were asked for are put beside it."""
    metadata: dict[str, Any] = {"asked": []}

    def get(_: object, what: str, path: str) -> Mapping[str, Any]:
        metadata["asked"].append(path)
        return {"metadata": metadata}

    monkeypatch.setattr("strongroom.ops.verify.cluster_reader.connect", lambda _: None)
    monkeypatch.setattr("strongroom.ops.verify.cluster_reader.ClusterReader.get_metadata", get)
    return metadata


def look(kind: str) -> str:
    finder = ClusterFinder(None)  # pyright: ignore[reportArgumentType] - nothing connects
    resource = Declared(
        kind, f"urn:pulumi:dev::s::{kind}::orders", {"metadata": {"name": "orders", "namespace": "shop"}}
    )
    assert finder.knows(resource)
    existing = finder.find(resource)
    assert existing is not None
    return existing.what


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("apps/v1:Deployment", "/apis/apps/v1/namespaces/shop/deployments/orders"),
        ("apps/v1:StatefulSet", "/apis/apps/v1/namespaces/shop/statefulsets/orders"),
        ("apps/v1:DaemonSet", "/apis/apps/v1/namespaces/shop/daemonsets/orders"),
        ("batch/v1:Job", "/apis/batch/v1/namespaces/shop/jobs/orders"),
        ("batch/v1:CronJob", "/apis/batch/v1/namespaces/shop/cronjobs/orders"),
    ],
)
def test_every_kind_of_controller_is_looked_for(found: dict[str, Any], kind: str, path: str) -> None:
    assert look(f"kubernetes:{kind}") == f"{kind.partition(':')[2]} shop/orders"
    assert found["asked"] == [path]


def test_an_object_belongs_to_who_made_it_not_to_who_writes_its_status(found: dict[str, Any]) -> None:
    found["managedFields"] = [{"manager": "kube-controller-manager", "subresource": "status"}, {"manager": "kubectl"}]
    assert look("kubernetes:apps/v1:Deployment") == "Deployment shop/orders (made by kubectl)"

    found["annotations"] = {"meta.helm.sh/release-name": "web"}
    assert look("kubernetes:apps/v1:Deployment") == "Deployment shop/orders (of the Helm release web)"


def test_a_workloads_account_that_exists_can_be_used_as_it_is(found: dict[str, Any]) -> None:
    def fix(name: str) -> str:
        finder = ClusterFinder(None)  # pyright: ignore[reportArgumentType] - nothing connects
        kind = "kubernetes:core/v1:ServiceAccount"
        properties = {"metadata": {"name": "orders", "namespace": "shop"}}
        existing = finder.find(Declared(kind, f"urn:pulumi:dev::s::{kind}::{name}", properties))
        assert existing is not None
        return existing.fix

    assert fix("shop/orders").startswith("use it as it is: serviceAccount: {name: orders, create: false}")
    assert "create: false" not in fix("vault-reviewer")
