"""Who made an object of the cluster: the manager that created its fields, and when."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from strongroom.policy.rules import Declared
from strongroom.policy.rules.rule import at, listed
from strongroom.policy.rules.vault import RELEASE

from ..errors import AbsentError
from ..existing.cluster import advise
from ..timestamps import parse_time
from ..verify.cluster_reader import ClusterReader
from .origin import ABSENT, Interrupted, Origin

_ENGINE = ("pulumi-kubernetes", "pulumi-resource-kubernetes")
"""How the names of the plugin's field managers begin. (pulumi-kubernetes: "Server-Side Apply")"""


class ClusterExaminer:
    """The cluster, as the caller reads it."""

    def __init__(self, reader: ClusterReader) -> None:
        """
        :param reader: What reads the cluster.
        """
        self._reader = reader
        self._kinds = cache(self._read_kinds)

    def knows(self, resource: Declared) -> bool:
        """Tell whether it is an object, or a release of Helm's."""
        return resource.kind.startswith("kubernetes:")

    def examine(self, resource: Declared, interrupted: Interrupted) -> Origin:
        """Find out who made the object of that name. Of a Secret, no value is read."""
        if resource.kind == RELEASE:
            return self._examine_release(resource, interrupted)
        title, base = resource.kind.rpartition(":")[2], _base(resource)
        plural, is_namespaced = self._kinds(base).get(title, ("", False))
        if not plural:
            return ABSENT  # the API server knows no such kind, so that it has no such object
        name, namespace = str(resource.at("metadata", "name")), resource.at("metadata", "namespace") or "default"
        place = f"{namespace}/{name}" if is_namespaced else name
        within = f"{base}/namespaces/{namespace}" if is_namespaced else base
        found = self._find(f"{title} {place}", f"{within}/{plural}/{name}")
        fix = advise(resource, title, name, place)
        return judge(found, f"{title} {place}", fix, interrupted) if found else ABSENT

    def _examine_release(self, resource: Declared, interrupted: Interrupted) -> Origin:
        """Judge by the Secret of its first revision. (Helm docs: "Advanced Helm Techniques", on storage backends)"""
        name, namespace = str(resource.at("name")), resource.at("namespace") or "default"
        what = f"release {namespace}/{name}"
        found = self._find(what, f"/api/v1/namespaces/{namespace}/secrets/sh.helm.release.v1.{name}.v1")
        if found is None:
            return ABSENT
        fix = "kubernetes.install: existing uses what is installed; or uninstall the release"
        # Helm names itself there, and not the program that it works in.
        return judge(found, what, fix, interrupted, is_signed=False)

    def _find(self, what: str, path: str) -> Mapping[str, Any] | None:
        try:
            return self._reader.get_metadata(what, path)
        except AbsentError:
            return None

    def _read_kinds(self, base: str) -> Mapping[str, tuple[str, bool]]:
        """Read the names in paths of a group's kinds, each with whether it is in namespaces."""
        try:
            found = self._reader.get(f"list of kinds in {base}", base)
        except AbsentError:
            return {}
        return {
            str(at(entry, "kind")): (str(at(entry, "name")), at(entry, "namespaced") is True)
            for entry in listed(found.get("resources"))
            if "/" not in str(at(entry, "name"))
        }


def judge(
    document: Mapping[str, Any], what: str, fix: str, interrupted: Interrupted, *, is_signed: bool = True
) -> Origin:
    """Judge by an object's metadata who made it.

    An object is the stack's if the plugin made it after the interrupted update began: the plugin refuses to create
    what exists. (pulumi-kubernetes 4.29: "Use client-side create to prevent silent upsert of existing objects";
    Kubernetes docs: "Server-Side Apply", on field management)

    :param what: What it is called.
    :param fix: What to do if it is somebody else's.
    :param interrupted: The update that was creating it.
    :param is_signed: Whether the plugin's name is always among the managers of what it makes.
    """
    made = str(at(document, "metadata", "creationTimestamp"))
    entries = listed(at(document, "metadata", "managedFields"))
    managers = [str(at(entry, "manager")) for entry in entries if not at(entry, "subresource")]
    own = [manager for manager in managers if manager.startswith(_ENGINE)]
    seen = f"{what} exists, made by {(own or managers or ['somebody unknown'])[0]} at {made}"
    if managers and not own and is_signed:
        return Origin("other", seen, fix)
    by_time = interrupted.judge(parse_time(made), seen, fix)
    return by_time if own or by_time.maker != "stack" else Origin("unknown", seen, fix)


def _base(resource: Declared) -> str:
    version = str(resource.at("apiVersion") or resource.type.split(":")[1].removeprefix("core/"))
    return f"/apis/{version}" if "/" in version else f"/api/{version}"
