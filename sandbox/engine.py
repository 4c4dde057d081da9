"""The real Pulumi CLI, driving the stacks that run on the sandbox."""

import gc
import json
import os
import runpy
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import yaml
from pulumi import automation

from .certificates import write_private
from .errors import SandboxError
from .plugins import attached
from .progress import Reporter
from .servers.kubernetes import ISSUER
from .tools import Tools
from .tools.catalogue import EXAMPLES
from .world import ROOT, World

STACKS = ("local", "local-azure")
"""The stacks that need nothing but the sandbox."""

PROJECT = "strongroom"
Operation = Literal["up", "preview", "refresh", "destroy"]

_SEEDED = "strongroom:seeds.ledger.token"
"""A value of the local stacks that comes the way a user's would: as a config secret."""


def require(stack: str) -> None:
    """Make sure that the sandbox runs `stack`.

    :raises SandboxError: It doesn't.
    """
    if stack not in STACKS:
        raise SandboxError(f"The sandbox has no stack {stack!r}: it runs {', '.join(STACKS)}")


class Engine:
    """Runs the project's own program on a sandbox, with state and passphrase in the sandbox's directory."""

    def __init__(self, world: World, reporter: Reporter, root: Path = ROOT) -> None:
        """
        :param world: The sandbox, which must be up.
        :param reporter: Told of what happens.
        :param root: The project's directory.
        """
        self._world = world
        self._reporter = reporter
        self._root = root
        self.home = world.state / "pulumi"
        self._pulumi = world.tools.path("pulumi")

    def run(self, operation: Operation, stack: str) -> None:
        """Run `operation` on `stack`, its output told as it comes.

        :raises SandboxError: The sandbox has no such stack, or the operation failed; its messages were told.
        """
        if operation == "up":
            self._make_room(stack)
        with self.stack(stack) as driven:
            if operation != "preview":
                self._recover(stack, driven.workspace.env_vars)
            calls: dict[Operation, Callable[..., Any]] = {
                "up": driven.up,
                "preview": driven.preview,
                "refresh": driven.refresh,
                "destroy": driven.destroy,
            }
            terminal = sys.stdout.isatty()
            try:
                calls[operation](
                    on_output=lambda line: print(line.rstrip("\n"), flush=True),
                    on_error=lambda line: print(line.rstrip("\n"), file=sys.stderr, flush=True),
                    color="always" if terminal else "never",
                    suppress_progress=True,
                )
            except automation.CommandError:
                raise SandboxError(
                    f"pulumi {operation} of {stack} failed, as told above; mend that and run the same command again"
                ) from None
        if operation == "destroy" and stack == "local-azure":
            self._world.azure.purge()

    def _make_room(self, stack: str) -> None:
        """The sandbox has one cluster, and its stacks have the same workloads."""
        for other in STACKS:
            if other != stack and self._deployment(other).get("resources"):
                self._reporter.note(
                    f"{other} has the same workloads on the sandbox's only cluster: destroying it first"
                )
                self.run("destroy", other)

    def _recover(self, stack: str, environment: Mapping[str, str]) -> None:
        """Go on where a run that was killed ended, as a user would with `python -m ops recover`."""
        locks = self.home / "state" / ".pulumi" / "locks" / "organization" / PROJECT / stack
        locked = locks.is_dir() and any(locks.glob("*.json"))
        deployment = self._deployment(stack)
        unready = any(resource.get("initErrors") for resource in deployment.get("resources") or ())
        if not (locked or unready or deployment.get("pending_operations")):
            return
        self._reporter.note(f"The last run of {stack} was interrupted: running `python -m ops recover --stack {stack}`")
        command = [sys.executable, "-m", "ops", "recover", "--stack", stack]
        here = {**os.environ, **environment, "STRONGROOM_SANDBOX": str(self._world.state)}
        done = subprocess.run(command, cwd=ROOT, env=here, check=False)
        if done.returncode != 0:
            raise SandboxError(f"{stack} can't go on where it ended, as told above; run the same command again")

    def checkpoint(self, stack: str) -> Path:
        """The file with the state of `stack`."""
        return self.home / "state" / ".pulumi" / "stacks" / PROJECT / f"{stack}.json"

    def _deployment(self, stack: str) -> dict[str, Any]:
        checkpoint = self.checkpoint(stack)
        return (json.loads(checkpoint.read_text())["checkpoint"]["latest"] or {}) if checkpoint.is_file() else {}

    @contextmanager
    def stack(self, name: str) -> Iterator[automation.Stack]:
        """The stack `name`, made when it is new, with plugins attached.

        :raises SandboxError: The sandbox has no such stack.
        """
        require(name)
        settings = self._settings(name)
        environment = self.environment()
        clients = {"PYTHONPATH": str(self._root), **self._world.azure.environment()}
        whole = {**os.environ, **environment}
        with attached(self._pulumi, self.home / "home", whole, clients, self._reporter) as plugins:
            stack = automation.create_or_select_stack(
                name,
                project_name=PROJECT,
                program=self._program,
                opts=automation.LocalWorkspaceOptions(
                    work_dir=str(self.home),
                    pulumi_home=str(self.home / "home"),
                    env_vars={**environment, **plugins},
                    pulumi_command=automation.PulumiCommand(str(self._pulumi.parent.parent)),
                ),
            )
            self._seed(name, settings, environment)
            yield stack

    def execute(self, command: Sequence[str]) -> int:
        """Run a command that finds the servers, and a Pulumi CLI with plugins and language hosts; its exit code.

        :raises SandboxError: The plugins don't start.
        """
        tools = Tools(self._reporter, catalogue=EXAMPLES)
        api_server, vault = self._world.api_server, self._world.vault
        servers = {
            "VAULT_ADDR": vault.address,
            "VAULT_CACERT": str(self._world.authority.certificate),
            "KUBECONFIG": str(api_server.kubeconfig),
            "KUBERNETES_HOST": api_server.address,
            "KUBERNETES_CA": str(self._world.authority.certificate),
            "STRONGROOM_SDK_NODEJS": str(tools.path("pulumi-sdk-nodejs")),
        }
        environment = {**os.environ, **self.environment(), **servers}
        environment["PATH"] = f"{tools.path('pulumi-language-yaml').parent}{os.pathsep}{environment['PATH']}"
        # Programs import the components by the name that the wheel gives them.
        modules = self.home / "modules"
        modules.mkdir(exist_ok=True)
        (modules / "strongroom").unlink(missing_ok=True)
        (modules / "strongroom").symlink_to(self._root / "components")
        clients = {"PYTHONPATH": f"{modules}{os.pathsep}{self._root}", **self._world.azure.environment()}
        with attached(self._pulumi, self.home / "home", environment, clients, self._reporter) as plugins:
            return subprocess.run(command, env={**environment, **plugins}, check=False).returncode

    def _program(self) -> None:
        if str(self._root) not in sys.path:
            sys.path.insert(0, str(self._root))
        azure, before = self._world.azure, gc.get_threshold()
        with _environment({**azure.environment(), **azure.operator()}):
            try:
                runpy.run_path(str(self._root / "__main__.py"), run_name="__main__")
            finally:
                # The program has garbage collected as suits a process of its own, and this one lives on.
                gc.unfreeze()
                gc.set_threshold(*before)
                gc.enable()

    def _settings(self, name: str) -> Path:
        """The stack's file, copied from the project, with what the sandbox alone knows, and secrets set here kept."""
        stacks = self.home / "stacks"
        stacks.mkdir(parents=True, exist_ok=True, mode=0o700)
        project: dict[str, Any] = yaml.safe_load((self._root / "Pulumi.yaml").read_text())
        project["runtime"]["options"]["virtualenv"] = sys.prefix
        write_private(self.home / "Pulumi.yaml", yaml.safe_dump(project, sort_keys=False))
        # For whoever drives the stack from here, rather than by this class.
        program = self.home / "__main__.py"
        program.unlink(missing_ok=True)
        program.symlink_to(self._root / "__main__.py")
        copy = stacks / f"Pulumi.{name}.yaml"
        document: dict[str, Any] = yaml.safe_load((self._root / "stacks" / copy.name).read_text())
        kept: dict[str, Any] = yaml.safe_load(copy.read_text()) if copy.is_file() else {}
        carry_secrets(kept, document)
        config: dict[str, Any] = document["config"]
        config["strongroom:backend"] |= self._backend(config["strongroom:backend"])
        config["strongroom:kubernetes"] |= {
            "kubeconfig": str(self._world.api_server.kubeconfig),
            **({"oidcIssuer": ISSUER} if config["strongroom:backend"]["kind"] == "azure-key-vault" else {}),
        }
        write_private(copy, yaml.safe_dump(document, sort_keys=False))
        return copy

    def _backend(self, backend: dict[str, Any]) -> dict[str, str]:
        if backend["kind"] == "azure-key-vault":
            azure = self._world.azure.configuration
            return {"tenantId": azure.tenant, "subscriptionId": azure.subscription}
        if "server" in backend or "address" in backend:
            return {}  # a Vault of the stack's own
        return {
            "address": self._world.vault.address,
            "caCertificate": str(self._world.authority.certificate),
        }

    def environment(self) -> dict[str, str]:
        """What the Pulumi CLI and the plugins need in their environment."""
        for directory in (self.home, self.home / "state", self.home / "home"):
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        passphrase = self.home / "passphrase"
        if not passphrase.is_file():
            write_private(passphrase, secrets.token_urlsafe(32))
        shared = {
            "PULUMI_HOME": str(self.home / "home"),
            # Without the files beside the state's: an engine that is killed leaves an empty one, and none can go on.
            "PULUMI_BACKEND_URL": f"file://{self.home / 'state'}?metadata=skip",
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(passphrase),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PATH": f"{self._pulumi.parent}{os.pathsep}{os.environ.get('PATH', '')}",
        }
        attach = [sys.executable, "-m", "sandbox", "attach", "--project", str(self._root)]
        self._world.describe(stacks=list(STACKS), project=self.home, environment=shared, attach=attach)
        return {**shared, "VAULT_TOKEN": self._world.vault.token, **self._world.azure.operator()}

    def _seed(self, name: str, settings: Path, environment: dict[str, str]) -> None:
        seeds = yaml.safe_load(settings.read_text())["config"].get("strongroom:seeds", {})
        if "secure" in str(seeds.get("ledger", {}).get("token")):
            return
        # By standard input: a process's arguments are everybody's to read.
        done = subprocess.run(
            [str(self._pulumi), "config", "set", "--secret", "--path", _SEEDED, "--stack", name, "--non-interactive"],
            cwd=self.home,
            env={**os.environ, **environment},
            input=secrets.token_urlsafe(24),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise SandboxError(f"{_SEEDED} can't be set: {done.stderr.strip()}")


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def carry_secrets(kept: dict[str, Any], document: dict[str, Any]) -> None:
    for key, value in kept.items():
        if key.startswith("encryption") or (isinstance(value, dict) and "secure" in value):
            document.setdefault(key, value)
        elif isinstance(value, dict):
            below = document.get(key, {})
            if isinstance(below, dict):
                carry_secrets(value, below)
                if below:
                    document[key] = below
