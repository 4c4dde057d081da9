"""Which plugins are ended after a crash, and which live on."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from strongroom.ops.recover.orphans import end_orphaned_plugins
from tests.support.pids import is_running
from tests.support.polling import poll_until


@contextmanager
def plugin(home: Path, port: int, name: str = "pulumi-resource-vault", *, stubborn: bool = False) -> Iterator[int]:
    """A process that looks like a plugin of the engine at `port`."""
    program = home / name
    ignoring = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" if stubborn else ""
    program.write_text(f"{ignoring}\nimport time\nprint('up', flush=True)\ntime.sleep(60)\n")
    given = {**os.environ, "PULUMI_HOME": str(home), "VAULT_TOKEN": "canary"}
    words = [str(program)]
    if name.startswith("-m"):
        module = home / name.split()[1].replace(".", "/")
        module.parent.mkdir()
        (module.parent / "__init__.py").touch()
        program.rename(module.with_suffix(".py"))
        given["PYTHONPATH"] = str(home)
        words = ["-u", *name.split()]
    command = [sys.executable, *words, f"127.0.0.1:{port}"]
    with subprocess.Popen(command, env=given, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process.pid
        finally:
            process.kill()


@pytest.fixture
def engine() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture
def nobody() -> int:
    """A port at which nobody answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


@pytest.mark.parametrize(
    ("program", "name"),
    [
        ("pulumi-resource-vault", "pulumi-resource-vault"),
        ("pulumi-language-python", "pulumi-language-python"),
        ("-m pulumi.dynamic", "pulumi-resource-pulumi-python"),
        ("-m pulumi.policy", "pulumi-analyzer-policy-python"),
    ],
)
def test_a_plugin_whose_engine_is_gone_is_ended(tmp_path: Path, nobody: int, program: str, name: str) -> None:
    with plugin(tmp_path, nobody, program) as pid:
        assert end_orphaned_plugins({"PULUMI_HOME": str(tmp_path)}) == [f"{name} ({pid})"]
        assert not is_running(pid)


def test_one_that_does_not_end_is_killed(tmp_path: Path, nobody: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("strongroom.ops.recover.orphans._GRACE_SECONDS", 0.1)
    with plugin(tmp_path, nobody, stubborn=True) as pid:
        end_orphaned_plugins({"PULUMI_HOME": str(tmp_path)})
        poll_until(lambda: not is_running(pid), 5)


def test_plugins_of_living_engines_other_homes_and_other_programs_live_on(
    tmp_path: Path, nobody: int, engine: socket.socket
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    port = engine.getsockname()[1]
    with plugin(tmp_path, port) as used, plugin(other, nobody) as others, plugin(tmp_path, nobody, "server") as server:
        assert end_orphaned_plugins({"PULUMI_HOME": str(tmp_path)}) == []
        assert all(map(is_running, (used, others, server)))
