"""The values that a stack wrote to its Vault, compared with those that are there, by digests alone."""

import hmac
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from policy.rules import Declared

from ..errors import NotAllowedError, OpsError
from ..vault_operator import VaultOperator
from .attempt import attempt
from .check import Check
from .deployment import Deployment
from .difference import Difference

KIND, INPUT = "vault:kv/secretV2:SecretV2", "dataJson"
"""What the stack writes values with, and its input that holds them."""


class Digests:
    """Digests of what the state says that the stack wrote, under a key that ends with this process.

    The provider never looks at what became of a value: neither `pulumi refresh` nor `pulumi up` sees that somebody
    wrote another one, or deleted the version. (Seen with the official `vault` plugin, 7.11)
    """

    def __init__(self, read_inputs: Callable[[str, str], Mapping[str, str]]) -> None:
        """
        :param read_inputs: Reads a secret input of all resources of a type from the state, by URN; raises `OpsError`
            if the state can't be decrypted here.
        """
        self._read_inputs = read_inputs
        self._key = secrets.token_bytes(32)
        self._deployed: Mapping[str, bytes] | None = None

    def deployed(self, resource: Declared) -> bytes | None:
        """Return the digest of what a resource's input holds.

        :raises NotAllowedError: The state can't be decrypted here.
        """
        if self._deployed is None:
            try:
                texts = self._read_inputs(KIND, INPUT)
            except OpsError as error:
                raise NotAllowedError(f"the state's secrets can't be read: {error}") from None
            self._deployed = {urn: self.of(json.loads(text)) for urn, text in texts.items()}
        return self._deployed.get(resource.urn)

    def of(self, document: object) -> bytes:
        """Return the digest of a document of JSON, however it is written."""
        canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
        return hmac.digest(self._key, canonical.encode(), "sha256")


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
            deployed = digests.deployed(resource)
            if deployed is None:
                raise NotAllowedError("the state holds no value of it")
            found = operator.read(path)
            if hmac.compare_digest(deployed, digests.of(found.get("data"))):
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
