"""Digests of the values that a stack wrote, with which its store's are compared."""

import hmac
import json
import secrets
from collections.abc import Callable, Mapping

from strongroom.policy.rules import Declared

from ..errors import NotAllowedError, OpsError


class Digests:
    """Digests of what the state says that the stack wrote, under a key that ends with this process.

    No provider looks at what became of a value: neither `pulumi refresh` nor `pulumi up` sees that somebody wrote
    another one, or deleted it. (Seen with the official `vault` plugin, 7.11; Azure's Resource Manager gives no secret's
    value. Microsoft Learn: "Secrets - Get", on Microsoft.KeyVault)
    """

    def __init__(self, read_inputs: Callable[..., Mapping[str, str]]) -> None:
        """
        :param read_inputs: Reads a secret input of all resources of a type from the state, by URN, as
            `strongroom.ops.pulumi.state.read_secret_inputs`; raises `OpsError` if the state can't be decrypted here.
        """
        self._read_inputs = read_inputs
        self._key = secrets.token_bytes(32)
        self._deployed: dict[str, Mapping[str, bytes]] = {}

    def deployed(
        self, resource: Declared, *path: str, parse: Callable[[str], object] = lambda text: text
    ) -> bytes | None:
        """Return the digest of what a resource's input at `path` holds.

        :param parse: Reads the input's text.
        :raises NotAllowedError: The state can't be decrypted here.
        """
        if resource.type not in self._deployed:
            try:
                texts = self._read_inputs(resource.type, *path)
            except OpsError as error:
                raise NotAllowedError(f"the state's secrets can't be read: {error}") from None
            self._deployed[resource.type] = {urn: self.of(parse(text)) for urn, text in texts.items()}
        return self._deployed[resource.type].get(resource.urn)

    def of(self, value: object) -> bytes:
        """Return the digest of text, or of a document of JSON, however it is written."""
        canonical = json.dumps(value, sort_keys=True, separators=(",", ":"))
        return hmac.digest(self._key, canonical.encode(), "sha256")

    def match(self, deployed: bytes, found: object) -> bool:
        """Tell whether what is found is what was deployed."""
        return hmac.compare_digest(deployed, self.of(found))
