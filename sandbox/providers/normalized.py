"""Inputs of Kubernetes objects as the official provider writes them: what means the same looks the same."""

import base64
import binascii
import json
import re
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from kubernetes.utils.quantity import parse_quantity

from .values import known

Properties = dict[str, Any]

_TYPES = Path(__file__).with_name("kubernetes_types.json")
"""The fields of each Go type with the types of their values; `?` marks those that are omitted when empty.

(`kubernetes_types.go` writes it.)
"""

_BUILT_IN = re.compile(
    r"kubernetes:(core|apps|autoscaling|batch|policy|"
    r"(admissionregistration|certificates|coordination|networking|node|rbac\.authorization|scheduling|storage)\.k8s\.io"
    r")/v1:"
)

_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_DECIMAL = ("n", "u", "m", "", "k", "M", "G", "T", "P", "E")
_EXPONENTS = ("e-9", "e-6", "e-3", "", "e3", "e6", "e9", "e12", "e15", "e18")

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
    """Return `inputs` as the type of their kind has them, and a Secret's `stringData` as `data`.

    An object of a custom kind, or with a value that is still unknown, loses what only the API server sets.
    (pulumi-kubernetes: `normalizeInputs`)
    """
    if known(inputs) and _BUILT_IN.match(kind):
        title = kind.rpartition(":")[2]
        inputs = _normalize_secret(inputs) if title == "Secret" else _as_type(title, inputs)
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


@cache
def _load_types() -> dict[str, dict[str, str]]:
    return json.loads(_TYPES.read_text())


def _as_type(spelled: str, value: Any) -> Any:
    """Return `value` as its Go type has it: without fields that are not of it, or are empty."""
    if spelled.endswith("[]") and isinstance(value, list):
        return [_as_type(spelled[:-2], item) for item in value]
    if spelled.endswith("{}") and isinstance(value, dict):
        return {key: _as_type(spelled[:-2], item) for key, item in value.items()}
    if spelled == "quantity":
        return _canonicalize(str(value))
    fields = _load_types().get(spelled)
    if fields is None or not isinstance(value, dict):
        return value
    return {
        key: _as_type(fields[key].rstrip("?"), item)
        for key, item in value.items()
        if key in fields and (item or not fields[key].endswith("?"))
    }


def _canonicalize(text: str) -> str:
    """Return a quantity in its one form: of `1000m` and `1`, `1`. (Kubernetes' source: "CanonicalizeBytes")"""
    try:
        value = parse_quantity(text)
    except ValueError:
        return text  # the API server says so
    if text.endswith("i") and value == int(value) and abs(value) >= 1024:
        number, suffix = _shorten(int(value), 1024, _BINARY)
    else:
        suffixes = _EXPONENTS if re.search(r"[eE][+-]?\d", text) else _DECIMAL
        number, suffix = _shorten(int(value * Decimal(10**9)), 1000, suffixes)
    return f"{number}{suffix}" if number else "0"


def _shorten(number: int, base: int, suffixes: tuple[str, ...]) -> tuple[int, str]:
    index = 0
    while number and number % base == 0 and index < len(suffixes) - 1:
        number, index = number // base, index + 1
    return number, suffixes[index]
