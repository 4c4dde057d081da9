"""The examples, by following their pages on the sandbox with the real Pulumi CLI."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.plugins import SERVED
from sandbox.running import ROOT, Sandbox

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("go") is None, reason="the hosts of YAML and TypeScript are built with Go"),
]

BUILT = shutil.ignore_patterns("sdks", "node_modules", "Pulumi.dev.yaml", "__pycache__", ".venv", "*.local")
TYPESCRIPT = pytest.param(
    "typescript",
    marks=pytest.mark.skipif(
        shutil.which("node") is None or shutil.which("npm") is None, reason="TypeScript needs node and npm"
    ),
)


class Copy:
    """A copy of the project's examples and components."""

    def __init__(self, root: Path) -> None:
        self.root = root
        shutil.copytree(ROOT / "examples", root / "examples", ignore=BUILT)
        shutil.copytree(ROOT / "components", root / "components", ignore=BUILT)
        shutil.copy(ROOT / ".gitignore", root)
        self._git("init", "--quiet")
        self._git("add", "--all")
        self._git("-c", "user.name=x", "-c", "user.email=x@example.net", "commit", "--quiet", "--message=x")

    def run(self, script: str) -> str:
        """Run a script in the shell that the pages tell of; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "sandbox", "exec", "--languages", "nodejs,yaml", "bash", "-ec", script],
            cwd=self.root,
            # With plugins of its own, as a user has: their environment has what `exec` sets.
            env={**{name: value for name, value in os.environ.items() if name != SERVED}, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _git(self, *words: str) -> str:
        done = subprocess.run(
            [shutil.which("git") or "git", *words], cwd=self.root, capture_output=True, text=True, check=True
        )
        return done.stdout

    def changed(self) -> str:
        """What git finds changed or new."""
        return self._git("status", "--porcelain")

    def blocks(self, language: str) -> list[str]:
        """The commands that an example's page has its reader type."""
        page = (self.root / "examples" / language / "README.md").read_text()
        return re.findall(r"```sh\n(.*?)```", page, re.DOTALL)


@pytest.fixture(scope="module")
def copy(world: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(tmp_path_factory.mktemp("examples"))


def test_the_real_cli_takes_the_schema_from_the_plugin(copy: Copy) -> None:
    schema = json.loads(copy.run("pulumi package get-schema ./components"))

    assert schema["name"] == "strongroom"
    assert "strongroom:index:SecretWorkload" in schema["resources"]


def test_the_schema_needs_nothing_of_azure(copy: Copy) -> None:
    """What shadows Azure's packages stands for an environment of `components/requirements.txt` alone."""
    for name in ("azure", "pulumi_azure_native"):
        (copy.root / name).mkdir()
        gone = f"raise ModuleNotFoundError('No module named {name}', name='{name}')\n"
        (copy.root / name / "__init__.py").write_text(gone)
    package = copy.root / "components" / "__init__.py"
    text = package.read_text()
    package.write_text(f"import sys\nsys.path.insert(0, {str(copy.root)!r})\n{text}")
    try:
        resources = json.loads(copy.run("pulumi package get-schema ./components"))["resources"]
    finally:
        package.write_text(text)
        for name in ("azure", "pulumi_azure_native"):
            shutil.rmtree(copy.root / name)

    assert {"strongroom:index:VaultBackend", "strongroom:index:VaultBootstrap"} <= resources.keys()
    assert "strongroom:index:KeyVault" not in resources


STATE = "pulumi stack export"
"""Shows what the state holds."""

SETTLED = "pulumi preview --expect-no-changes >&2"
"""Shows that nothing is left to do."""


def works(world: Sandbox, language: str, state: str) -> None:
    """An example is deployed, and its workload may read its two objects."""
    vault, mount = world.vault.client(), f"example-{language}"
    read = vault.secrets.kv.v2.read_secret_version
    given = read(path="payment-api", mount_point=mount, raise_on_deleted_version=True)["data"]["data"]
    policy = vault.sys.read_acl_policy(f"{mount}.default.orders")["data"]["policy"]

    assert given == {"key": "a key of yours"}
    assert "a key of yours" not in state
    assert "kubernetes:apps/v1:Deployment" in state
    assert sorted(re.findall(r'path "([^"]*)"', policy)) == [f"{mount}/data/db-pass", f"{mount}/data/payment-api"]


@pytest.mark.parametrize("language", ["python", TYPESCRIPT])
def test_who_follows_the_page_gets_it_running(copy: Copy, world: Sandbox, language: str) -> None:
    start, end = copy.blocks(language)
    # A program in TypeScript is compiled anew in each run: that the components are settled is seen in the others.
    state = copy.run(f"{{ {start} }} >&2\n{SETTLED if language == 'python' else ''}\n{STATE}")
    directory = re.findall(r"cd (examples/\S+)", start)[0]
    try:
        works(world, language, state)
    finally:
        copy.run(f"cd {directory}\n{end}")
    assert copy.changed() == ""
    assert f"example-{language}/" not in world.vault.client().sys.list_auth_methods()["data"]


@pytest.fixture(scope="module")
def in_yaml(copy: Copy) -> Iterator[str]:
    """The example in YAML, deployed; its state."""
    start, end = copy.blocks("yaml")
    yield copy.run(f"{{ {start} }} >&2\n{STATE}")
    copy.run(f"cd examples/yaml\n{end}")


@pytest.fixture
def program(copy: Copy, in_yaml: str) -> Iterator[Path]:
    """Its program, which a test may change."""
    file = copy.root / "examples" / "yaml" / "Pulumi.yaml"
    written = file.read_text()
    yield file
    file.write_text(written)


def test_who_follows_the_page_gets_yaml_running(in_yaml: str, world: Sandbox) -> None:
    works(world, "yaml", in_yaml)


def test_a_renamed_component_keeps_its_resources(copy: Copy, program: Path) -> None:
    urn = "urn:pulumi:dev::strongroom-yaml::strongroom:index:KvEngine::engine"
    renamed = program.read_text().replace("  engine:\n    type", "  store:\n    type", 1).replace("${engine", "${store")
    kind = "type: strongroom:KvEngine\n"
    program.write_text(renamed.replace(kind, f"{kind}    options: {{aliases: ['{urn}']}}\n", 1))
    reported = copy.run("cd examples/yaml; pulumi preview --expect-no-changes")

    assert "strongroom:index:KvEngine store" in reported or "19 unchanged" in reported


def test_a_component_that_is_renamed_without_an_alias_is_another(copy: Copy, program: Path) -> None:
    program.write_text(
        program.read_text().replace("  engine:\n    type", "  store:\n    type", 1).replace("${engine", "${store")
    )

    assert "to delete" in copy.run("cd examples/yaml; pulumi preview")


def test_every_fault_is_reported_in_yaml(copy: Copy, program: Path) -> None:
    text = program.read_text()
    program.write_text(text.replace("name: orders", "name: Orders").replace("name: db-password", "name: db//x"))
    reported = copy.run("cd examples/yaml; pulumi preview 2>&1 || true")

    assert "workload.name" in reported and "is not a legal Kubernetes name" in reported
    assert "is not a legal file name" in reported
    assert "Traceback" not in reported
