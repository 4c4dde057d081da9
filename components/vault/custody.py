"""Who keeps what opens a Vault."""

import base64
import binascii
import contextlib
import fcntl
import json
import os
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast


class CustodyError(Exception):
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


class Custody(Protocol):
    """Where shares are kept. Another place is one more class with these, named in `_KINDS`."""

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

        :raises CustodyError: It can't be read.
        """
        ...

    def save(self, record: Record) -> None:
        """Keep `record` in place of what is kept. When this returns, a power cut doesn't lose it.

        :raises CustodyError: It can't be written.
        """
        ...

    def alone(self, seconds: float) -> AbstractContextManager[Sequence[int]]:
        """Let nobody else bootstrap this store meanwhile; gives what a child must inherit to keep it so.

        :raises CustodyError: Somebody else still does after `seconds`.
        """
        ...


class FileCustody:
    """A recovery file that only its owner can read, beside the program: unseal keys in the clear.

    It opens the store: move a copy to a safe place, and guard or delete the file. Without it a restarted node waits
    for a human. (Vault docs: "Seal/Unseal", "Production hardening")
    """

    kind = "file"
    pgp_keys: Sequence[str] = ()

    def __init__(self, path: str | Path, *, gives_shares: bool = False) -> None:
        """
        :param path: The file, mode 0600.
        :param gives_shares: Give the shares as a secret output too, so that the stack's state can restore the file.
        """
        self.path = Path(path)
        self.gives_shares = gives_shares

    @property
    def place(self) -> str:
        """Where it is, for a human."""
        return f"the recovery file {self.path}"

    def inputs(self) -> dict[str, Any]:
        """As a resource, or a process, takes it."""
        return {"kind": self.kind, "path": str(self.path), "gives_shares": self.gives_shares}

    def load(self) -> Record | None:
        """What is kept."""
        try:
            with self.path.open() as file:
                if os.fstat(file.fileno()).st_mode & 0o077:
                    raise CustodyError(f"{self.place} can be read by others than its owner: chmod 600 {self.path}")
                kept: dict[str, Any] = json.load(file)
            kept["shares"] = tuple(kept["shares"])
            return Record(**kept)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise CustodyError(f"{self.place} can't be read: {error.strerror}") from None
        except (ValueError, TypeError, KeyError):
            # The parser's words would repeat what stands in the file.
            raise CustodyError(f"{self.place} is damaged: put it back from its copy") from None

    def save(self, record: Record) -> None:
        """Keep `record`."""
        partial = self.path.with_name(f"{self.path.name}.partial")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            partial.unlink(missing_ok=True)
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                json.dump(asdict(record), file, indent=2)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self.path)
            directory = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
        except OSError as error:
            raise CustodyError(f"{self.place} can't be written: {error.strerror}") from None

    @contextlib.contextmanager
    def alone(self, seconds: float) -> Generator[Sequence[int]]:
        """Hold a lock beside the file."""
        end = time.monotonic() + seconds
        lock = self.path.with_name(f"{self.path.name}.lock")
        try:
            lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.fdopen(os.open(lock, os.O_WRONLY | os.O_CREAT, 0o600), "w")
        except OSError as error:
            raise CustodyError(f"{lock} can't be written: {error.strerror}") from None
        with handle:
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > end:
                        raise CustodyError(f"Another run holds {lock}: wait for it, and run this again") from None
                time.sleep(0.2)
            yield (handle.fileno(),)


class PgpCustody(FileCustody):
    """Shares that only their holders can read: Vault encrypts each with one holder's public key.

    The recovery file holds them encrypted, and the initial root token until bootstrap has revoked it. Bootstrap can't
    unseal with them: with a Shamir seal the holders do. (Vault docs: "Using PGP, GPG, and Keybase")
    """

    kind = "pgp"

    def __init__(self, path: str | Path, pgp_keys: Sequence[str]) -> None:
        """
        :param path: The file that the encrypted shares are kept in.
        :param pgp_keys: One public key a share, as `gpg --export --armor` writes it.
        :raises ValueError: A key that is not one.
        """
        super().__init__(path, gives_shares=True)
        self._armoured = list(pgp_keys)
        self.pgp_keys = [_binary(number, key) for number, key in enumerate(pgp_keys, 1)]

    def inputs(self) -> dict[str, Any]:
        """As a resource, or a process, takes it."""
        return {"kind": self.kind, "path": str(self.path), "pgp_keys": self._armoured}


_KINDS: dict[str, type[FileCustody] | type[PgpCustody]] = {"file": FileCustody, "pgp": PgpCustody}


def custody_of(inputs: Mapping[str, Any]) -> Custody:
    """The custody that `inputs` describe."""
    rest = {key: value for key, value in inputs.items() if key != "kind"}
    return cast(Custody, _KINDS[inputs["kind"]](**rest))


def _binary(number: int, armoured: str) -> str:
    lines = [line.strip() for line in armoured.strip().splitlines()]
    fault = ValueError(f"PGP key {number} is not a public key as `gpg --export --armor` writes it")
    if len(lines) < 4 or lines[0] != "-----BEGIN PGP PUBLIC KEY BLOCK-----" or "" not in lines:
        raise fault
    # Headers end at an empty line; a line that begins with '=' is the checksum. (RFC 9580, "Forming ASCII Armor")
    body = [line for line in lines[lines.index("") + 1 :] if not line.startswith(("=", "-----"))]
    try:
        return base64.b64encode(base64.b64decode("".join(body), validate=True)).decode()
    except binascii.Error:
        raise fault from None
