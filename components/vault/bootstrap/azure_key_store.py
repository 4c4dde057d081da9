"""A key store in an Azure Key Vault."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ...azure.clouds import PUBLIC
from ...errors import InvalidArgumentsError
from ...redact import redact_error
from ...urls import check_key_address
from .key_store import BootstrapState, KeyStoreError
from .lock import find_lock_directory, hold_lock
from .pgp import decode_keys

if TYPE_CHECKING:
    from azure.keyvault.secrets import SecretClient

_KEYS = ("shares", "threshold")


class AzureKeyStore:
    """Two secrets of an Azure Key Vault that exists: the shares, and how far bootstrap came.

    The one with the shares is written once in a store's life, so that nothing later overwrites it; the other has
    tokens that are over soon. The deployer needs `Key Vault Secrets Officer` at both, or at the vault; anybody who may
    read the shares opens the store, unless they are encrypted with PGP keys. Keep them in another vault than the
    seal's key: together, these two are the whole store. (Microsoft Learn: "About Azure Key Vault secrets")
    """

    def __init__(
        self,
        vault_url: str,
        tenant_id: str,
        *,
        authority: str = PUBLIC.authority,
        name: str = "vault-bootstrap",
        pgp_keys: Sequence[str] = (),
        gives_shares: bool = False,
    ) -> None:
        """Describe the key store; nothing is read or written yet.

        :param vault_url: The key vault's URL.
        :param tenant_id: The Microsoft Entra tenant that it trusts.
        :param authority: The host of Microsoft Entra ID.
        :param name: What the secrets' names begin with: `<name>-keys` and `<name>-progress`.
        :param pgp_keys: One public key a share, as `gpg --export --armor` writes it; if omitted, shares are in
            plaintext.
        :param gives_shares: Give the shares as a secret output too.
        :raises ValueError: A PGP key that is not one, or a URL by which keys would travel in plaintext.
        """
        if issue := check_key_address(vault_url):
            raise InvalidArgumentsError(f"AzureKeyStore: vault_url {vault_url!r} {issue}")
        self.gives_shares = gives_shares
        self.pgp_keys: Sequence[str] = decode_keys(pgp_keys)
        self._url, self._tenant, self._authority, self._name = vault_url.rstrip("/"), tenant_id, authority, name
        self._armoured = list(pgp_keys)

    @property
    def place(self) -> str:
        """Its location, for a human."""
        return f"the secret {self._name}-keys of {self._url}"

    def to_inputs(self) -> dict[str, Any]:
        """Return how to find it again, as a resource or a process takes it."""
        return {
            "kind": "azure-key-vault",
            "vault_url": self._url,
            "tenant_id": self._tenant,
            "authority": self._authority,
            "name": self._name,
            "pgp_keys": self._armoured,
            "gives_shares": self.gives_shares,
        }

    def load(self) -> BootstrapState | None:
        """Return what is kept; `None` where nothing is."""
        with self._build_client() as client:
            keys, progress = self._read(client, "keys"), self._read(client, "progress")
        if keys is None and progress is None:
            return None
        try:
            kept: dict[str, Any] = {**(progress or {}), **(keys or {})}
            kept["shares"] = tuple(kept.get("shares", ()))
            return BootstrapState(**kept)
        except TypeError:
            raise KeyStoreError(f"{self.place} is not what bootstrap wrote: enable the version that is") from None

    def save(self, state: BootstrapState) -> None:
        """Keep `state`: the shares first, and never less than was known of them."""
        progress = asdict(state)
        keys = {key: progress.pop(key) for key in _KEYS}
        with self._build_client() as client:
            if state.shares and _normalize(keys) != self._read(client, "keys"):
                self._write(client, "keys", keys)
            self._write(client, "progress", progress)

    def lock(self, seconds: float) -> AbstractContextManager[Sequence[int]]:
        """Hold a lock of this user's on this machine.

        Between machines and users the stack's own lock holds, and Vault initialises only once.

        :raises KeyStoreError: The user has no directory of their own for it.
        """
        digest = hashlib.sha256(f"{self._url}/{self._name}".encode()).hexdigest()[:16]
        return hold_lock(find_lock_directory() / f"{digest}.lock", seconds)

    # A Vault may be bootstrapped without Azure's packages, and this is one of the ways to keep its keys.

    def _build_client(self) -> "SecretClient":
        from azure.keyvault.secrets import SecretClient  # noqa: PLC0415

        from ...azure.client import build_client_options  # noqa: PLC0415
        from ...azure.credentials import find_credential  # noqa: PLC0415

        return SecretClient(self._url, find_credential(self._tenant, self._authority), **build_client_options())

    def _read(self, client: "SecretClient", part: str) -> Mapping[str, Any] | None:
        from azure.core.exceptions import AzureError, ResourceNotFoundError  # noqa: PLC0415

        from ...azure.client import UNEXPECTED  # noqa: PLC0415

        try:
            value = client.get_secret(f"{self._name}-{part}").value
        except ResourceNotFoundError:
            return None
        except (AzureError, *UNEXPECTED) as error:
            raise self._describe_error(part, "read", error) from None
        try:
            kept: Mapping[str, Any] = json.loads(value or "")
        except ValueError:
            # The parser's words would repeat what stands in the secret.
            raise KeyStoreError(f"{self.place} is not what bootstrap wrote: enable the version that is") from None
        return kept

    def _write(self, client: "SecretClient", part: str, progress: Mapping[str, Any]) -> None:
        from azure.core.exceptions import AzureError  # noqa: PLC0415

        from ...azure.client import UNEXPECTED  # noqa: PLC0415

        try:
            client.set_secret(f"{self._name}-{part}", json.dumps(progress), content_type="application/json")
        except (AzureError, *UNEXPECTED) as error:
            raise self._describe_error(part, "written", error) from None

    def _describe_error(self, part: str, verb: str, error: Exception) -> KeyStoreError:
        from azure.core.exceptions import AzureError, HttpResponseError  # noqa: PLC0415

        status = error.status_code if isinstance(error, HttpResponseError) else None
        advice = {
            403: "give the deploying identity `Key Vault Secrets Officer` there, which takes minutes to take effect",
            409: f"a secret of that name was deleted: az keyvault secret recover --id {self._url}/deletedsecrets/"
            f"{self._name}-{part}",
        }.get(status or 0, "see that the vault exists and that this machine reaches it")
        # What is no error of Azure's may quote what it couldn't read.
        reason = (
            redact_error(error) if isinstance(error, AzureError) else f"no answer of Azure's ({type(error).__name__})"
        )
        return KeyStoreError(f"The secret {self._name}-{part} of {self._url} can't be {verb}: {reason}; {advice}")


def _normalize(keys: Mapping[str, Any]) -> Any:
    return json.loads(json.dumps(keys))
