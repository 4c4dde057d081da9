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
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import yaml
from pulumi import automation
from pulumi.automation._stack import StackInitMode

from . import stacks
from .certificates import write_private
from .errors import SandboxError
from .node import objects
from .plugins import attached, find_missing
from .progress import Reporter
from .running import ROOT, Sandbox
from .servers.kubernetes import ISSUER
from .shell import Shell

PROJECT = "strongroom"
Operation = Literal["up", "preview", "refresh", "destroy"]

_SEEDED = ("strongroom:seeds", "ledger", "token")
"""A value of the sandbox's own stacks that comes the way a user's would: as a config secret."""

_WORKLOAD = "strongroom:index:SecretWorkload"

_PROGRAM = """\
import runpy
import sys

# The directory of this file comes first, and has `stacks` too.
sys.path.insert(0, {root!r})
runpy.run_path({root!r} + "/__main__.py", run_name="__main__")
"""
"""The project's program, as any language host starts it in the sandbox's directory: the official one knows no other."""


class DrivenStack(automation.Stack):
    """A stack whose outputs and history nobody reads after an operation: each would be a run of the CLI."""

    def outputs(self) -> automation.OutputMap:
        """Give no outputs."""
        return {}

    def info(self, show_secrets: bool = True) -> automation.UpdateSummary:  # noqa: ARG002 - the base class's signature
        """Give a summary that says nothing."""
        return automation.UpdateSummary(
            kind="", start_time=datetime.now(UTC), message="", environment={}, config={}, result="succeeded"
        )


def find_plugins(world: Sandbox) -> None:
    """Find out which official plugins can be had, unless the Pulumi CLI is still to be built.

    :param world: The sandbox; it need not be up.
    """
    home = world.state / "pulumi" / "home"
    if pulumi := world.tools.find("pulumi"):
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        find_missing(pulumi, home, {**os.environ, "PULUMI_HOME": str(home), "PULUMI_SKIP_UPDATE_CHECK": "true"})


class Engine:
    """Runs the project's own program on a sandbox, with state and passphrase in the sandbox's directory."""

    def __init__(
        self, world: Sandbox, reporter: Reporter, root: Path = ROOT, base_environment: Mapping[str, str] | None = None
    ) -> None:
        """
        :param world: The sandbox, which must be up.
        :param reporter: Reported of what happens.
        :param root: The project's directory.
        :param base_environment: The environment that commands get; if omitted, this process's.
        """
        self._world = world
        self._reporter = reporter
        self._root = root
        self._base_environment = dict(os.environ if base_environment is None else base_environment)
        self.home = world.state / "pulumi"
        self._pulumi = world.tools.path("pulumi")
        self._selected: dict[str, DrivenStack] = {}
        """By name. Selecting one again is a run of the CLI, and every command names its stack."""

    def run(self, operation: Operation, stack: str) -> None:
        """Run `operation` on `stack`, its output reported as it comes.

        :raises SandboxError: The sandbox has no such stack, or the operation failed; its messages were reported.
        """
        if operation == "up":
            self._make_room(stack)
        self._run(operation, stack)
        if operation == "destroy":
            self._world.azure.purge()

    def _run(self, operation: Operation, stack: str) -> None:
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
                    f"pulumi {operation} of {stack} failed, as reported above; mend that and run the same command again"
                ) from None

    @property
    def deployed(self) -> list[str]:
        """The stacks of which something is on the sandbox."""
        checkpoints = sorted(self.checkpoint("x").parent.glob("*.json"))
        return [file.stem for file in checkpoints if self._deployment(file.stem).get("resources")]

    def _make_room(self, stack: str) -> None:
        """Destroy every other stack: the sandbox has one cluster, and its stacks have the same workloads."""
        for other in self.deployed:
            if other == stack:
                continue
            resources: list[dict[str, Any]] = self._deployment(other)["resources"]
            workloads = sum(resource["type"] == _WORKLOAD for resource in resources)
            self._reporter.note(
                f"Taking down {other} first, {len(resources)} resources with {workloads} workloads: {stack} gets the "
                f"sandbox's only cluster. To have {other} back, with new values: "
                f"`python -m sandbox up --stack {other}`"
            )
            self.run("destroy", other)

    def _recover(self, stack: str, environment: Mapping[str, str]) -> None:
        """Go on where a run that was killed ended, as a user would with `strongroom recover`."""
        locks = self.home / "state" / ".pulumi" / "locks" / "organization" / PROJECT / stack
        locked = locks.is_dir() and any(locks.glob("*.json"))
        deployment = self._deployment(stack)
        unready = any(resource.get("initErrors") for resource in deployment.get("resources") or ())
        if not (locked or unready or deployment.get("pending_operations")):
            return
        self._reporter.note(
            f"The last run of {stack} was interrupted: running `strongroom recover --stack {stack} --adopt`"
        )
        # Nobody else makes anything on the sandbox's servers that they would not say.
        if self.run_strongroom("recover", stack, "--adopt", plugins=environment) != 0:
            raise SandboxError(f"{stack} can't go on where it ended, as reported above; run the same command again")

    def checkpoint(self, stack: str) -> Path:
        """Return the file with the state of `stack`."""
        return self.home / "state" / ".pulumi" / "stacks" / PROJECT / f"{stack}.json"

    def _deployment(self, stack: str) -> dict[str, Any]:
        checkpoint = self.checkpoint(stack)
        return (json.loads(checkpoint.read_text())["checkpoint"]["latest"] or {}) if checkpoint.is_file() else {}

    @contextmanager
    def stack(self, name: str) -> Iterator[automation.Stack]:
        """Give the stack `name`, made when it is new, with plugins attached.

        :raises SandboxError: There is no such stack.
        """
        unset = self._settings(name)
        environment = self.environment()
        with self.plugins() as plugins:
            workspace = automation.LocalWorkspace(
                work_dir=str(self.home),
                pulumi_home=str(self.home / "home"),
                program=self._program,
                env_vars={**environment, **plugins},
                pulumi_command=self._command,
            )
            stack = self._selected.get(name)
            if stack and self.checkpoint(name).is_file():
                stack.workspace = workspace
            else:
                stack = self._selected[name] = DrivenStack(name, workspace, StackInitMode.CREATE_OR_SELECT)
            for path in unset:
                self._set_secret(name, path, environment)
            yield stack

    @cached_property
    def _command(self) -> automation.PulumiCommand:
        return automation.PulumiCommand(str(self._pulumi.parent.parent))

    @contextmanager
    def plugins(self) -> Iterator[dict[str, str]]:
        """Serve plugins, and yield what engines of this sandbox need in their environment to use them.

        :raises SandboxError: The plugins don't start.
        """
        whole = {**self._base_environment, **self.environment()}
        clients = {"PYTHONPATH": str(self._root), **self._world.azure.environment()}
        with attached(self._pulumi, self.home / "home", whole, clients, self._reporter) as plugins:
            yield plugins

    def execute(self, command: Sequence[str], *, languages: Sequence[str] = (), like: str | None = None) -> int:
        """Run a command that finds the servers, and a Pulumi CLI with plugins and language hosts; its exit code.

        :param languages: Those besides Python that programs are written in: what they need is built.
        :param like: The stack of the sandbox's own whose store clients find; by default, that of the stack that is up.
        :raises SandboxError: The plugins don't start, or there is no such command.
        """
        self.complete_files()
        environment = {**self._base_environment, **self.find_variables(like=like, languages=languages)}
        shell = Shell(self._world, self._reporter)
        shell.note_proxy(environment)
        clients = {"PYTHONPATH": str(self._root), **self._world.azure.environment()}
        with attached(self._pulumi, self.home / "home", environment, clients, self._reporter) as plugins:
            return shell.run(command, {**environment, **plugins})

    def run_strongroom(self, command: str, stack: str, *options: str, plugins: Mapping[str, str] | None = None) -> int:
        """Run a command of `strongroom` on `stack`, as a user does in `exec`; return its exit code.

        :param plugins: What an engine needs in its environment to find plugins, if the command runs one.
        """
        words = [sys.executable, "-m", "strongroom", command, "--stack", stack, *options]
        found = self.find_variables(like=self._like_of(stack))
        environment = {**self._base_environment, **found, **(plugins or {})}
        return subprocess.run(words, cwd=ROOT, env=environment, check=False).returncode

    def find_variables(self, *, like: str | None = None, languages: Sequence[str] = ()) -> dict[str, str]:
        """Return the variables by which commands find the servers, the stacks and the tools.

        :param like: The stack of the sandbox's own whose store clients find; by default, that of the stack that is up.
        :param languages: Those besides Python that programs are written in: what they need is built.
        :raises SandboxError: `like` is none of the sandbox's own.
        """
        if like not in (None, *stacks.OWN):
            raise SandboxError(f"--like {like!r} is no stack of the sandbox's own: say one of {', '.join(stacks.OWN)}")
        like = like or next(filter(None, map(self._like_of, self.deployed)), None)
        shell = Shell(self._world, self._reporter)
        found = {**self.environment(), **shell.environment(languages, azure=like == "local-azure")}
        return {**found, "PATH": f"{shell.programs(languages)}{os.pathsep}{found['PATH']}"}

    def _like_of(self, stack: str) -> str | None:
        copy = self._copy(stack)
        return stacks.like_of(stacks.read_stack_file(copy)) if copy.is_file() else None

    def _copy(self, stack: str) -> Path:
        return self.home / "stacks" / f"Pulumi.{stack}.yaml"

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

    def _settings(self, name: str) -> list[tuple[str, ...]]:
        """Copy the stack's file from the project, with what the sandbox alone knows, and secrets set here kept.

        :returns: The secrets that it lacks.
        """
        copy = self._copy(name)
        copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if copy.is_file() and name not in stacks.list_stacks(self._root):
            return []  # its file was removed while it is deployed: it can still be destroyed
        document, unset = self._complete(name)
        write_private(copy, yaml.safe_dump(document, sort_keys=False))
        _before(copy).unlink(missing_ok=True)
        return unset

    def complete_files(self) -> None:
        """Copy the files of stacks that were deployed here anew, as they are now.

        One that can't be completed is copied as it is: commands report what is wrong with it.
        """
        for name in stacks.list_stacks(self._root):
            copy = self._copy(name)
            if not copy.is_file():
                continue
            try:
                for path in self._settings(name):
                    self._set_secret(name, path, self.environment())
            except SandboxError as error:
                self._reporter.note(str(error))
                if not _before(copy).is_file():
                    copy.rename(_before(copy))
                write_private(copy, stacks.stack_file(self._root, name).read_bytes())

    def _complete(self, name: str) -> tuple[dict[str, Any], list[tuple[str, ...]]]:
        """Return a stack's file with what the sandbox alone knows, and the secrets that it lacks."""
        copy = self._copy(name)
        last = _before(copy) if _before(copy).is_file() else copy
        document = stacks.read_stack_file(stacks.stack_file(self._root, name))
        secret = stacks.remove_secrets(document)
        kept: dict[str, Any] = yaml.safe_load(last.read_text()) if last.is_file() else {}
        carry_secrets(kept, document)
        own = name in stacks.OWN
        replaced = stacks.complete(document["config"], self._servers(), own=own)
        unset = stacks.unset(document, [*secret, *([_SEEDED] if own else [])])
        if replaced and not own:
            self._reporter.note(f"{name}: the sandbox has settings of its own for {', '.join(replaced)}")
        if secret:
            listed = ", ".join(map(stacks.config_path, secret))
            self._reporter.note(f"{name}: the sandbox makes up values for what another passphrase encrypted: {listed}")
        return document, unset

    def _servers(self) -> stacks.Servers:
        azure, authority = self._world.azure.configuration, self._world.authority
        return stacks.Servers(
            vault=self._world.vault.address,
            authority=authority.certificate,
            kubeconfig=self._world.api_server.kubeconfig,
            issuer=ISSUER,
            token_key=authority.signing_key("service-account")[1],
            tenant=azure.tenant,
            subscription=azure.subscription,
            accounts=objects.ACCOUNTS if self._world.has_node else None,
        )

    def _copy_project(self) -> None:
        """Copy Pulumi.yaml and what starts the program, for who drives stacks from here rather than by this class."""
        project: dict[str, Any] = yaml.safe_load((self._root / "Pulumi.yaml").read_text())
        project["runtime"]["options"]["virtualenv"] = sys.prefix
        write_private(self.home / "Pulumi.yaml", yaml.safe_dump(project, sort_keys=False))
        write_private(self.home / "__main__.py", _PROGRAM.format(root=str(self._root)))

    def _shared(self) -> dict[str, str]:
        for directory in (self.home, self.home / "state", self.home / "home"):
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._copy_project()
        passphrase = self.home / "passphrase"
        if not passphrase.is_file():
            write_private(passphrase, secrets.token_urlsafe(32))
        return {
            "PULUMI_HOME": str(self.home / "home"),
            # Without the files beside the state's: an engine that is killed leaves an empty one, and none can go on.
            "PULUMI_BACKEND_URL": f"file://{self.home / 'state'}?metadata=skip",
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(passphrase),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "STRONGROOM_WORKSPACE": str(self.home),
            # The engine lives for seconds: it collects its garbage seldom.
            "GOGC": "400",
            "PATH": f"{self._pulumi.parent}{os.pathsep}{self._base_environment.get('PATH', '')}",
        }

    def environment(self) -> dict[str, str]:
        """Return what the Pulumi CLI and the plugins need in their environment."""
        return {**self._shared(), "VAULT_TOKEN": self._world.vault.token, **self._world.azure.operator()}

    def _set_secret(self, name: str, path: tuple[str, ...], environment: dict[str, str]) -> None:
        where = stacks.config_path(path)
        # By standard input: a process's arguments are everybody's to read.
        done = subprocess.run(
            [str(self._pulumi), "config", "set", "--secret", "--path", where, "--stack", name, "--non-interactive"],
            cwd=self.home,
            env={**self._base_environment, **environment},
            input=secrets.token_urlsafe(24),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise SandboxError(f"{where} can't be set: {done.stderr.strip()}")


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


def _before(copy: Path) -> Path:
    """Return where the last copy of a stack's file is that was completed, with the secrets that were set here."""
    return copy.with_suffix(".before")


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
