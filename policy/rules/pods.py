"""The pods in a resource of Kubernetes."""

from collections.abc import Iterator
from typing import Any

from .rule import Declared, at, listed

_TEMPLATE = ("spec", "template")

PODS: dict[str, tuple[str, ...]] = {
    "kubernetes:core:Pod": (),
    "kubernetes:core:ReplicationController": _TEMPLATE,
    "kubernetes:apps:Deployment": _TEMPLATE,
    "kubernetes:apps:StatefulSet": _TEMPLATE,
    "kubernetes:apps:DaemonSet": _TEMPLATE,
    "kubernetes:apps:ReplicaSet": _TEMPLATE,
    "kubernetes:batch:Job": _TEMPLATE,
    "kubernetes:batch:CronJob": ("spec", "jobTemplate", *_TEMPLATE),
}
"""The kinds that run pods, and where each has its pod."""

_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")


def spec(resource: Declared) -> Any:
    """The pod's specification."""
    return resource.at(*PODS[resource.kind], "spec")


def containers(resource: Declared) -> Iterator[tuple[str, Any]]:
    """Every container of a resource, with its name for the reader."""
    for group in _CONTAINERS:
        for number, container in enumerate(listed(resource.at(*PODS[resource.kind], "spec", group))):
            name = at(container, "name")
            yield f"{group}[{name if isinstance(name, str) else number}]", container
