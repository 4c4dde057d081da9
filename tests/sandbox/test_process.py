"""Servers as processes."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from sandbox.errors import NotReadyError, SandboxError
from sandbox.process import Process

SLEEP = ["sleep", "60"]


def test_a_started_server_is_found_again_and_stopped(tmp_path: Path) -> None:
    Process("one", tmp_path).start(SLEEP, os.environ)
    again = Process("one", tmp_path)
    pid = again.pid
    assert pid
    again.stop()

    assert again.pid is None
    assert not psutil.pid_exists(pid)


def test_another_process_that_got_its_id_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(SLEEP) as stranger:
        record = tmp_path / "run" / "one.json"
        record.parent.mkdir()
        record.write_text(json.dumps({"pid": stranger.pid, "born": time.time() - 1000}))
        process = Process("one", tmp_path)

        assert process.pid is None
        process.stop()
        assert stranger.poll() is None
        stranger.kill()


def test_one_that_ignores_the_request_is_killed(tmp_path: Path) -> None:
    process = Process("one", tmp_path)
    process.start(["sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"], os.environ)
    time.sleep(0.3)
    process.stop(seconds=0.5)

    assert process.pid is None


def test_one_that_ends_at_once_shows_the_end_of_its_log(tmp_path: Path) -> None:
    process = Process("one", tmp_path)
    process.start(["sh", "-c", "echo bad flag; exit 1"], os.environ)

    with pytest.raises(SandboxError, match=r"(?s)one ended as soon as it was started.*bad flag"):
        process.wait_until(lambda: False, 10)


def test_one_that_never_gets_ready_is_given_up(tmp_path: Path) -> None:
    process = Process("one", tmp_path)
    process.start(SLEEP, os.environ)
    with pytest.raises(SandboxError, match="one was not ready after 0 s"):
        process.wait_until(lambda: False, 0.3)
    process.stop()


def test_one_that_never_gets_ready_is_given_up_with_its_clients_last_reason(tmp_path: Path) -> None:
    reasons = iter(["refused", *["certificate verify failed"] * 100])

    def healthy() -> bool:
        raise NotReadyError(next(reasons))

    process = Process("one", tmp_path)
    process.start(["sh", "-c", "echo its own log; sleep 60"], os.environ)
    with pytest.raises(
        SandboxError, match=r"(?s)^one was not ready after 0 s: certificate verify failed; the end of .*own log"
    ):
        process.wait_until(healthy, 0.4)
    process.stop()


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="one can't be started: /nowhere/program"):
        Process("one", tmp_path).start(["/nowhere/program"], os.environ)


def test_one_that_was_killed_is_known_to_be_dead(tmp_path: Path) -> None:
    process = Process("one", tmp_path)
    process.start(SLEEP, os.environ)
    os.kill(process.pid or 0, signal.SIGKILL)
    time.sleep(0.2)

    assert process.pid is None
