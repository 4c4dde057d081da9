"""Tries mutants, one after another."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .mutant import Mutant
from .project import ROOT, ProjectCopy

Outcome = Literal["killed", "lived", "not tried"]

_FAILED = re.compile(r"^FAILED (?P<node>\S+)", re.MULTILINE)
_OURS = ("PYTEST_", "COV_", "STRONGROOM_")


@dataclass(frozen=True)
class Result:
    """What became of a mutant."""

    mutant: str
    outcome: Outcome
    """`not tried` where the test could not be run to its end: it was not found, or could not be imported."""

    killed_by: str
    """The test that failed; empty where none did."""

    seconds: float
    output: str
    """The end of what pytest printed, where the mutant was not killed."""


class BrokenTestsError(Exception):
    """Tests fail without any fault, and so say nothing of mutants."""


def try_mutants(mutants: Sequence[Mutant], source: Path = ROOT) -> Iterator[Result]:
    """Try `mutants` in a copy of the project, each against its test.

    :param source: The project.
    :raises BrokenTestsError: The tests don't pass on the copy as it is.
    """
    with tempfile.TemporaryDirectory(prefix="strongroom-mutants-") as home, _worker(Path(home)) as worker:
        copy = ProjectCopy(Path(home), source)
        code, output = worker.run(dict.fromkeys(mutant.test for mutant in mutants))
        if code != 0:
            raise BrokenTestsError(f"The mutants' tests fail without any mutant (pytest's exit code {code}):\n{output}")
        for mutant in mutants:
            started = time.monotonic()
            with copy.mutated(mutant):
                code, output = worker.run([mutant.test])
            yield _result(mutant, code, output, time.monotonic() - started)


def _result(mutant: Mutant, code: int, output: str, seconds: float) -> Result:
    failed = _FAILED.search(output)
    if code == 1 and failed:
        return Result(mutant.id, "killed", failed["node"], seconds, "")
    return Result(mutant.id, "lived" if code == 0 else "not tried", "", seconds, output[-3000:])


class _Worker:
    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def run(self, nodes: Iterable[str]) -> tuple[int, str]:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(list(nodes)) + "\n")
        self._process.stdin.flush()
        code, output = json.loads(self._process.stdout.readline())
        return code, output


@contextmanager
def _worker(root: Path) -> Iterator[_Worker]:
    """A process that runs pytest in `root`, and nothing of which comes from the tests that run now."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("worker.py"))],
        cwd=root,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield _Worker(process)
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # a test that still runs too
