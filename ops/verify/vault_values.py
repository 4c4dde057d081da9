"""The values that a stack wrote to its Vault, compared with those that are there, by digests alone."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from strongroom.policy.rules import Declared

from ..errors import NotAllowedError, OpsError
from ..store.vault_operator import VaultOperator
from .attempt import attempt
from .check import Check
from .deployment import Deployment
from .difference import Difference
from .digests import Digests

KIND, INPUT = "vault:kv/secretV2:SecretV2", "dataJson"
"""What the stack writes values with, and its input that holds them."""


def check_values(deployment: Deployment, operator: VaultOperator, digests: Digests) -> Iterator[Check]:
    """Compare each object that the stack wrote with the one that Vault has; no value is kept, shown or repeated."""
    for resource in deployment.of_kind(KIND):
        if resource.at("disableRead"):
            continue
        path = f"{resource.at('mount')}/data/{resource.at('name')}"
        mend = (
            "neither `pulumi refresh` nor `pulumi up` sees that; to write the deployed value again, run "
            f"`pulumi up --target-replace '{resource.urn}'`"
        )

        def differences(resource: Declared = resource, path: str = path, mend: str = mend) -> list[Difference]:
            deployed = digests.deployed(resource, INPUT, parse=json.loads)
            if deployed is None:
                raise NotAllowedError("the state holds no value of it")
            found = operator.read(path)
            if digests.match(deployed, found.get("data")):
                return []
            raise OpsError(f"{path} holds another value than was deployed ({_version(found)}); {mend}")

        yield attempt(
            deployment.owner(resource),
            f"the value of {resource.at('name')} is as deployed",
            (f"GET {path}",),
            differences,
            absent=f"{path} has no value any more: it, or its last version, was deleted; {mend}",
        )


def _version(found: Mapping[str, Any]) -> str:
    metadata = cast("Mapping[str, Any]", found.get("metadata") or {})
    return f"version {metadata.get('version')} of {metadata.get('created_time')}"
