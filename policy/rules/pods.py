"""The pods in a resource of Kubernetes."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from .kinds.kubernetes import CRON_JOB, DAEMON_SET, DEPLOYMENT, JOB, POD, RELEASE, STATEFUL_SET
from .rule import Declared, KindsOf, at, listed

_TEMPLATE = ("spec", "template")


PODS: dict[str, tuple[str, ...]] = {
    POD: (),
    "kubernetes:core:ReplicationController": _TEMPLATE,
    DEPLOYMENT: _TEMPLATE,
    STATEFUL_SET: _TEMPLATE,
    DAEMON_SET: _TEMPLATE,
    "kubernetes:apps:ReplicaSet": _TEMPLATE,
    "kubernetes:argoproj.io:Rollout": _TEMPLATE,
    JOB: _TEMPLATE,
    CRON_JOB: ("spec", "jobTemplate", *_TEMPLATE),
}
"""The kinds that run pods, and the path of the pod in each."""

ANY_PODS = KindsOf(("kubernetes",), without={RELEASE})
"""The kinds that may run pods: all of Kubernetes' own, and those that an operator adds."""

_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")


def list_pods(resource: Declared) -> Iterator[Any]:
    """List every pod or pod template, with metadata and specification: by its place, or else by its shape."""
    kind = resource.kind.removesuffix("Patch")
    if kind in PODS:
        yield resource.at(*PODS[kind])
    else:
        yield from _find_pods(resource.properties)


def _find_pods(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        if any(isinstance(each, Mapping) for each in listed(at(value, "spec", "containers"))):
            yield value
        else:
            for entry in cast("Mapping[str, Any]", value).values():
                yield from _find_pods(entry)
    else:
        for entry in listed(value):
            yield from _find_pods(entry)


def list_containers_of(pod: Any) -> Iterator[tuple[str, Any]]:
    """List every container of a pod, with a name for messages."""
    for group in _CONTAINERS:
        for number, container in enumerate(listed(at(pod, "spec", group))):
            name = at(container, "name")
            yield f"{group}[{name if isinstance(name, str) else number}]", container


def list_containers(resource: Declared) -> Iterator[tuple[str, Any]]:
    """List every container of a resource, with a name for messages."""
    for pod in list_pods(resource):
        yield from list_containers_of(pod)
