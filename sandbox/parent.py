"""Ends a process with the one that started it: what an engine starts lives on when that engine is killed."""

import contextlib
import os
import threading
import time

import psutil

from .scratch import remove_scratch

_POLL = 0.5


def end_with_parent() -> None:
    """End this process, and all that it started, within a second when its parent has ended."""
    threading.Thread(target=_watch, args=[os.getppid()], daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_POLL)
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            child.terminate()
    remove_scratch()
    os._exit(1)
