"""Errors of the command lines."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
import typer

from strongroom.ops import command_line
from strongroom.ops.command_line import wants_json
from tests.support.sandboxed import ROOT

Run = Callable[..., tuple[object, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line in this process, without a sandbox and without tools: its exit code, output and errors."""

    def run_words(*words: str) -> tuple[object, str, str]:
        for name in ("STRONGROOM_SANDBOX", "PATH"):
            monkeypatch.setenv(name, "/nowhere")
        monkeypatch.setattr("sys.argv", [*words])
        with pytest.raises(SystemExit) as ended:
            import_module(f"{words[0]}.__main__").main()
        return ended.value.code, *capsys.readouterr()

    return run_words


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["strongroom", "access", "--stack", "dev", "--json"], 1, "The Pulumi CLI is not on PATH"),
        (["strongroom", "charts", "--from", "nonsense", "--json"], 1, "is not NAME=PLACE"),
        (["strongroom", "access", "--json"], 2, "Missing option '--stack'"),
        (["strongroom", "verify", "--stack", "dev", "--bogus", "--json"], 2, "No such option: --bogus"),
        (["sandbox", "status", "--bogus", "--json"], 2, "No such option: --bogus"),
    ],
)
def test_an_error_is_json_where_json_is_asked_for(run: Run, words: list[str], code: int, said: str) -> None:
    ended, out, err = run(*words)

    assert ended == code
    assert said in json.loads(out)["error"]
    assert list(json.loads(out)) == ["error"]
    assert f"error: {json.loads(out)['error']}\n" == err


def test_an_error_is_text_where_it_is_not() -> None:
    environment = {**os.environ, "STRONGROOM_SANDBOX": "/nowhere", "PATH": "/nowhere"}
    command = [sys.executable, "-m", "strongroom", "access", "--stack", "dev"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: The Pulumi CLI is not on PATH")


def test_what_follows_two_dashes_is_another_commands() -> None:
    assert wants_json(["verify", "--json"])
    assert not wants_json(["exec", "--", "strongroom", "--json"])


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/x/state"), "/x/state can't be written: No space left"),
        (OSError(errno.ENOSPC, "No space left on device"), "the disk of"),
        (OSError(errno.EDQUOT, "Disk quota exceeded", "/x"), "Free some space there"),
        (OSError(errno.EROFS, "Read-only file system", "/x"), "/x can't be used: Read-only file system"),
        (OSError(errno.EACCES, "Permission denied", "/x"), "Give this user the right to"),
        (PermissionError("/x is not a directory of this user's alone"), "/x is not a directory of this user's alone"),
    ],
)
def test_a_disk_that_is_full_or_closed_is_one_text(
    error: OSError, said: str, as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    app = typer.Typer()

    @app.command()
    def work() -> None:
        raise error

    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        patch.setattr(sys, "argv", ["work"])
        command_line.run(app, as_json=as_json)
    assert ended.value.code == 1
    printed = capsys.readouterr()
    assert said in printed.err
    assert len(printed.err.splitlines()) == 1
    assert not as_json or said in json.loads(printed.out)["error"]


def test_another_error_of_the_system_keeps_its_traceback() -> None:
    app = typer.Typer()

    @app.command()
    def work() -> None:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", "/x")

    with pytest.MonkeyPatch.context() as patch, pytest.raises(FileNotFoundError):
        patch.setattr(sys, "argv", ["work"])
        command_line.run(app, as_json=False)


@pytest.mark.parametrize("words", [["sandbox", "logs", "vault"], ["sandbox", "env"]])
def test_without_a_sandbox_a_command_says_how_to_start_one(run: Run, words: list[str]) -> None:
    ended, out, err = run(*words)

    assert (ended, out) == (1, "")
    assert err.startswith("error: There is no sandbox in /nowhere: start it with `")
    assert len(err.splitlines()) == 1


def test_a_command_runs_as_if_started_elsewhere(run: Run, tmp_path: Path) -> None:
    before = Path.cwd()
    try:
        _, _, err = run("strongroom", "--cwd", str(tmp_path), "access", "--stack", "dev")
    finally:
        os.chdir(before)

    assert f"error: {tmp_path} is in no Pulumi project" in err


def test_a_directory_that_is_not_there_is_an_error_of_its_option(run: Run, tmp_path: Path) -> None:
    ended, _, err = run("strongroom", "--cwd", str(tmp_path / "none"), "access", "--stack", "dev")

    assert ended == 1
    assert "error: --cwd: " in err
    assert "can't be entered" in err
