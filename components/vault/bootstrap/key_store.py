"""Who keeps what opens a Vault."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol

from ...error_text import PlainError


class KeyStoreError(PlainError):
    """What is kept can't be read or written: which file, why, what to do."""


@dataclass(frozen=True)
class Record:
    """What bootstrap knows of one store, kept from the moment that it exists.

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


class KeyStore(Protocol):
    """Where shares are kept. Another place is one more class with these, named in `_HOME`."""

    pgp_keys: Sequence[str]
    """Public keys that the shares are encrypted with, base64 of their binary form; none leaves shares readable."""

    gives_shares: bool
    """Whether the shares are a secret output too."""

    @property
    def place(self) -> str:
        """Where it is, for a human."""
        ...

    def inputs(self) -> dict[str, Any]:
        """As a resource, or a process, takes it: how to find it again, and no secret."""
        ...

    def load(self) -> Record | None:
        """What is kept; `None` where nothing is.

        :raises Key storeError: It can't be read.
        """
        ...

    def save(self, record: Record) -> None:
        """Keep `record` in place of what is kept. When this returns, a power cut doesn't lose it.

        :raises Key storeError: It can't be written.
        """
        ...

    def alone(self, seconds: float) -> AbstractContextManager[Sequence[int]]:
        """Let nobody else bootstrap this store meanwhile; gives what a child must inherit to keep it so.

        :raises Key storeError: Somebody else still does after `seconds`.
        """
        ...


_HOME = {
    "file": (".file_key_store", "FileKeyStore"),
    "azure-key-vault": (".azure_key_store", "AzureKeyStore"),
}


def build_key_store(inputs: Mapping[str, Any]) -> KeyStore:
    """The key store that `inputs` describe."""
    module, name = _HOME[inputs["kind"]]
    made: KeyStore = getattr(import_module(module, __package__), name)(
        **{key: value for key, value in inputs.items() if key != "kind"}
    )
    return made
