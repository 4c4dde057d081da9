"""The commands that `up` ends with, and the shell of `exec`."""

import json
import os
import shlex
import subprocess
import sys

import pytest

from sandbox.next_steps import next_steps
from sandbox.running import ROOT, Sandbox
from tests.support.sandboxed import Project

pytestmark = pytest.mark.integration


def test_every_command_that_is_printed_works_as_printed(project: Project) -> None:
    lines = next_steps("local", ROOT).splitlines()
    commands = [line.partition("  # ")[0].strip() for line in lines if "  # " in line]
    assert len(commands) == 8
    assert "down --purge" in commands.pop()  # the sandbox is the other tests' too

    for command in commands:
        done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)  # noqa: S602
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


def execute(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "sandbox", "exec", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )


ALL = "import json, os; print(json.dumps(dict(os.environ)))"


def test_a_command_finds_the_servers_and_the_projects_own_commands(project: Project, world: Sandbox) -> None:
    done = execute(
        "--", "sh", "-c", f"cd docs && strongroom access --stack local --json >&2; python -c {shlex.quote(ALL)}"
    )
    found = json.loads(done.stdout)

    assert found["VAULT_ADDR"] == world.vault.address
    assert found["KUBECONFIG"] == str(world.api_server.kubeconfig)
    assert found.get("HTTPS_PROXY") == os.environ.get("HTTPS_PROXY")
    assert "STRONGROOM_SDK_NODEJS" not in found
    assert "shop/orders" in done.stderr
    assert "building" not in done.stderr


def test_a_command_finds_the_emulator_where_it_is_asked_for(project: Project, world: Sandbox) -> None:
    found = json.loads(execute("--like", "local-azure", "--", "python", "-c", ALL).stdout)

    assert world.azure.environment().items() <= found.items()
    assert found["SSL_CERT_FILE"] == str(world.authority.certificate)


def test_a_shell_of_the_users_own_finds_the_stack(project: Project) -> None:
    bare = {"PATH": os.environ["PATH"], "STRONGROOM_SANDBOX": os.environ["STRONGROOM_SANDBOX"]}
    script = f'eval "$({shlex.quote(sys.executable)} -m sandbox env)" && strongroom access --stack local --json'
    done = subprocess.run(["/bin/sh", "-c", script], cwd=ROOT, env=bare, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert any("shop/orders" in each["who"] for each in json.loads(done.stdout))


def test_the_exit_code_is_the_commands(project: Project) -> None:
    assert execute("sh", "-c", "exit 7").returncode == 7
    missing = execute("no-such-command")
    assert (missing.returncode, missing.stdout) == (127, "")
    assert "error: no-such-command can't be run: No such file or directory" in missing.stderr
