"""The places where the keys of a Vault are kept."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol, runtime_checkable

from ...error_text import PlainError


class KeyStoreError(PlainError):
    """A key store that can't be read or written: which one, why, what to do."""


@dataclass(frozen=True)
class BootstrapState:
    """Bootstrap's knowledge of one Vault, kept from the moment that it exists.

    One without shares says that initialising was begun.
    """

    shares: tuple[str, ...] = field(default=(), repr=False)
    """Shares of the unseal key, or of the recovery key where the store unseals itself."""

    threshold: int = 0
    """How many of them open it."""

    root_token: str | None = field(default=None, repr=False)
    """A root token that is not revoked yet."""

    root_since: int | None = None
    """When a root token was last asked for by the shares, in seconds of the epoch, while that is not over."""

    admin_token: str | None = field(default=None, repr=False)
    """The token that bootstrap gave back last."""

    admin_digest: str | None = None
    """SHA-256 of the rules of that token's policy."""

    finished: bool = False
    """Whether bootstrap once came to its end."""


@runtime_checkable
class KeyStore(Protocol):
    """A place where shares are kept. Another place is one more class with these members, named in `_CLASSES`."""

    pgp_keys: Sequence[str]
    """Public keys that the shares are encrypted with, base64 of their binary form; none leaves shares readable."""

    gives_shares: bool
    """Whether the shares are a secret output too."""

    @property
    def place(self) -> str:
        """Its location, for a human."""
        ...

    def to_inputs(self) -> dict[str, Any]:
        """Return how to find it again, as a resource or a process takes it; no secret."""
        ...

    def load(self) -> BootstrapState | None:
        """Return what is kept; `None` where nothing is.

        :raises KeyStoreError: It can't be read.
        """
        ...

    def save(self, state: BootstrapState) -> None:
        """Keep `state` in place of what is kept. When this returns, a power cut doesn't lose it.

        :raises KeyStoreError: It can't be written.
        """
        ...

    def lock(self, seconds: float) -> AbstractContextManager[Sequence[int]]:
        """Hold a lock, so that one bootstrap runs at a time; yields the descriptors that a child must inherit.

        :raises KeyStoreError: Somebody else still does after `seconds`.
        """
        ...


_CLASSES = {
    "file": (".file_key_store", "FileKeyStore"),
    "azure-key-vault": (".azure_key_store", "AzureKeyStore"),
}


def build_key_store(inputs: Mapping[str, Any]) -> KeyStore:
    """Build the key store that `inputs` describe."""
    module, name = _CLASSES[inputs["kind"]]
    made: KeyStore = getattr(import_module(module, __package__), name)(
        **{key: value for key, value in inputs.items() if key != "kind"}
    )
    return made
