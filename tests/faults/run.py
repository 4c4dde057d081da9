"""Runs an operation, and kills something while it works."""

import contextlib
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from sandbox.plugins import SERVED
from sandbox.process import Process
from sandbox.running import Sandbox

from .scenario import STORES, Victim

ROOT = Path(__file__).resolve().parents[2]
_STEP = re.compile(r" (\+|~|-|\+\+|\+-|-\+|--)\s+\S+:\S+ ")
_LONGEST = 300
_ENDING = 5


@dataclass(frozen=True)
class Ran:
    """How a run ended."""

    code: int
    said: str
    steps: int
    """How many steps the engine reported."""

    seconds: float


@dataclass(frozen=True)
class Death:
    """Whom to kill, after which step, and how many seconds after it."""

    victim: Victim
    step: int
    delay: float


def run(world: Sandbox, root: Path, operation: str, stack: str, death: Death | None = None) -> Ran:
    """Run `operation` on `stack` in a process of its own.

    :param root: The project.
    :param death: What dies meanwhile, if anything.
    """
    # The death of what runs an engine is to end the plugins of that engine too.
    own = death and death.victim in {"program", "engine"}
    begun = time.monotonic()
    said: list[str] = []
    steps = 0
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.drive", str(root), operation, stack],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != SERVED or not own},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        assert process.stdout
        for line in process.stdout:
            said.append(line)
            steps += bool(_STEP.match(line))
            if death and (steps >= death.step) and said[0] != line:
                time.sleep(death.delay)
                _kill(world, stack, process.pid, death.victim)
                death = None
            if time.monotonic() - begun > _LONGEST:
                raise AssertionError(f"{operation} hangs:\n{''.join(said)}")
        process.wait(_LONGEST)
    return Ran(process.returncode, "".join(said), steps, time.monotonic() - begun)


def _kill(world: Sandbox, stack: str, driver: int, victim: Victim) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        match victim:
            case "program":
                psutil.Process(driver).kill()
            case "engine":
                _engine(driver).kill()
            case server:
                process = Process(STORES[stack] if server == "store" else server, world.state)
                assert process.pid, f"{process.name} was dead already"
                psutil.Process(process.pid).kill()


def _engine(driver: int) -> psutil.Process:
    for process in psutil.Process(driver).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.name() == "pulumi":
                return process
    raise psutil.NoSuchProcess(driver)


def left(home: Path) -> list[str]:
    """Processes that a run with the engine's `home` started, and that don't end although it did."""
    end = time.monotonic() + _ENDING
    while (living := [*_with_home(home)]) and time.monotonic() < end:
        time.sleep(0.1)
    return living


def _with_home(home: Path) -> Iterator[str]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            # This process's own child serves plugins to the tests of a whole session.
            if process.ppid() == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                continue
            if process.environ().get("PULUMI_HOME") == str(home):
                yield shlex.join(process.cmdline())
