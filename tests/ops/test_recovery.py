"""Locks of engines: whose are taken away, whose are waited for."""

import json
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ops import recovery
from ops.errors import OpsError
from ops.recovery import recover

HERE = socket.gethostname()


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lock file of the stack `dev`, to be written, and a Pulumi CLI that knows where it is."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("STRONGROOM_SANDBOX", str(tmp_path / "sandbox"))
    monkeypatch.setattr(recovery, "_PATIENCE", 0.5)
    home = tmp_path / ".pulumi" / "locks" / "organization" / "strongroom" / "dev"
    home.mkdir(parents=True)
    program = tmp_path / "pulumi"
    program.write_text(
        "#!/bin/sh\n"
        'case "$1" in\n'
        f'whoami) echo \'{{"url": "file://{tmp_path}"}}\' ;;\n'
        f"cancel) rm {home}/*.json ;;\n"
        "stack) echo '{\"deployment\": {}}' ;;\n"
        "esac\n"
    )
    program.chmod(0o755)
    return home / "one.json"


def write(lock: Path, pid: int, host: str = HERE, since: timedelta = timedelta()) -> None:
    at = (datetime.now(UTC) + since).isoformat()
    lock.write_text(json.dumps({"pid": pid, "username": "u", "hostname": host, "timestamp": at}))


def test_without_a_lock_there_is_nothing_to_do(lock: Path) -> None:
    assert not recover("dev", print).unlocked


def test_the_lock_of_a_dead_engine_is_taken_away(lock: Path) -> None:
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    write(lock, int(dead.stdout))

    assert recover("dev", print).unlocked
    assert not lock.exists()


def test_a_process_that_has_a_dead_ones_id_is_not_taken_for_it(lock: Path) -> None:
    write(lock, os.getpid(), since=-timedelta(days=365))

    assert recover("dev", print).unlocked


def test_an_engine_that_works_is_waited_for_and_left_alone(lock: Path) -> None:
    write(lock, os.getpid())
    said: list[str] = []

    with pytest.raises(OpsError, match=f"locked by pulumi .pid {os.getpid()} on {HERE}.*wait for it"):
        recover("dev", said.append)
    assert lock.exists()
    assert "still works on this stack" in said[0]


def test_a_file_that_a_killed_engine_left_empty_beside_the_state_is_removed(lock: Path) -> None:
    stacks = lock.parents[4] / "stacks" / "strongroom"
    stacks.mkdir(parents=True)
    empty, whole = stacks / "dev.json.attrs", stacks / "prod.json.attrs"
    empty.touch()
    whole.touch()

    recover("dev", print)
    assert not empty.exists()
    assert whole.exists()


def test_nothing_is_known_of_an_engine_on_another_machine(lock: Path) -> None:
    write(lock, 1, host="elsewhere")

    with pytest.raises(OpsError, match=r"on elsewhere.*if it is dead for certain, run `pulumi cancel --stack dev`"):
        recover("dev", print)
    assert lock.exists()
