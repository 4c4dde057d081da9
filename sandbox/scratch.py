"""Temporary files of processes that may be killed: in the sandbox's directory, removed by the next process."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import psutil

SCRATCH = "STRONGROOM_SCRATCH"
"""Names the directory that has a directory for each process."""

_made: list[Path] = []
"""This process's directory, once it has one."""


def use_scratch() -> None:
    """Keep this process's temporary files, and its children's, below the directory that `SCRATCH` names, if it does.

    They are removed when it ends; what processes left that were killed is removed now.
    """
    if not (named := os.environ.get(SCRATCH)):
        return
    base = Path(named)
    base.mkdir(parents=True, exist_ok=True, mode=0o700)
    remove_abandoned(base)
    own = base / str(os.getpid())
    own.mkdir(exist_ok=True, mode=0o700)
    _made.append(own)
    atexit.register(remove_scratch)
    tempfile.tempdir = os.environ["TMPDIR"] = str(own)


def remove_scratch() -> None:
    """Remove this process's temporary files."""
    for directory in _made:
        shutil.rmtree(directory, ignore_errors=True)


def remove_abandoned(base: Path) -> None:
    """Remove the directories in `base` of processes that have ended."""
    for directory in base.glob("[0-9]*"):
        if not psutil.pid_exists(int(directory.name)):
            shutil.rmtree(directory, ignore_errors=True)
