"""A stack's Kubernetes objects, and the charts that it installs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from strongroom.policy.rules import UNKNOWN, Declared
from strongroom.policy.rules.rule import at

from ..errors import OpsError
from ..preview.events import PreviewEvents
from ..pulumi.state import HIDDEN
from .text import Manifest

_RELEASE = "kubernetes:helm.sh/v3:Release"
_PULUMI = "pulumi.com/"
"""Prefix of the annotations that only Pulumi reads."""

_AUTONAMED = "pulumi.com/autonamed"
_NAMED_LATER = {"create", "replace"}


@dataclass(frozen=True)
class Omitted:
    """An object of the stack that no file may hold."""

    what: str
    """Its kind and name."""

    why: str
    """The reason, as a predicate, with what delivers the object instead."""


@dataclass
class KubernetesHalf:
    """A stack's objects in its cluster."""

    manifests: list[Manifest] = field(default_factory=list[Manifest])
    releases: list[Manifest] = field(default_factory=list[Manifest])
    """The inputs of its Helm releases."""

    omitted: list[Omitted] = field(default_factory=list[Omitted])

    workloads: list[Manifest] = field(default_factory=list[Manifest])
    """Its workloads, as their components describe themselves."""


def build_kubernetes_half(stack: str, events: PreviewEvents, *, charts: bool = True) -> KubernetesHalf:
    """Build the objects that `stack` will have in its cluster, from a preview.

    :param charts: Whether Helm releases are included.
    :raises OpsError: A value isn't known before something else is deployed, or is secret where a file needs it.
    """
    half = KubernetesHalf(workloads=events.workloads)
    unknown: list[str] = []
    secret: list[str] = []
    for resource in events.after.values():
        if not resource.type.startswith("kubernetes:"):
            continue
        manifest = _strip_annotations(resource.properties)
        # A resource without a kind is a component, whose parts are resources of their own.
        if resource.type != _RELEASE and not manifest.get("kind"):
            continue
        what = _format_title(resource)
        if why := _find_exclusion(resource, manifest, charts):
            half.omitted.append(Omitted(what, why))
            continue
        fields = list(list_fields(manifest))
        if _is_named_later(resource, events):
            fields.append(("metadata.name", UNKNOWN))
        unknown += [f"{what}: {path}" for path, value in fields if value is UNKNOWN]
        secret += [f"{what}: {path}" for path, value in fields if value == HIDDEN]
        (half.releases if resource.type == _RELEASE else half.manifests).append(manifest)
    if secret:
        raise OpsError(
            f"Stack {stack!r} has secret values where files would show them: {', '.join(secret)}. Remove them from its "
            "settings, or write them there as plaintext if they are not secret"
        )
    if unknown:
        raise OpsError(
            f"Stack {stack!r} has values that are known once others are deployed: {', '.join(unknown)}. "
            f"Deploy it first with `pulumi up --stack {stack}`"
        )
    return half


def holds_values(manifest: Manifest) -> bool:
    """Return whether it is a Secret with contents; one that the cluster fills, e.g. with a token, has none."""
    contents = manifest.get("data") or manifest.get("stringData")
    return manifest.get("kind") == "Secret" and manifest.get("apiVersion") == "v1" and bool(contents)


def format_name(manifest: Manifest) -> str:
    """Format its namespace and name, as far as they are known."""
    parts = (at(manifest, "metadata", "namespace"), at(manifest, "metadata", "name"))
    return "/".join(part for part in parts if isinstance(part, str))


def flatten(documents: Iterable[Any]) -> Iterator[Manifest]:
    """Yield the objects among `documents`, those of lists one by one."""
    for document in documents:
        if not isinstance(document, Mapping):
            continue
        manifest = cast("Manifest", document)
        kind, items = str(manifest.get("kind")), manifest.get("items")
        if kind.endswith("List") and isinstance(items, list):
            typed = {"apiVersion": manifest.get("apiVersion"), "kind": kind.removesuffix("List")}
            yield from flatten([typed | item for item in cast("list[dict[str, Any]]", items)])
        else:
            yield manifest


def _find_exclusion(resource: Declared, manifest: Manifest, charts: bool) -> str | None:
    """Return why it can't be in a file; `None` if it can."""
    if resource.type == _RELEASE and not charts:
        return "is a chart: have Helm install it"
    if resource.type.endswith("Patch"):
        return "changes a foreign object: Strongroom keeps applying it, or --patches-to writes it for kustomize"
    if holds_values(manifest):
        return "holds secret values: Strongroom keeps writing it"
    return None


def _format_title(resource: Declared) -> str:
    kind = resource.type.rpartition(":")[2]
    if resource.type == _RELEASE:
        return f"{kind} {resource.properties.get('name') or resource.name}"
    return f"{kind} {format_name(resource.properties) or resource.name}"


def _strip_annotations(inputs: Manifest) -> Manifest:
    annotations = at(inputs, "metadata", "annotations")
    if not isinstance(annotations, Mapping):
        return inputs
    own = cast("Mapping[str, Any]", annotations)
    kept = {key: value for key, value in own.items() if not key.startswith(_PULUMI)}
    metadata = {key: value for key, value in inputs["metadata"].items() if key != "annotations"}
    return {**inputs, "metadata": {**metadata, "annotations": kept} if kept else metadata}


def _is_named_later(resource: Declared, events: PreviewEvents) -> bool:
    """Return whether Pulumi generates its name, and another one when it is created."""
    annotations: Any = at(resource.properties, "metadata", "annotations")
    return (
        isinstance(annotations, Mapping)
        and _AUTONAMED in annotations
        and events.operations.get(resource.urn) in _NAMED_LATER
    )


def list_fields(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """List every value that holds no others, with its path."""
    if isinstance(value, Mapping):
        for key, entry in cast("Mapping[str, Any]", value).items():
            yield from list_fields(entry, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, entry in enumerate(cast("list[Any]", value)):
            yield from list_fields(entry, f"{path}[{index}]")
    else:
        yield path, value
