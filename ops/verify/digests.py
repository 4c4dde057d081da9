"""Digests of the values that a stack wrote, to compare them with its store's."""

import hmac
import json
import secrets
from collections.abc import Callable, Mapping

from strongroom.policy.rules import Declared

from ..errors import NotAllowedError, OpsError


class Digests:
    """Digests of the values in the state, under a key that ends with this process.

    No provider compares values: neither `pulumi refresh` nor `pulumi up` detects that another value was written, or
    that one was deleted. (Seen with the official `vault` plugin, 7.11; Azure's Resource Manager gives no secret's
    value. Microsoft Learn: "Secrets - Get", on Microsoft.KeyVault)
    """

    def __init__(self, read_inputs: Callable[..., Mapping[str, str]]) -> None:
        """Keep the function; nothing is read yet.

        :param read_inputs: Reads a secret input of all resources of a type from the state, by URN, as
            `strongroom.ops.pulumi.state.read_secret_inputs`; raises `OpsError` if the state can't be decrypted here.
        """
        self._read_inputs = read_inputs
        self._key = secrets.token_bytes(32)
        self._deployed: dict[str, Mapping[str, bytes]] = {}

    def read_deployed(
        self, resource: Declared, *path: str, parse: Callable[[str], object] = lambda text: text
    ) -> bytes | None:
        """Return the digest of a resource's input at `path`.

        :param parse: Parses the input's text.
        :raises NotAllowedError: The state can't be decrypted here.
        """
        if resource.type not in self._deployed:
            try:
                texts = self._read_inputs(resource.type, *path)
            except OpsError as error:
                raise NotAllowedError(f"the state's secrets can't be read: {error}") from None
            self._deployed[resource.type] = {urn: self.compute(parse(text)) for urn, text in texts.items()}
        return self._deployed[resource.type].get(resource.urn)

    def compute(self, value: object) -> bytes:
        """Return the digest of a text, or of a JSON document, whatever its form."""
        canonical = json.dumps(value, sort_keys=True, separators=(",", ":"))
        return hmac.digest(self._key, canonical.encode(), "sha256")

    def match(self, deployed: bytes, found: object) -> bool:
        """Return whether the value found is the one that was deployed."""
        return hmac.compare_digest(deployed, self.compute(found))
