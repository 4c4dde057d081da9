"""What goes wrong with a tool, told in one text."""

import errno
import shutil
from pathlib import Path


class ToolError(Exception):
    """A tool can't be had: which, why, and what to do. The next run goes on where this one stopped."""


def no_room(error: OSError | str) -> bool:
    """Whether `error`, or a log, says that the disk is full."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOSPC
    return "no space left on device" in error.lower()


def full(tool: str, cache: Path) -> ToolError:
    """The error for a disk that is full."""
    free = shutil.disk_usage(cache).free // 2**20
    return ToolError(
        f"{tool}: no room left in {cache} ({free} MiB free, about 6000 MiB needed): make room, "
        "or name another directory in STRONGROOM_CACHE, and run again"
    )
