"""The pods in a resource of Kubernetes."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from .rule import Declared, KindsOf, at, listed

_TEMPLATE = ("spec", "template")

RELEASE = "kubernetes:helm.sh:Release"

PODS: dict[str, tuple[str, ...]] = {
    "kubernetes:core:Pod": (),
    "kubernetes:core:ReplicationController": _TEMPLATE,
    "kubernetes:apps:Deployment": _TEMPLATE,
    "kubernetes:apps:StatefulSet": _TEMPLATE,
    "kubernetes:apps:DaemonSet": _TEMPLATE,
    "kubernetes:apps:ReplicaSet": _TEMPLATE,
    "kubernetes:argoproj.io:Rollout": _TEMPLATE,
    "kubernetes:batch:Job": _TEMPLATE,
    "kubernetes:batch:CronJob": ("spec", "jobTemplate", *_TEMPLATE),
}
"""The kinds that are known to run pods, and where each has its pod."""

ANY_PODS = KindsOf(("kubernetes",), without={RELEASE})
"""The kinds that may run pods: all of Kubernetes' own, and what an operator adds."""

_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")


def spec(resource: Declared) -> Any:
    """The pod's specification, of a resource of one of `PODS`."""
    return resource.at(*PODS[resource.kind], "spec")


def pods(resource: Declared) -> Iterator[Any]:
    """Every pod, or template of one, with its metadata and its specification: by its place, or else by its shape."""
    kind = resource.kind.removesuffix("Patch")
    if kind in PODS:
        yield resource.at(*PODS[kind])
    else:
        yield from _shaped(resource.properties)


def _shaped(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        if any(isinstance(each, Mapping) for each in listed(at(value, "spec", "containers"))):
            yield value
        else:
            for entry in cast("Mapping[str, Any]", value).values():
                yield from _shaped(entry)
    else:
        for entry in listed(value):
            yield from _shaped(entry)


def containers_of(pod: Any) -> Iterator[tuple[str, Any]]:
    """Every container of a pod, with its name for the reader."""
    for group in _CONTAINERS:
        for number, container in enumerate(listed(at(pod, "spec", group))):
            name = at(container, "name")
            yield f"{group}[{name if isinstance(name, str) else number}]", container


def containers(resource: Declared) -> Iterator[tuple[str, Any]]:
    """Every container of a resource, with its name for the reader."""
    for pod in pods(resource):
        yield from containers_of(pod)
