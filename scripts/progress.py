"""Progress with the standard library alone: counted seconds on a terminal, plain lines in a log."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_EVERY = 10.0
"""Seconds between two plain lines."""


@contextmanager
def step(text: str) -> Iterator[None]:
    """Print that `text` is being done, for as long as the block runs, and then how long it took.

    :param text: What is being done.
    """
    started, done = time.monotonic(), threading.Event()
    terminal = sys.stderr.isatty()

    def beat() -> None:
        while not done.wait(1 if terminal else _EVERY):
            _print(f"{text}: {time.monotonic() - started:.0f} s so far", terminal)

    _print(f"{text} ...", terminal)
    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        if terminal:
            _print("", terminal)
    _print(f"{text}: {time.monotonic() - started:.1f} s", False)


def _print(text: str, terminal: bool) -> None:
    sys.stderr.write(f"\r\x1b[K{text}" if terminal else f"{text}\n")
    sys.stderr.flush()
