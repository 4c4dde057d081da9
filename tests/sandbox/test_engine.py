"""The stack file that the engine is given."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from sandbox.engine import _PROGRAM, Engine, carry_secrets
from sandbox.progress import Reporter
from sandbox.stacks import Servers

STACK: dict[str, Any] = {"config": {"strongroom:backend": {"kind": "vault"}, "strongroom:workloads": []}}
KEPT = {"ledger": {"token": {"secure": "v1:x"}}}
"""What was set on the sandbox, with `pulumi config set --secret`."""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The engine of a sandbox on which the stack `local` was deployed."""
    root, copies = tmp_path / "project", tmp_path / "state" / "pulumi" / "stacks"
    for directory in (root / "stacks", copies):
        directory.mkdir(parents=True)
    (root / "Pulumi.yaml").write_text("{name: strongroom, runtime: {name: python, options: {}}}")
    (root / "stacks" / "Pulumi.local.yaml").write_text(yaml.safe_dump(STACK))
    (root / "stacks" / "Pulumi.dev.yaml").write_text(yaml.safe_dump(STACK))
    kept = {"encryptionsalt": "v1:abc", "config": {"strongroom:seeds": KEPT}}
    (copies / "Pulumi.local.yaml").write_text(yaml.safe_dump(kept))
    servers = Servers("https://vault", tmp_path / "ca", tmp_path / "kubeconfig", "https://issuer", tmp_path, "t", "s")
    monkeypatch.setattr(Engine, "_servers", lambda _: servers)
    world: Any = SimpleNamespace(
        state=tmp_path / "state",
        tools=SimpleNamespace(path=Path),
        vault=SimpleNamespace(token="x"),
        azure=SimpleNamespace(operator=dict[str, str]),
    )
    return Engine(world, Reporter(), root)


def test_the_copy_of_the_project_is_there_before_any_stack_is_deployed(engine: Engine) -> None:
    assert (Path(engine.environment()["STRONGROOM_WORKSPACE"]) / "Pulumi.yaml").is_file()


def test_files_of_deployed_stacks_are_completed_as_they_are_now(engine: Engine, tmp_path: Path) -> None:
    edited = {"config": {**STACK["config"], "strongroom:workloads": [{"name": "new"}], "strongroom:seeds": KEPT}}
    (tmp_path / "project" / "stacks" / "Pulumi.local.yaml").write_text(yaml.safe_dump(edited))
    engine.complete_files()
    config = yaml.safe_load((engine.home / "stacks" / "Pulumi.local.yaml").read_text())["config"]

    assert config["strongroom:workloads"] == [{"name": "new"}]
    assert config["strongroom:backend"]["address"] == "https://vault"
    assert not (engine.home / "stacks" / "Pulumi.dev.yaml").exists()


def test_a_file_with_errors_is_copied_as_it_is_and_loses_no_secret(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, copy = tmp_path / "project" / "stacks" / "Pulumi.local.yaml", engine.home / "stacks" / "Pulumi.local.yaml"
    file.write_text(yaml.safe_dump({"config": {**STACK["config"], "strongroom:seeds": {"ledger": {}}}}))
    right = file.read_text()
    for wrong in ("config: [", "config: {"):
        file.write_text(wrong)
        engine.complete_files()
        assert copy.read_text() == wrong
        assert "is not YAML" in capsys.readouterr().err
    file.write_text(right)
    engine.complete_files()

    found = yaml.safe_load(copy.read_text())
    assert (found["encryptionsalt"], found["config"]["strongroom:seeds"]) == ("v1:abc", KEPT)
    assert [each.name for each in copy.parent.iterdir()] == [copy.name]


def test_the_program_finds_the_project_whatever_starts_it(tmp_path: Path) -> None:
    """An official language host starts it with the sandbox's directory first on the path, which has `stacks` too."""
    root, home = tmp_path / "project", tmp_path / "home"
    (root / "stacks").mkdir(parents=True)
    (root / "stacks" / "__init__.py").touch()
    (root / "stacks" / "provision.py").write_text("FOUND = 'the project'\n")
    (root / "__main__.py").write_text("from stacks.provision import FOUND\nprint(FOUND, __name__)\n")
    (home / "stacks").mkdir(parents=True)
    (home / "stacks" / "Pulumi.local.yaml").touch()
    (home / "__main__.py").write_text(_PROGRAM.format(root=str(root)))

    ran = subprocess.run([sys.executable, str(home)], cwd=home, capture_output=True, text=True, check=False)
    assert ran.stdout == "the project __main__\n", ran.stderr


def test_secrets_that_were_set_on_the_sandbox_survive_a_new_stack_file() -> None:
    kept = {
        "encryptionsalt": "v1:abc",
        "config": {"a:seeds": {"ledger": {"token": {"secure": "v1:x"}}, "old": {"k": "plain"}}, "a:gone": "plain"},
    }
    document: dict[str, Any] = {"config": {"a:seeds": {"new": {"k": {"generate": {}}}}}}
    carry_secrets(kept, document)

    assert document == {
        "encryptionsalt": "v1:abc",
        "config": {"a:seeds": {"new": {"k": {"generate": {}}}, "ledger": {"token": {"secure": "v1:x"}}}},
    }


def test_a_value_in_the_new_stack_file_wins() -> None:
    document: dict[str, Any] = {"config": {"a": {"secure": "new"}}}
    carry_secrets({"config": {"a": {"secure": "old"}}}, document)

    assert document == {"config": {"a": {"secure": "new"}}}
