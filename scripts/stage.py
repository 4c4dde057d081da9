"""One stage of `make test`, timed: `python -m scripts.stage unit pytest ...`."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

RECORD = "STRONGROOM_STAGES"
"""The variable that names the file in which a run keeps its stages' seconds."""


def run(command: Sequence[str], *, environment: dict[str, str] | None = None, quiet_input: bool = False) -> int:
    """Run `command` to its end and return its exit code. A SIGTERM goes on to it, and its cleaning up is waited for.

    :param command: The command.
    :param environment: Its environment; defaults to this process's.
    :param quiet_input: Give it no standard input.
    """
    child = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL if quiet_input else None)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: child.send_signal(number))
    # A terminal sends its SIGINT to the child too: a second one would cut short what the first one started.
    signal.signal(signal.SIGINT, lambda _number, _frame: None)
    code = child.wait()
    return code if code >= 0 else 128 - code


def note(name: str, seconds: float) -> None:
    """Print how long a stage took, and keep it for the run's end.

    :param name: The stage.
    :param seconds: Its seconds.
    """
    print(f"{name}: {seconds:.0f} s", flush=True)
    if record := os.environ.get(RECORD):
        with Path(record).open("a") as file:
            file.write(f"{name} {seconds:.1f}\n")


def main() -> None:
    """Run the stage that the arguments name, and exit with its code."""
    name, *command = sys.argv[1:]
    started = time.monotonic()
    code = run(command)
    note(name, time.monotonic() - started)
    raise SystemExit(code)


if __name__ == "__main__":
    main()
