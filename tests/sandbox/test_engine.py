"""The stack file that the engine is given."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from sandbox.engine import _PROGRAM, carry_secrets


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
