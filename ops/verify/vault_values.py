"""Comparison of a stack's values with those of its Vault, by digests alone."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from strongroom.policy.rules import Declared
from strongroom.policy.rules.kinds.vault import OBJECT

from ..errors import NotAllowedError, OpsError
from ..store.vault_operator import VaultOperator
from .attempt import attempt
from .check import Check
from .deployment import Deployment
from .difference import Difference
from .digests import Digests

_INPUT = "dataJson"
"""The input that holds the values."""


def check_values(deployment: Deployment, operator: VaultOperator, digests: Digests) -> Iterator[Check]:
    """Compare each object that the stack wrote with the one in Vault; no value is kept or shown."""
    for resource in deployment.list_of_kind(OBJECT):
        if resource.at("disableRead"):
            continue
        path = f"{resource.at('mount')}/data/{resource.at('name')}"
        fix = (
            "neither `pulumi refresh` nor `pulumi up` detects that; to write the deployed value again, run "
            f"`pulumi up --target-replace '{resource.urn}'`"
        )

        def list_differences(resource: Declared = resource, path: str = path, fix: str = fix) -> list[Difference]:
            deployed = digests.read_deployed(resource, _INPUT, parse=json.loads)
            if deployed is None:
                raise NotAllowedError("the state holds no value of it")
            found = operator.read(path)
            if digests.match(deployed, found.get("data")):
                return []
            raise OpsError(f"{path} holds another value than was deployed ({_format_version(found)}); {fix}")

        yield attempt(
            deployment.find_owner(resource),
            f"the value of {resource.at('name')} is as deployed",
            (f"GET {path}",),
            list_differences,
            absent=f"{path} has no value: it, or its last version, was deleted; {fix}",
        )


def _format_version(found: Mapping[str, Any]) -> str:
    metadata = cast("Mapping[str, Any]", found.get("metadata") or {})
    return f"version {metadata.get('version')} of {metadata.get('created_time')}"
