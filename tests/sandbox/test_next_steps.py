"""Commands as they are printed, and those that are refused."""

import sys
from pathlib import Path

import pytest

from sandbox.__main__ import main
from sandbox.errors import SandboxError
from sandbox.next_steps import next_steps, own_command
from sandbox.shell import parse_languages
from tests.support.sandboxed import ROOT


def test_a_command_is_printed_as_the_user_runs_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "orig_argv", [".venv/bin/python", "-m", "sandbox"])
    assert own_command("status", ROOT) == ".venv/bin/python -m sandbox status"

    monkeypatch.setattr(sys, "orig_argv", ["/a dir/python", "-m", "sandbox"])
    assert own_command("status", ROOT) == "'/a dir/python' -m sandbox status"


def test_a_command_works_from_another_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)

    assert own_command("status", ROOT / "a dir").startswith(f"PYTHONPATH='{ROOT}/a dir' ")


@pytest.mark.parametrize(("stack", "vaults"), [("local", True), ("local-azure", False)])
def test_the_steps_are_those_of_the_stack_that_is_up(stack: str, vaults: bool) -> None:
    text = next_steps(stack, ROOT)

    assert f"verify --stack {stack} --json" in text
    assert ("vault kv list -mount=strongroom" in text) is vaults


def test_with_a_node_a_pod_shows_what_it_reads() -> None:
    assert "kubectl exec -n shop deploy/orders -- sh -c 'sha256sum" in next_steps("local", ROOT, node=True)
    assert "verify --stack local --from-pods --json" in next_steps("local", ROOT, node=True)
    assert "kubectl exec" not in next_steps("local", ROOT)


def test_languages_are_a_list() -> None:
    assert parse_languages("yaml, nodejs,python") == ["yaml", "nodejs"]
    with pytest.raises(SandboxError, match="rust can't be had: say one or more of nodejs, yaml"):
        parse_languages("rust,yaml")


def test_exec_says_at_once_that_there_is_no_sandbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STRONGROOM_SANDBOX", str(tmp_path / "none"))
    monkeypatch.setattr(sys, "argv", ["sandbox", "exec", "true"])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()

    assert (ended.value.code, out) == (1, "")
    assert err.startswith(f"error: There is no sandbox in {tmp_path / 'none'}: start it with `")
    assert not (tmp_path / "none").exists()
