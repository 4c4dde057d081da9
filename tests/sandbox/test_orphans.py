"""Which plugins `down` ends."""

import socket
from pathlib import Path

import pytest

from sandbox.orphans import end_orphans
from sandbox.ports import HOST, find_free_port
from tests.ops.recover.test_orphans import plugin
from tests.support.pids import is_running


@pytest.mark.parametrize("program", ["pulumi-resource-vault", "-m pulumi.dynamic"])
def test_a_plugin_whose_engine_is_gone_is_ended(tmp_path: Path, program: str) -> None:
    with plugin(tmp_path, find_free_port(), program) as left:
        end_orphans(tmp_path)

        assert not is_running(left)


def test_plugins_of_living_engines_and_other_homes_live_on(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as engine, plugin(tmp_path, engine.getsockname()[1]) as used:
        end_orphans(tmp_path)
        assert is_running(used)
    with plugin(tmp_path, find_free_port()) as other, plugin(tmp_path, find_free_port(), "not-a-plugin") as program:
        end_orphans(tmp_path / "other")
        assert is_running(other)
        end_orphans(tmp_path)
        assert is_running(program)
