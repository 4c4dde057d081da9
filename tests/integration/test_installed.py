"""What is installed from the wheel does all that a checkout does, in a project of its own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from scripts.uv import Pip, find_uv, uv_environment_of
from tests.support.sandboxed import ROOT, sandbox_variables

if TYPE_CHECKING:
    from sandbox.running import Sandbox

pytestmark = pytest.mark.integration

STACK = "own"


class Installed:
    """A project outside the checkout, with the wheel in a virtual environment of its own."""

    def __init__(self, root: Path, plugins: Mapping[str, str]) -> None:
        self.root = root
        self._environment = {**os.environ, **plugins, "PYTHONPATH": str(ROOT)}
        self._bin = root / ".venv" / "bin"
        source = root / "source"
        for name in ("strongroom", "components", "ops", "policy", "stacks"):
            ignored = shutil.ignore_patterns("__pycache__", ".venv")
            shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=ignored)
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, source)
        pip = Pip(Path(sys.executable))
        uv, environment = str(find_uv(pip)), uv_environment_of(pip)

        def install(*words: str) -> None:
            subprocess.run([uv, *words], cwd=root, env=environment, capture_output=True, check=True)

        install("venv", "--python", sys.executable, ".venv")
        install(
            "pip", "install", "--python", ".venv/bin/python", "--constraints", str(ROOT / "constraints.txt"), source
        )
        shutil.rmtree(source)

    def run(self, script: str, *, code: int = 0) -> str:
        """Run a script in the sandbox's shell, the virtual environment first on PATH; return its standard output."""
        words = [sys.executable, "-m", "sandbox", "exec", "--like", "local", "bash", "-ec"]
        done = subprocess.run(
            [*words, f'PATH={self._bin}:"$PATH"; unset PYTHONPATH; {script}'],
            cwd=self.root,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    @property
    def file(self) -> Path:
        """The stack's file."""
        return self.root / f"Pulumi.{STACK}.yaml"


@pytest.fixture(scope="module")
def project(world: "Sandbox", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """A new project, deployed on the sandbox."""
    made = Installed(tmp_path_factory.mktemp("installed"), sandbox_variables(world))
    made.run(f"strongroom init . --stack {STACK} --store vault --vault-address {world.vault.address}")
    document: dict[str, Any] = yaml.safe_load(made.file.read_text())
    config, authority = document["config"], str(world.authority.certificate)
    config["strongroom:backend"] |= {
        "caCertificate": authority,
        "providerCaPath": "/vault/tls/ca.crt",
        "mount": {"path": STACK, "create": True},
        "auth": {
            "path": f"kubernetes-{STACK}",
            "kubernetesHost": world.api_server.address,
            "kubernetesCaCertificate": authority,
        },
    }
    config["strongroom:kubernetes"] |= {"kubeconfig": str(world.api_server.kubeconfig), "waitForRollout": False}
    config["strongroom:workloads"][0]["namespace"] = f"{STACK}-shop"
    config["strongroom:seeds"] = {"db-pass": {"password": {"generate": {"length": 32}}}}
    made.file.write_text(yaml.safe_dump(document))
    try:
        made.run(
            f"pulumi stack init {STACK} && (strongroom check --stack {STACK} || true) && strongroom policy-pack policy "
            f"&& pulumi up --yes --stack {STACK} --policy-pack policy"
        )
        yield made
    finally:
        made.run(f"pulumi destroy --yes --stack {STACK} --remove")


def test_its_command_proves_and_reports_from_anywhere(project: Installed) -> None:
    said = project.run(
        f"cd / && strongroom --cwd {project.root} verify --stack {STACK} --json; echo; "
        f"strongroom --cwd {project.root} access --stack {STACK} --json; echo; "
        "python -c 'import strongroom.ops.app; print(strongroom.ops.app.__file__)'"
    )
    verified, access, where = said.split("\n\n")

    assert len(checks := json.loads(verified)) > 10
    assert not [check for check in checks if check["passed"] is False]
    assert any(f"{STACK}-shop/orders" in each["who"] for each in json.loads(access))
    assert Path(where.strip()).is_relative_to(project.root / ".venv")


def test_a_project_of_the_template_previews_its_stacks(project: Installed) -> None:
    made, template = project.root / "shop", ROOT / "template"
    said = project.run(
        f"pulumi new --generate-only --yes --name shop --description x --dir {made} {template} >&2; "
        f"strongroom --cwd {made} preview --offline --stack dev --json"
    )
    found = {file.relative_to(made) for file in made.rglob("*") if file.is_file()}

    assert found == {file.relative_to(template) for file in template.rglob("*") if file.is_file()}
    assert "template" not in yaml.safe_load((made / "Pulumi.yaml").read_text())
    assert json.loads(said)["errors"] == []


def test_its_guardrails_refuse_an_update(project: Installed) -> None:
    document = project.file.read_text()
    try:
        project.file.write_text(document.replace("busybox:1.36", "busybox:latest"))
        preview = json.loads(project.run(f"strongroom preview --stack {STACK} --json", code=1))
    finally:
        project.file.write_text(document)

    assert [each["rule"] for each in preview["guardrails"] if each["mandatory"]] == ["no-latest-image"]
