"""The project's virtual environment."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import environment
from scripts.uv import Pip, PipError, find_uv
from tests.support.pids import is_running
from tests.support.polling import poll_until

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Where packages were installed, in place of installing them."""
    calls: list[Path] = []
    monkeypatch.setattr(environment, "install", lambda home, _lock: calls.append(home))
    return calls


def test_an_environment_is_current_once_it_is_made_whole(tmp_path: Path, installed: list[Path]) -> None:
    home = tmp_path / "a venv"
    assert not environment.is_current(home)

    environment.make(home)

    assert installed == [home]
    assert environment.is_current(home)
    version = subprocess.run([home / "bin" / "python", "--version"], capture_output=True, text=True, check=True).stdout
    assert version.split()[1] == sys.version.split()[0]


def test_an_interrupted_installation_is_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_home: Path, _lock: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(environment, "install", interrupt)
    with pytest.raises(KeyboardInterrupt):
        environment.make(tmp_path)

    assert not environment.is_current(tmp_path)


def test_a_changed_lock_keeps_what_the_user_added_and_another_python_keeps_nothing(
    tmp_path: Path, installed: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.make(tmp_path)
    added, stamp = tmp_path / "bin" / "added", tmp_path / environment.STAMP
    added.touch()
    python, _lock = stamp.read_text().splitlines()

    stamp.write_text(f"{python}\nanother lock\n")
    assert not environment.is_current(tmp_path)
    environment.make(tmp_path)
    assert added.exists()

    made_of = environment.fingerprint()
    stamp.write_text(made_of.replace(sys.version.split()[0], "3.11.0rc1"))
    assert not environment.is_current(tmp_path)
    environment.make(tmp_path)
    assert not added.exists()
    assert len(installed) == 3


def test_an_environment_whose_python_is_gone_is_not_current(tmp_path: Path, installed: list[Path]) -> None:
    environment.make(tmp_path)
    (tmp_path / "bin" / "python").unlink()
    (tmp_path / "bin" / "python").symlink_to("/nowhere/python")

    assert not environment.is_current(tmp_path)


def test_an_environment_is_made_of_the_lock_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[Path, str]] = []
    monkeypatch.setattr(environment, "install", lambda *arguments: calls.append(arguments))
    locks = ["requirements-docs.txt"]

    environment.make(tmp_path, locks)

    assert calls == [(tmp_path, "requirements-docs.txt")]
    assert environment.is_current(tmp_path, locks)
    assert not environment.is_current(tmp_path)


def test_pip_installs_where_uv_cannot_be_had_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    calls: list[tuple[str, ...]] = []

    def refuse(_pip: Pip) -> Path:
        raise PipError("pip failed, as said above")

    monkeypatch.setattr(environment, "find_uv", refuse)
    monkeypatch.setattr(Pip, "install", lambda _pip, *arguments: calls.append(arguments))

    environment.install(tmp_path)

    assert calls == [("--require-hashes", "-r", str(ROOT / "requirements-dev.txt"))]
    reported = capfd.readouterr().err
    assert "uv can't be had (pip failed, as said above): installing with pip, which takes longer\n" in reported


def test_uv_is_kept_beside_the_environment_where_the_cache_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").touch()  # in the way of a directory, which stops root too
    monkeypatch.setenv("STRONGROOM_CACHE", str(tmp_path / "cache"))
    calls: list[tuple[str, ...]] = []

    def install(_pip: Pip, *arguments: str) -> None:
        calls.append(arguments)
        target = Path(arguments[arguments.index("--target") + 1]) / "bin"
        target.mkdir(parents=True)
        (target / "uv").touch(mode=0o755)

    monkeypatch.setattr(Pip, "install", install)
    pip = Pip(tmp_path / "venv" / "bin" / "python")

    found = find_uv(pip)

    assert found.is_relative_to(tmp_path / "venv" / "uv")
    assert find_uv(pip) == found
    assert len(calls) == 1
    assert "--require-hashes" in calls[0]


@pytest.mark.parametrize("ended_by", [None, signal.SIGTERM, signal.SIGINT])
def test_the_head_start_of_the_tools_leaves_no_process(tmp_path: Path, ended_by: signal.Signals | None) -> None:
    module = tmp_path / "sandbox" / "tools"
    module.mkdir(parents=True)
    pids = tmp_path / "pids"
    (module / "__main__.py").write_text(
        "import os, subprocess\n"
        "child = subprocess.Popen(['sleep', '60'])\n"
        f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "child.wait()\n"
    )
    program = (
        "import pathlib, signal, sys, time; from scripts import environment\n"
        "environment.ROOT = pathlib.Path(sys.argv[1])\n"
        "pids = environment.ROOT / 'pids'\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))\n"
        "with environment.head_start(True):\n"
        "    while not pids.exists() or len(pids.read_text().split()) < 2:\n"
        "        time.sleep(0.05)\n"
        "    print('ready', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, tmp_path], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as run:
        assert run.stdout and run.stdin
        assert run.stdout.readline() == b"ready\n"
        if ended_by is None:
            run.stdin.close()
        else:
            run.send_signal(ended_by)
        run.wait(15)

    started = [int(pid) for pid in pids.read_text().split()]
    poll_until(lambda: not any(map(is_running, started)), 5)
