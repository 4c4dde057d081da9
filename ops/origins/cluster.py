"""Origins of objects in the cluster, by the manager that created their fields, and the time."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from strongroom.policy.rules import Declared
from strongroom.policy.rules.kinds.kubernetes import RELEASE
from strongroom.policy.rules.rule import at, listed

from ..errors import AbsentError
from ..existing.cluster import advise
from ..timestamps import parse_time
from ..verify.cluster_reader import ClusterReader
from .origin import ABSENT, InterruptedUpdate, Origin

_ENGINE = ("pulumi-kubernetes", "pulumi-resource-kubernetes")
"""Prefixes of the plugin's field managers. (pulumi-kubernetes: "Server-Side Apply")"""


class ClusterExaminer:
    """A search for origins in the cluster."""

    def __init__(self, reader: ClusterReader) -> None:
        """
        :param reader: The reader of the cluster.
        """
        self._reader = reader
        self._kinds = cache(self._read_kinds)

    def knows(self, resource: Declared) -> bool:
        """Return whether it is an object, or a Helm release."""
        return resource.kind.startswith("kubernetes:")

    def examine(self, resource: Declared, update: InterruptedUpdate) -> Origin:
        """Find the origin of the object of that name. Of a Secret, no value is read."""
        if resource.kind == RELEASE:
            return self._examine_release(resource, update)
        title, base = resource.kind.rpartition(":")[2], _get_base(resource)
        plural, is_namespaced = self._kinds(base).get(title, ("", False))
        if not plural:
            return ABSENT  # the API server has no such kind, and so no such object
        name, namespace = str(resource.at("metadata", "name")), resource.at("metadata", "namespace") or "default"
        place = f"{namespace}/{name}" if is_namespaced else name
        within = f"{base}/namespaces/{namespace}" if is_namespaced else base
        found = self._find(f"{title} {place}", f"{within}/{plural}/{name}")
        fix = advise(resource, title, name, place)
        return judge_metadata(found, f"{title} {place}", fix, update) if found else ABSENT

    def _examine_release(self, resource: Declared, update: InterruptedUpdate) -> Origin:
        """Judge by the Secret of its first revision (Helm docs: "Advanced Helm Techniques", on storage backends)."""
        name, namespace = str(resource.at("name")), resource.at("namespace") or "default"
        what = f"release {namespace}/{name}"
        found = self._find(what, f"/api/v1/namespaces/{namespace}/secrets/sh.helm.release.v1.{name}.v1")
        if found is None:
            return ABSENT
        fix = "kubernetes.install: existing uses what is installed; or uninstall the release"
        # The manager there is Helm itself, not the program that uses it.
        return judge_metadata(found, what, fix, update, is_signed=False)

    def _find(self, what: str, path: str) -> Mapping[str, Any] | None:
        try:
            return self._reader.get_metadata(what, path)
        except AbsentError:
            return None

    def _read_kinds(self, base: str) -> Mapping[str, tuple[str, bool]]:
        """Read the plural names of a group's kinds, each with whether it is namespaced."""
        try:
            found = self._reader.get(f"list of kinds in {base}", base)
        except AbsentError:
            return {}
        return {
            str(at(entry, "kind")): (str(at(entry, "name")), at(entry, "namespaced") is True)
            for entry in listed(found.get("resources"))
            if "/" not in str(at(entry, "name"))
        }


def judge_metadata(
    document: Mapping[str, Any], what: str, fix: str, update: InterruptedUpdate, *, is_signed: bool = True
) -> Origin:
    """Judge an object's origin by its metadata.

    An object is the stack's if the plugin made it after the interrupted update began: the plugin refuses to create
    what exists. (pulumi-kubernetes 4.29: "Use client-side create to prevent silent upsert of existing objects";
    Kubernetes docs: "Server-Side Apply", on field management)

    :param what: Its title.
    :param fix: What to do if it is foreign.
    :param update: The update that was creating it.
    :param is_signed: Whether the plugin's name is always among the managers of what it makes.
    """
    made = str(at(document, "metadata", "creationTimestamp"))
    entries = listed(at(document, "metadata", "managedFields"))
    managers = [str(at(entry, "manager")) for entry in entries if not at(entry, "subresource")]
    own = [manager for manager in managers if manager.startswith(_ENGINE)]
    seen = f"{what} exists, made by {(own or managers or ['an unknown manager'])[0]} at {made}"
    if managers and not own and is_signed:
        return Origin("other", seen, fix)
    by_time = update.judge(parse_time(made), seen, fix)
    return by_time if own or by_time.maker != "stack" else Origin("unknown", seen, fix)


def _get_base(resource: Declared) -> str:
    version = str(resource.at("apiVersion") or resource.type.split(":")[1].removeprefix("core/"))
    return f"/apis/{version}" if "/" in version else f"/api/{version}"
