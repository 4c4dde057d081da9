"""Resources in containers that the same update created: nothing foreign was in them before."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from strongroom.policy.rules.kinds.vault import MOUNT
from strongroom.policy.rules.rule import at

from ..timestamps import parse_time


def is_in_new_container(resource: Mapping[str, Any], others: Iterable[Mapping[str, Any]], begun: datetime) -> bool:
    """Return whether a resource is in a container that the same update created: a namespace, a mount, a resource group.

    :param resource: What was being created, with its id.
    :param others: The resources of the state.
    :param begun: When the update began.
    """
    return any(_contains(other, resource) and _is_new(other, begun) for other in others)


def _is_new(resource: Mapping[str, Any], begun: datetime) -> bool:
    created = parse_time(resource.get("created"))
    return created is not None and created >= begun


def _contains(container: Mapping[str, Any], resource: Mapping[str, Any]) -> bool:
    kind, id_ = str(container["type"]), str(container.get("id") or "")
    package: str = kind.partition(":")[0]
    inputs: object = resource.get("inputs")
    if not id_ or package != str(resource["type"]).partition(":")[0]:
        return False
    if package == "azure-native":
        return str(resource["id"]).lower().startswith(f"{id_.lower()}/")
    if kind == MOUNT:
        return at(inputs, "mount") == id_
    if package == "vault":
        return kind.endswith(":AuthBackend") and at(inputs, "backend") == id_
    if kind == "kubernetes:core/v1:Namespace":
        return at(inputs, "metadata", "namespace") == id_
    return False
