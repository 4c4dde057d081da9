"""What a machine that can't run a node is reported."""

import subprocess
from pathlib import Path
from unittest.mock import MagicMock

import pytest

from sandbox.node import requirements
from sandbox.node.requirements import list_missing
from sandbox.running import Sandbox
from sandbox.tools import ToolError


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine that has everything."""
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("shutil.which", lambda name, **_: f"/bin/{name}")
    monkeypatch.setattr(requirements, "_missing_capabilities", list)
    monkeypatch.setattr(requirements.cgroups, "missing_controllers", list)
    monkeypatch.setattr(requirements, "_KERNEL_LOG", Path("/dev/null"))
    monkeypatch.setattr("subprocess.run", lambda *_, **__: subprocess.CompletedProcess([], 0, "", ""))
    return monkeypatch


def test_a_machine_that_has_everything_lacks_nothing(machine: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert list_missing(tmp_path) == []


@pytest.mark.parametrize(
    ("target", "value", "reported"),
    [
        ("sys.platform", "darwin", "a node needs Linux, and this is darwin"),
        ("os.geteuid", lambda: 1000, "a node needs root: it makes namespaces, mounts and control groups"),
        (
            "shutil.which",
            lambda name, **_: None if name == "pivot_root" else name,
            "there is no program pivot_root (Debian's package util-linux)",
        ),
        (
            "sandbox.node.requirements._missing_capabilities",
            lambda: ["CAP_SYS_ADMIN"],
            "the capability CAP_SYS_ADMIN is missing",
        ),
        (
            "sandbox.node.requirements.cgroups.missing_controllers",
            lambda: ["memory", "pids"],
            "no control groups for memory, pids: the kernel or the container gives none",
        ),
        (
            "sandbox.node.requirements._KERNEL_LOG",
            Path("/nowhere"),
            "there is no /nowhere, which a kubelet reads",
        ),
        (
            "subprocess.run",
            lambda *_, **__: subprocess.CompletedProcess([], 1, "", "unshare: unshare failed:\nNot permitted\n"),
            "namespaces and overlay mounts can't be made in {state}: unshare: unshare failed: Not permitted",
        ),
    ],
)
def test_each_thing_that_a_machine_lacks_is_one_line(
    machine: pytest.MonkeyPatch, tmp_path: Path, target: str, value: object, reported: str
) -> None:
    machine.setattr(target, value)

    assert list_missing(tmp_path) == [reported.format(state=tmp_path)]


def test_a_sandbox_that_can_have_no_node_goes_on_without(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    reporter = MagicMock()
    world = Sandbox(reporter, tmp_path)
    monkeypatch.setattr("sandbox.running.list_missing", lambda _: ["one is missing", "two is missing"])
    (tmp_path / "with-node").touch()

    assert "kubelet" not in {tool.name for tool in world.choose_tools(node=True)}
    assert not world.has_node
    reported = [call.args[0] for call in reporter.note.call_args_list]
    assert reported == ["The sandbox goes on without a node:", "  one is missing", "  two is missing"]


def test_a_container_runtime_that_can_not_be_had_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    reporter, tools = MagicMock(), MagicMock()
    tools.container_runtime.side_effect = ToolError("there is no apt-get\non PATH")
    monkeypatch.setattr("sandbox.running.list_missing", lambda _: [])
    world = Sandbox(reporter, tmp_path, tools)

    assert "kubelet" not in {tool.name for tool in world.choose_tools(node=True)}
    assert not world.has_node
    assert reporter.note.call_args.args == ("  there is no apt-get on PATH",)


@pytest.mark.parametrize(
    ("asked", "has", "expected"), [(False, False, False), (True, False, True), (False, True, True)]
)
def test_a_node_that_was_asked_for_once_stays(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, asked: bool, has: bool, expected: bool
) -> None:
    world = Sandbox(MagicMock(), tmp_path, MagicMock())
    monkeypatch.setattr("sandbox.running.list_missing", lambda _: [])
    if has:
        (tmp_path / "with-node").touch()

    assert ("kubelet" in {tool.name for tool in world.choose_tools(node=asked)}) is expected
    assert world.has_node is expected
