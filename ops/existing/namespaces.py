"""What is in a namespace that an update deletes, and that the update itself does not delete."""

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from strongroom.policy.rules.kinds.kubernetes import NAMESPACE
from strongroom.policy.rules.rule import at, listed

from ..errors import AbsentError, OpsError, UnreachableError
from ..findings import Finding
from ..preview.events import PreviewEvents
from ..verify.cluster_reader import ClusterReader

NAME = "namespaces"
"""What its findings are called."""

_FOLLOWING = {"Event", "Endpoints", "EndpointSlice", "Lease", "PodMetrics"}
"""Kinds of what a cluster keeps of other objects."""

_EVERYWHERE = {"ServiceAccount default", "ConfigMap kube-root-ca.crt"}
"""What the cluster itself puts into every namespace."""

_BELONGS = (
    ("ServiceAccount", ("annotations", "kubernetes.io/service-account.name")),
    ("Certificate", ("annotations", "cert-manager.io/certificate-name")),
    ("Release", ("annotations", "meta.helm.sh/release-name")),
    ("Release", ("labels", "app.kubernetes.io/instance")),
)
"""Where an object says to which other one it belongs, beside its owners: that one's kind, and the place of its name.
(Kubernetes docs: "Well-Known Labels, Annotations and Taints"; Helm docs: "Labels and Annotations"; cert-manager docs:
"Annotated Ingress resource")"""

_MOST = 10
"""How many objects are named."""

Deleted = Mapping[str, Set[str]]
"""By namespace that an update deletes: what else it deletes in there by itself, e.g. `Deployment orders`."""

_Kinds = Mapping[tuple[str, str], str]
"""By a kind's group and name, the path of its list."""


def list_deleted(events: PreviewEvents) -> Deleted:
    """List the namespaces that an update deletes, with what it deletes in each of them."""
    gone = [
        events.before[urn]
        for urn, what in events.operations.items()
        if what in {"delete", "replace"} and urn not in events.retained
    ]
    deleted: dict[str, set[str]] = {str(each.at("metadata", "name")): set() for each in gone if each.kind == NAMESPACE}
    for each in gone:
        namespace = each.at("metadata", "namespace") or each.at("namespace")
        name = str(each.at("metadata", "name") or each.at("name"))
        if isinstance(namespace, str) and namespace in deleted:
            deleted[namespace].add(f"{each.kind.rpartition(':')[2]} {name}")
    return deleted


def find_left(reader: ClusterReader, deleted: Deleted) -> Iterator[Finding]:
    """Find the objects that are deleted with each namespace, though the update does not delete them itself.

    They are foreign, or still declared by the stack. Of each object, only metadata is read.
    """
    if not deleted:
        return
    try:
        kinds = _list_kinds(reader)
        for namespace, own in deleted.items():
            yield from _find_left(reader, namespace, own, kinds)
    except OpsError as error:
        yield Finding.skipped(f"what else is in {', '.join(sorted(deleted))}: {error}", name=NAME)


def _find_left(reader: ClusterReader, namespace: str, own: Set[str], kinds: _Kinds) -> Iterator[Finding]:
    left: list[str] = []
    unread: dict[str, OpsError] = {}
    for (_, kind), path in kinds.items():
        try:
            found = reader.list_metadata(f"{kind} of {namespace}", path.format(namespace=namespace))
        except AbsentError:
            continue
        except UnreachableError:
            raise
        except OpsError as error:
            unread[kind] = error
            continue
        left += [f"{kind} {each['metadata']['name']}" for each in found if not _goes_anyway(kind, each, own)]
    if left:
        yield Finding.failed(
            f"the update deletes namespace {namespace}, and with it what it would not delete by itself: {_join(left)}",
            'move or delete these first; to keep the namespace, see "Namespaces" in docs/kubernetes.md',
            name=NAME,
        )
    if unread:
        reason = next(iter(unread.values()))
        yield Finding.skipped(f"whether namespace {namespace} has any {_join([*unread])}: {reason}", name=NAME)


def _join(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return f"{', '.join(names[:_MOST])}{more}"


def _goes_anyway(kind: str, document: Mapping[str, Any], own: Set[str]) -> bool:
    """Tell whether an object goes with what the update deletes by itself, or with any namespace."""
    metadata = document["metadata"]
    if at(metadata, "ownerReferences") or f"{kind} {metadata['name']}" in own | _EVERYWHERE:
        return True
    if at(metadata, "labels", "owner") == "helm":  # a revision of a release
        return f"Release {at(metadata, 'labels', 'name')}" in own
    return any(f"{owner} {at(metadata, *place)}" in own for owner, place in _BELONGS)


def _list_kinds(reader: ClusterReader) -> _Kinds:
    """List the kinds of objects in namespaces, each by its group's preferred version, which the API server names first.

    (Kubernetes docs: "The Kubernetes API", "Aggregated discovery")
    """
    kinds: dict[tuple[str, str], str] = {}
    for root in ("/api", "/apis"):
        for group in listed(reader.discover(root).get("items")):
            name = at(group, "metadata", "name")
            base = f"{root}/{name}" if name else root
            for version in listed(at(group, "versions")):
                for each in filter(_is_listed, listed(at(version, "resources"))):
                    path = f"{base}/{at(version, 'version')}/namespaces/{{namespace}}/{at(each, 'resource')}"
                    kinds.setdefault((base, str(at(each, "responseKind", "kind"))), path)
    return kinds


def _is_listed(resource: object) -> bool:
    is_followed = at(resource, "responseKind", "kind") not in _FOLLOWING
    return at(resource, "scope") == "Namespaced" and "list" in listed(at(resource, "verbs")) and is_followed
