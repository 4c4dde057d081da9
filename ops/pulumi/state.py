"""What a stack's state holds: every resource, with its inputs and outputs, and no secret."""

import json
from collections.abc import Mapping
from typing import Any, cast

from pulumi.runtime import rpc

from strongroom.policy.rules import Declared

from ..errors import OpsError
from .stack import export_state

HIDDEN = "[secret]"
"""What stands for a value that the state keeps encrypted."""


def read_state(stack: str) -> list[Declared]:
    """Read the resources of `stack` as they were last deployed, in the order of the state; none of them being deleted.

    :raises OpsError: The Pulumi CLI is missing or fails, or the stack was never deployed.
    """
    deployment: dict[str, Any] | None = export_state(stack)["deployment"]
    resources: list[dict[str, Any]] = deployment.get("resources", []) if deployment else []
    if not resources:
        raise OpsError(f"Stack {stack!r} has nothing deployed: deploy it first with `pulumi up --stack {stack}`")
    return [
        Declared(
            resource["type"],
            resource["urn"],
            hide_secrets(resource.get("inputs") or {}),
            resource.get("dependencies") or (),
            hide_secrets({**(resource.get("outputs") or {}), "id": resource.get("id")}),
        )
        for resource in resources
        if not resource.get("delete")
    ]


def read_secret_inputs(stack: str, kind: str, *path: str) -> dict[str, str]:
    """Read the input at `path` of each resource of type `kind`, which the state keeps encrypted, by URN.

    :raises OpsError: The Pulumi CLI is missing or fails, e.g. because it has no passphrase.
    """
    deployment: dict[str, Any] = export_state(stack, show_secrets=True)["deployment"] or {}
    found: dict[str, str] = {}
    for resource in deployment.get("resources", []):
        if resource["type"] == kind and not resource.get("delete"):
            value: object = resource.get("inputs")
            encrypted = False
            for name in path:
                value = cast("Mapping[str, Any]", value).get(name) if isinstance(value, Mapping) else None
                plaintext = cast("Mapping[str, Any]", value).get("plaintext") if isinstance(value, Mapping) else None
                if isinstance(plaintext, str):
                    value, encrypted = json.loads(plaintext), True
            if encrypted and isinstance(value, str):
                found[resource["urn"]] = value
    return found


def hide_secrets(value: Any) -> Any:
    """Return a value of a state, or of a program's declarations, with `HIDDEN` in place of every secret in it."""
    if isinstance(value, Mapping):
        mapping = cast("Mapping[str, Any]", value)
        # The mark of assets and archives stands at the same place.
        if mapping.get(rpc._special_sig_key) == rpc._special_secret_sig:  # pyright: ignore[reportPrivateUsage]
            return HIDDEN
        return {key: hide_secrets(entry) for key, entry in mapping.items()}
    if isinstance(value, list):
        return [hide_secrets(entry) for entry in cast("list[Any]", value)]
    return value
