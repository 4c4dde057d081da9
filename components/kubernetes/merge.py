"""Changes to an object of Kubernetes, merged as Kubernetes merges them."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

_KEYS = {"containers": "name", "env": "name", "initContainers": "name", "volumes": "name", "volumeMounts": "mountPath"}
"""The lists of a pod whose entries are merged one by one, each by the field that identifies an entry."""


def merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Merge `changes` into `base`: mappings by their keys, a pod's lists by their merge keys, others are replaced.

    Entries that `base` lacks come after its own. (Kubernetes docs: "Update API Objects in Place Using kubectl patch")
    """
    merged = dict(base)
    for name, value in changes.items():
        present = merged.get(name)
        if isinstance(present, Mapping) and isinstance(value, Mapping):
            merged[name] = merge(cast("Mapping[str, Any]", present), cast("Mapping[str, Any]", value))
        elif name in _KEYS and isinstance(present, list | tuple) and isinstance(value, list | tuple):
            merged[name] = _merge_entries(cast("Sequence[Any]", present), cast("Sequence[Any]", value), _KEYS[name])
        else:
            merged[name] = value
    return merged


def _merge_entries(base: Sequence[Any], changes: Sequence[Any], key: str) -> list[Any]:
    merged = {entry[key]: entry for entry in base}
    for entry in changes:
        merged[entry[key]] = merge(merged.get(entry[key], {}), entry)
    return list(merged.values())
