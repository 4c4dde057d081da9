"""Where each object's file is."""

from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.ops.errors import OpsError
from strongroom.ops.render.layout import laid_out


def of(kind: str, name: str, namespace: str | None = None, version: str = "v1") -> dict[str, Any]:
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name, **({"namespace": namespace} if namespace else {})},
    }


def test_what_others_need_comes_first_in_the_order_of_names() -> None:
    manifests = [
        of("Deployment", "orders", "shop", "apps/v1"),
        of("SecretProviderClass", "orders", "shop", "secrets-store.csi.x-k8s.io/v1"),
        of("ServiceAccount", "orders", "shop"),
        of("Secret", "token", "shop"),
        of("ClusterRoleBinding", "reviewer", version="rbac.authorization.k8s.io/v1"),
        of("Namespace", "shop"),
        of("CustomResourceDefinition", "classes.x", version="apiextensions.k8s.io/v1"),
    ]

    assert [str(path) for path in laid_out(manifests)] == [
        "cluster/0-customresourcedefinition.apiextensions.k8s.io_classes.x.yaml",
        "cluster/1-namespace_shop.yaml",
        "cluster/3-clusterrolebinding.rbac.authorization.k8s.io_reviewer.yaml",
        "namespaces/shop/2-serviceaccount_orders.yaml",
        "namespaces/shop/3-secret_token.yaml",
        "namespaces/shop/3-secretproviderclass.secrets-store.csi.x-k8s.io_orders.yaml",
        "namespaces/shop/4-deployment.apps_orders.yaml",
    ]


def test_one_object_twice_is_an_error() -> None:
    with pytest.raises(OpsError, match="Namespace shop is declared twice"):
        laid_out([of("Namespace", "shop"), of("Namespace", "shop")])


NAMES = st.text(st.sampled_from("ab/._-:%~é"), min_size=1) | st.sampled_from(["..", ".", "../x", "a" * 300, "a" * 301])
PLACES = st.tuples(
    st.sampled_from(["A", "Ab", "AB"]), NAMES, st.none() | NAMES, st.sampled_from(["v1", "b/v1", "a.b/v1", "b-a/v1"])
)


@given(st.sets(PLACES, min_size=1, max_size=8))
def test_names_of_any_kind_stay_in_the_directory_and_apart(places: set[tuple[str, str, str | None, str]]) -> None:
    distinct = {(kind.lower(), *others): of(kind, *others) for kind, *others in places}
    files = laid_out(distinct.values())

    assert len(files) == len(distinct)
    root = Path("/nowhere/root")
    for path in files:
        assert PurePosixPath(root / path) == PurePosixPath((root / path).resolve())
        assert path.parts[0] in {"cluster", "namespaces"}
        assert len(path.name.encode()) < 240
