"""One bootstrap of a store at a time."""

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Generator, Sequence
from pathlib import Path

from ...cancellation import pause
from .key_store import KeyStoreError


def find_lock_directory() -> Path:
    """Return the directory for locks that belong beside no file: in the user's state directory, which is theirs alone.

    Never in a shared temporary directory, where another user could take the lock first and hold it for ever.
    (XDG Base Directory Specification)

    :raises KeyStoreError: The user has no such directory.
    """
    base = os.environ.get("XDG_STATE_HOME")
    directory = Path(base if base and Path(base).is_absolute() else "~/.local/state")
    try:
        directory = directory.expanduser() / "strongroom"
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = directory.stat()
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "there is no home directory"
        raise KeyStoreError(
            f"{directory} can't be made, for the lock of this bootstrap: {reason}. Set XDG_STATE_HOME to a directory "
            "of this user's alone"
        ) from None
    if found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise KeyStoreError(
            f"{directory} is not this user's alone, so that others could hold the lock of this bootstrap: "
            f"chmod 700 {directory}, or set XDG_STATE_HOME to another directory"
        )
    return directory


@contextlib.contextmanager
def hold_lock(lock: Path, seconds: float) -> Generator[Sequence[int]]:
    """Hold the file `lock`; gives the descriptors that a child must inherit to hold it too.

    :raises KeyStoreError: Another run still holds it after `seconds`, or another user made it.
    """
    end = time.monotonic() + seconds
    with os.fdopen(_open_lock(lock), "w") as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise KeyStoreError(f"Another run holds {lock}: wait for it, and run this again") from None
            pause(0.2, f"another run lets go of {lock}")
        yield (handle.fileno(),)


def _open_lock(lock: Path) -> int:
    try:
        lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        owners = {os.geteuid(), lock.parent.stat().st_uid}
    except OSError as error:
        reason = "it is a symbolic link" if error.errno == errno.ELOOP else error.strerror
        raise KeyStoreError(f"{lock} can't be written: {reason}") from None
    if os.fstat(descriptor).st_uid not in owners:
        os.close(descriptor)
        raise KeyStoreError(
            f"{lock} belongs to another user, who could hold it for ever: delete it, and keep what it is beside in a "
            "directory that only you can write to"
        )
    return descriptor
