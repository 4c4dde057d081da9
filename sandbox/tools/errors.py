"""What goes wrong with a tool, reported in one text."""

import errno
import os
import shutil
from pathlib import Path

ANOTHER_CACHE = "set STRONGROOM_CACHE to a directory that this user can write to, and run again"


class ToolError(Exception):
    """A tool can't be had: which, why, and what to do. The next run goes on where this one stopped."""


def no_room(error: OSError | str) -> bool:
    """Return whether `error`, or a log, says that the disk is full."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return any(sign in error.lower() for sign in ("no space left on device", "disk quota exceeded"))


def full(tool: str, *directories: Path) -> ToolError:
    """Return the error for a disk that is full.

    :param directories: Those that were written to; not all need exist.
    """
    free = ", ".join(f"{_free(directory)} MiB free in {directory}" for directory in dict.fromkeys(directories))
    return ToolError(
        f"{tool}: no room left: {free}, about 6000 MiB needed to build everything. Make room, or name other "
        "directories (STRONGROOM_CACHE; GOCACHE, GOMODCACHE and GOTMPDIR for Go's own), and run again"
    )


def _free(directory: Path) -> int:
    return shutil.disk_usage(nearest(directory)).free // 2**20


def nearest(directory: Path) -> Path:
    """Return `directory`, or the nearest one above it that is there and can be looked at."""
    # `Path.exists` fails where a directory above may not be entered.
    return next(place for place in (directory, *directory.absolute().parents) if os.access(place, os.F_OK))
