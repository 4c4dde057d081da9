"""What makes a resource this one, on its server: its kind, and the name or id that it has or will have there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from strongroom.policy.rules import Declared
from strongroom.policy.rules.kinds.azure import CERTIFICATE, KEY, SECRET
from strongroom.policy.rules.kinds.vault import GROUP

from ..errors import AbsentError, OpsError
from ..pulumi.stack import export_state
from ..pulumi.state import hide_secrets
from ..recover.pending_operations import compose_id

_NAMED: Mapping[str, tuple[str, ...]] = {
    GROUP: ("name",),
    CERTIFICATE: ("vaultUrl", "name"),
    SECRET: ("vaultName", "secretName"),
    KEY: ("vaultName", "keyName"),
}
"""Kinds whose ids their servers choose, or have more in them than a preview knows; and the inputs that only one has."""

Key = tuple[str, str]
"""A resource's kind and its name or id, in lower case where its server folds it."""

_FOLDED = ("azure-native:", CERTIFICATE, GROUP, "vault:index/policy:")


@dataclass(frozen=True)
class Owned:
    """What a stack has deployed."""

    keys: frozenset[Key] = frozenset()

    unknown: str = ""
    """Why that is not known, if it isn't."""


def derive_key(resource: Declared) -> Key | None:
    """Build the key of a resource from its inputs; `None` if they don't say yet what its name will be."""
    inputs = _select_strings(resource.properties)
    if named := _NAMED.get(resource.kind):
        parts = [inputs.get(name) for name in named]
        found = "/".join(cast("list[str]", parts)) if all(parts) else None
    else:
        found = derive_id(resource)
    if found and resource.kind.startswith(_FOLDED):
        found = found.lower()
    return (resource.kind, found) if found else None


def derive_id(resource: Declared, subscription: str = "any") -> str | None:
    """Build the id that a resource has or will have; `None` if its inputs don't say yet, or its server chooses it.

    :param subscription: The Azure subscription; if omitted, the id is good for comparisons alone.
    """
    return compose_id({"type": resource.type, "inputs": _select_strings(resource.properties)}, subscription)


def list_owned(stack: str) -> Owned:
    """List what the state of `stack` holds. A stack that doesn't exist yet owns nothing."""
    try:
        deployment: dict[str, Any] = export_state(stack).get("deployment") or {}
    except AbsentError:
        return Owned()
    except OpsError as error:
        return Owned(unknown=str(error))
    resources = [
        Declared(each["type"], each["urn"], hide_secrets(each.get("inputs") or {}))
        for each in deployment.get("resources") or ()
    ]
    return Owned(frozenset(key for resource in resources if (key := derive_key(resource))))


def _select_strings(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs that are known text, at the top and in `metadata`."""
    found = {name: value for name, value in inputs.items() if isinstance(value, str)}
    metadata: object = inputs.get("metadata")
    if isinstance(metadata, Mapping):
        return {**found, "metadata": _select_strings(cast("Mapping[str, Any]", metadata))}
    return found
