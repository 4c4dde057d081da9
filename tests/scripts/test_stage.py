"""The stages of `make test`."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from scripts.stage import RECORD
from tests.support.polling import poll_until

STAGE = [sys.executable, "-m", "scripts.stage", "unit"]


def test_a_stage_tells_its_seconds_and_exits_as_its_command_does(tmp_path: Path) -> None:
    record = tmp_path / "stages"
    command = [*STAGE, "sh", "-c", "echo its own summary; exit 3"]

    done = subprocess.run(command, env={**os.environ, RECORD: str(record)}, capture_output=True, text=True, check=False)

    assert done.returncode == 3
    assert done.stdout.splitlines() == ["its own summary", "unit: 0 s"]
    name, seconds = record.read_text().split()
    assert name == "unit"
    assert 0 <= float(seconds) < 60


def test_a_stage_that_is_ended_lets_its_command_clean_up(tmp_path: Path) -> None:
    left = tmp_path / "left"
    script = f"trap 'sleep 0.3; rm {left}; exit 7' TERM; touch {left}; while :; do sleep 0.05; done"

    with subprocess.Popen([*STAGE, "sh", "-c", script]) as stage:
        poll_until(left.exists)
        stage.send_signal(signal.SIGTERM)
        assert stage.wait(10) == 7

    assert not left.exists()


def test_a_command_that_dies_of_a_signal_is_reported_as_shells_do() -> None:
    assert subprocess.run([*STAGE, "sh", "-c", "kill -9 $$"], check=False).returncode == 137
