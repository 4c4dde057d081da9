"""What a stack made in what it had just made itself."""

from datetime import UTC, datetime
from typing import Any

import pytest

from strongroom.ops.origins.container import is_in_new_container

BEGUN = datetime(2026, 3, 1, 10, tzinfo=UTC)
NEW, OLD = "2026-03-01T10:00:01.123456789Z", "2026-03-01T09:59:59.9Z"
MOUNT, GROUP = "vault:index/mount:Mount", "azure-native:resources:ResourceGroup"
METHOD, NAMESPACE = "vault:index/authBackend:AuthBackend", "kubernetes:core/v1:Namespace"

INSIDE: list[tuple[tuple[str, str], dict[str, Any]]] = [
    ((MOUNT, "kv"), {"type": "vault:kv/secretV2:SecretV2", "id": "kv/data/db", "inputs": {"mount": "kv"}}),
    ((METHOD, "k8s"), {"type": "vault:x:Role", "id": "auth/k8s/role/shop", "inputs": {"backend": "k8s"}}),
    (
        (GROUP, "/subscriptions/s/resourceGroups/RG"),
        {"type": "azure-native:x:Y", "id": "/subscriptions/s/resourcegroups/rg/x"},
    ),
    (
        (NAMESPACE, "shop"),
        {"type": "kubernetes:core/v1:Pod", "id": "shop/a", "inputs": {"metadata": {"namespace": "shop"}}},
    ),
]


def state(kind: str, id_: str, created: str | None = NEW) -> list[dict[str, Any]]:
    return [{"type": "pulumi:pulumi:Stack"}, {"type": kind, "id": id_, "created": created}]


@pytest.mark.parametrize(("container", "resource"), INSIDE)
def test_nobody_else_was_in_what_the_update_had_just_made(container: tuple[str, str], resource: dict[str, Any]) -> None:
    assert is_in_new_container(resource, state(*container), BEGUN)


@pytest.mark.parametrize("created", [OLD, None])
@pytest.mark.parametrize(("container", "resource"), INSIDE)
def test_somebody_may_have_been_in_what_is_older(
    container: tuple[str, str], resource: dict[str, Any], created: str | None
) -> None:
    assert not is_in_new_container(resource, state(*container, created), BEGUN)


@pytest.mark.parametrize(("container", "resource"), INSIDE)
def test_other_places_prove_nothing(container: tuple[str, str], resource: dict[str, Any]) -> None:
    kind, id_ = container
    others = [place for place, _ in INSIDE if place != container]

    assert not is_in_new_container(resource, state(kind, id_[:-1]), BEGUN)
    assert not any(is_in_new_container(resource, state(*place), BEGUN) for place in others)
