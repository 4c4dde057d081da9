"""One bootstrap of a store at a time."""

import contextlib
import fcntl
import os
import time
from collections.abc import Generator, Sequence
from pathlib import Path

from .custody import CustodyError


@contextlib.contextmanager
def locked(lock: Path, seconds: float) -> Generator[Sequence[int]]:
    """Hold the file `lock`; gives the descriptors that a child must inherit to hold it too.

    :raises CustodyError: Somebody else still holds it after `seconds`.
    """
    end = time.monotonic() + seconds
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
