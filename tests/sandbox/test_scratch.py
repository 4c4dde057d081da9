"""What processes that are killed leave behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil
import pytest

from sandbox.scratch import SCRATCH, remove_abandoned
from tests.support.pids import is_running
from tests.support.polling import poll_until
from tests.support.sandboxed import ROOT

SERVED = {"providers": ["sandbox.providers", "kubernetes"], "languages": ["sandbox.languages", "python", "127.0.0.1:1"]}
"""What prints a line once it serves."""


def started(module: list[str], temporary: Path, scratch: Path) -> "subprocess.Popen[str]":
    environment: Mapping[str, str] = {**os.environ, "TMPDIR": str(temporary), SCRATCH: str(scratch)}
    process = subprocess.Popen(
        [sys.executable, "-m", *module],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdout.readline()
    return process


@pytest.mark.parametrize("what", SERVED)
def test_one_that_is_killed_leaves_nothing_in_the_temporary_directory(what: str, tmp_path: Path) -> None:
    temporary, scratch = tmp_path / "tmp", tmp_path / "state" / "scratch"
    temporary.mkdir()
    with started(SERVED[what], temporary, scratch) as process:
        assert [place.name for place in scratch.iterdir()] == [str(process.pid)]
        process.kill()
    assert list(temporary.iterdir()) == []

    remove_abandoned(scratch)
    assert list(scratch.iterdir()) == []


def test_one_that_ends_by_itself_leaves_nothing_at_all(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    with started(SERVED["providers"], tmp_path, scratch) as process:
        process.send_signal(signal.SIGTERM)
    assert list(scratch.iterdir()) == []


def test_what_a_living_process_keeps_stays(tmp_path: Path) -> None:
    own = tmp_path / str(os.getpid())
    own.mkdir()
    remove_abandoned(tmp_path)

    assert own.is_dir()


PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", '''
import subprocess, time
from sandbox.parent import end_with_parent
end_with_parent()
print(subprocess.Popen(["sleep", "60"]).pid, flush=True)
time.sleep(60)
'''])
print(child.pid, flush=True)
time.sleep(60)
"""


def test_a_process_and_what_it_started_end_with_a_parent_that_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pids = [int(parent.stdout.readline()) for _ in range(2)]
        assert all(psutil.pid_exists(pid) for pid in pids)
        parent.kill()
    poll_until(lambda: not any(map(is_running, pids)), 30)
