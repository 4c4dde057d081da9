"""Inputs of Kubernetes objects as the official provider writes them: what means the same looks the same."""

import base64
import binascii
import re
from typing import Any

from .values import known

Properties = dict[str, Any]

_BUILT_IN = re.compile(
    r"kubernetes:(core|apps|autoscaling|batch|policy|"
    r"(admissionregistration|apiextensions|apiregistration|certificates|coordination|discovery|events|"
    r"flowcontrol\.apiserver|networking|node|rbac\.authorization|resource|scheduling|storage)\.k8s\.io)/"
)

_MAPPINGS = {"annotations", "binaryData", "data", "labels", "limits", "matchLabels", "nodeSelector", "requests"}
"""Mappings of strings, which are left out where they are empty; an empty structure, e.g. `emptyDir`, says something."""

_LISTS_THAT_STAY = {"containers", "rules", "sources", "verbs"}

_SERVER_SET = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "uid",
)


def normalize_inputs(kind: str, inputs: Properties) -> Properties:
    """Return `inputs` without what says nothing, and a Secret's `stringData` as `data`.

    An object of a custom kind, or with a value that is still unknown, loses what only the API server sets.
    (pulumi-kubernetes: `normalizeInputs`)
    """
    if known(inputs) and _BUILT_IN.match(kind):
        match kind.rpartition(":")[2]:
            case "Secret":
                inputs = _normalize_secret(inputs)
            case "CustomResourceDefinition":
                pass
            case _:
                inputs = _without_empty(inputs)
    metadata = inputs.get("metadata")
    if not isinstance(metadata, dict):
        return inputs
    kept = {key: value for key, value in metadata.items() if key not in _SERVER_SET}
    if kept.get("namespace") == "":
        del kept["namespace"]
    return {**inputs, "metadata": kept}


def _normalize_secret(inputs: Properties) -> Properties:
    data = inputs.get("data") or {}
    if written := inputs.get("stringData"):
        encoded = {key: base64.b64encode(str(value).encode()).decode() for key, value in written.items()}
        rest = {key: value for key, value in inputs.items() if key != "stringData"}
        return {**rest, "data": {**data, **encoded}}
    return {**inputs, "data": {key: _reencoded(value) for key, value in data.items()}} if data else inputs


def _reencoded(text: str) -> str:
    try:
        return base64.b64encode(base64.b64decode(re.sub(r"[\r\n]", "", text), validate=True)).decode()
    except (binascii.Error, ValueError):
        return text  # the API server says so


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_empty(item) for key, item in value.items() if not _says_nothing(key, item)}
    if isinstance(value, list):
        return [_without_empty(item) for item in value]
    return value


def _says_nothing(key: str, value: Any) -> bool:
    return (value == {} and key in _MAPPINGS) or (value == [] and key not in _LISTS_THAT_STAY)
