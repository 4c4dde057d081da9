"""A command, measured: what a user waits for, what the processors do, what the processes hold."""

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

_FIRST, _EVERY = 0.005, 0.1
"""Seconds between two looks at the processes: at first, as some end at once, and later."""


class FailedError(Exception):
    """A command that is measured failed: its last words."""


@dataclass(frozen=True)
class Usage:
    """What a command took."""

    wall: float
    """Seconds from start to end."""

    cpu: float
    """Seconds of processor time, of its children too."""

    memory: float
    """MiB: the sum of the peaks of its process and of each child."""


def measured(command: Sequence[str], environment: Mapping[str, str], directory: Path, log: Path | None = None) -> Usage:
    """Run `command` to its end.

    :param log: Takes its output.
    :raises FailedError: It ends with another exit code than 0.
    """
    log = log or Path(os.devnull)
    with log.open("w+b") as output:
        started = time.monotonic()
        process = subprocess.Popen(  # noqa: S603 - the benchmarks' own words
            list(command), cwd=directory, env=dict(environment), stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        peaks: dict[int, float] = {}
        ended = threading.Event()
        watcher = threading.Thread(target=_watch, args=(process.pid, peaks, ended), daemon=True)
        watcher.start()
        try:
            _, status, used = os.wait4(process.pid, 0)
        except BaseException:
            process.terminate()
            process.wait()
            raise
        wall = time.monotonic() - started
        ended.set()
        watcher.join()
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        reported = log.read_text(errors="replace").strip().splitlines() if log.is_file() else []
        raise FailedError(f"{' '.join(command)} ended with code {process.returncode}: {' | '.join(reported[-12:])}")
    return Usage(wall, used.ru_utime + used.ru_stime, sum(peaks.values()))


def _watch(root: int, peaks: dict[int, float], ended: threading.Event) -> None:
    pause = _FIRST
    while not ended.wait(pause):
        pause = min(pause * 1.5, _EVERY)
        try:
            for process in (found := psutil.Process(root), *found.children(recursive=True)):
                if (peak := _peak(process.pid)) is not None:
                    peaks[process.pid] = peak
        except psutil.Error:
            continue


def _peak(pid: int) -> float | None:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), None)
