"""Who owns an object's fields, as the official provider settles it before it applies an object again."""

from typing import Any

from kubernetes.dynamic.exceptions import ConflictError

from .protocol import Properties

_PREDECESSORS = {
    ("kubectl", "Apply"),
    ("kubectl", "Update"),
    ("before-first-apply", "Update"),
    ("pulumi-kubernetes", "Update"),
}
"""Managers whose fields become those of the provider. (pulumi-kubernetes: `fixCSAFieldManagers`)"""

_PATCH = "application/json-patch+json"


def transfer_ownership(resource: Any, name: str, namespace: str | None, *, to: str) -> None:
    """Give the fields that an object was created with to the manager `to`, which applies from now on.

    The API server takes one who creates and one who applies for two managers, of the same name even: each change would
    be a conflict. (Kubernetes docs: "Server-Side Apply", on migration)

    :param resource: The object's kind, of a dynamic client.
    """
    for last in (False, False, False, False, True):
        live: Properties = resource.get(name=name, namespace=namespace).to_dict()
        metadata = live["metadata"]
        entries: list[Properties] = metadata.get("managedFields") or []
        after = merge_managers(entries, to)
        if after == entries:
            return
        patch = [
            {"op": "replace", "path": "/metadata/managedFields", "value": after},
            # Nobody changed it in between.
            {"op": "replace", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]},
        ]
        try:
            resource.patch(body=patch, name=name, namespace=namespace, content_type=_PATCH)
        except ConflictError:
            if last:
                raise
        else:
            return


def merge_managers(entries: list[Properties], to: str) -> list[Properties]:
    """Return `entries` of `managedFields` with the predecessors' fields in the one by which `to` applies."""
    earlier = [entry for entry in entries if _is_predecessor(entry)]
    if not earlier:
        return entries
    own = [entry for entry in entries if _is_applied_by(entry, to)]
    fields: Properties = {}
    for entry in (*own, *earlier):
        fields = _union(fields, entry.get("fieldsV1") or {})
    merged = {**(own or earlier)[0], "manager": to, "operation": "Apply", "fieldsV1": fields}
    return [merged, *(entry for entry in entries if entry not in own and entry not in earlier)]


def _is_predecessor(entry: Properties) -> bool:
    return (entry["manager"], entry["operation"]) in _PREDECESSORS and not entry.get("subresource")


def _is_applied_by(entry: Properties, manager: str) -> bool:
    return (entry["manager"], entry["operation"]) == (manager, "Apply") and not entry.get("subresource")


def _union(one: Properties, other: Properties) -> Properties:
    united = dict(one)
    for key, value in other.items():
        united[key] = _union(united.get(key) or {}, value) if isinstance(value, dict) else value
    return united
