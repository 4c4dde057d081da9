"""Servers as processes that outlive the command that starts them."""

import contextlib
import json
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from .certificates import write_private
from .errors import NotReadyError, SandboxError

_TAIL = 15

# Servers in Go collect their garbage a quarter as often as by default: a third of their work, for 200 MB in all.
_COLLECTED = {"GOGC": "400"}
_POLL = 0.1


class Process:
    """A server by name: started once, found again by later commands, never mistaken for another process."""

    def __init__(self, name: str, state: Path) -> None:
        """
        :param name: The server's name.
        :param state: The sandbox's state directory.
        """
        self.name = name
        self.log = state / "logs" / f"{name}.log"
        self._record = state / "run" / f"{name}.json"

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        process = self._process()
        return process.pid if process else None

    @property
    def born(self) -> float:
        """When it was started, in seconds since the epoch; never, if it doesn't run."""
        process = self._process()
        return process.create_time() if process else float("inf")

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start `command` in a session of its own.

        :raises SandboxError: It can't be executed.
        """
        for directory in (self.log.parent, self._record.parent):
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self.log.open("ab") as output:
            try:
                started = subprocess.Popen(
                    list(command),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    env={**_COLLECTED, **environment},
                )
            except OSError as error:
                raise SandboxError(f"{self.name} can't be started: {command[0]}: {error.strerror}") from None
        with contextlib.suppress(psutil.NoSuchProcess):
            born = psutil.Process(started.pid).create_time()
            write_private(self._record, json.dumps({"pid": started.pid, "born": born}))

    def wait_until(self, healthy: Callable[[], bool], seconds: float) -> None:
        """Wait until `healthy`.

        :param healthy: Whether it is; a `NotReadyError` that it raises says why not.
        :param seconds: How long to wait.
        :raises SandboxError: It ended, or was not healthy after `seconds`; with the last reason and the end of its log.
        """
        end, reason = time.monotonic() + seconds, ""
        while time.monotonic() < end:
            try:
                if healthy():
                    return
            except NotReadyError as error:
                reason = f": {error}"
            if self.pid is None:
                raise SandboxError(
                    f"{self.name} ended as soon as it was started; the end of {self.log}:\n{self.tail()}"
                )
            time.sleep(_POLL)
        raise SandboxError(
            f"{self.name} was not ready after {seconds:.0f} s{reason}; the end of {self.log}:\n{self.tail()}"
        )

    def stop(self, seconds: float = 20) -> None:
        """End it: ask, wait, and kill it after `seconds`. A process that took over its id is left alone."""
        process = self._process()
        if process:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.terminate()
                try:
                    process.wait(seconds)
                except psutil.TimeoutExpired:
                    process.kill()
                    process.wait(seconds)
        self._record.unlink(missing_ok=True)

    def tail(self, lines: int = _TAIL) -> str:
        """Return the last `lines` of its log."""
        if not self.log.is_file():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def _process(self) -> psutil.Process | None:
        try:
            record = json.loads(self._record.read_text())
            process = psutil.Process(record["pid"])
            same = process.create_time() == record["born"] and process.status() != psutil.STATUS_ZOMBIE
        except (OSError, ValueError, KeyError, psutil.NoSuchProcess):
            return None
        return process if same else None
