"""A key store in a file."""

import json
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .key_store import BootstrapState, KeyStoreError
from .lock import hold_lock
from .pgp import decode_keys


class FileKeyStore:
    """A recovery file that only its owner can read, beside the program.

    With the shares in plaintext it opens the store: move a copy to a safe place, and guard or delete the file. Without
    it a restarted node waits for a human.

    With PGP keys Vault encrypts each share for one holder, and the file opens nothing. Nor can bootstrap: with a Shamir
    seal the holders unseal each node after each start. (Vault docs: "Seal/Unseal", "Production hardening", "Using PGP,
    GPG, and Keybase")
    """

    def __init__(self, path: str, *, pgp_keys: Sequence[str] = (), gives_shares: bool = False) -> None:
        """Describe the key store; nothing is read or written yet.

        :param path: The file, mode 0600.
        :param pgp_keys: One public key a share, as `gpg --export --armor` writes it; if omitted, shares are in
            plaintext.
        :param gives_shares: Give the shares as a secret output too, so that the stack's state can restore the file.
        :raises ValueError: A key that is not one.
        """
        self.path = Path(path).expanduser()
        self.gives_shares = gives_shares
        self._given = str(path)
        self._armoured = list(pgp_keys)
        self.pgp_keys: Sequence[str] = decode_keys(pgp_keys)

    @property
    def place(self) -> str:
        """Its location, for a human."""
        return f"the recovery file {self.path}"

    def to_inputs(self) -> dict[str, Any]:
        """Return how to find it again, as a resource or a process takes it."""
        return {
            "kind": "file",
            "path": self._given,
            "pgp_keys": self._armoured,
            "gives_shares": self.gives_shares,
        }

    def load(self) -> BootstrapState | None:
        """Return what is kept; `None` where nothing is."""
        try:
            with self.path.open() as file:
                if os.fstat(file.fileno()).st_mode & 0o077:
                    raise KeyStoreError(f"{self.place} can be read by others than its owner: chmod 600 {self.path}")
                kept: dict[str, Any] = json.load(file)
            kept["shares"] = tuple(kept["shares"])
            return BootstrapState(**kept)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise KeyStoreError(f"{self.place} can't be read: {error.strerror}") from None
        except (ValueError, TypeError, KeyError):
            # The parser's words would repeat what stands in the file.
            raise KeyStoreError(f"{self.place} is damaged: put it back from its copy") from None

    def save(self, state: BootstrapState) -> None:
        """Keep `state`."""
        partial = self.path.with_name(f"{self.path.name}.partial")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            partial.unlink(missing_ok=True)
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                json.dump(asdict(state), file, indent=2)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self.path)
            directory = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
        except OSError as error:
            raise KeyStoreError(f"{self.place} can't be written: {error.strerror}") from None

    def lock(self, seconds: float) -> AbstractContextManager[Sequence[int]]:
        """Hold a lock beside the file."""
        return hold_lock(self.path.with_name(f"{self.path.name}.lock"), seconds)
