"""Real servers for tests: a sandbox of their own, beside that of `make up`, and the project deployed on it."""

import gc
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Collection, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from .forked import run_ops

# Imported by the fixtures: tests without servers load none of it.
if TYPE_CHECKING:
    from sandbox.engine import Engine
    from sandbox.running import Sandbox
    from strongroom.ops.pulumi.stack import DeployedStack

ROOT = Path(__file__).resolve().parents[2]

_STATE = "STRONGROOM_SANDBOX"

_REAPER = """
import sys
from pathlib import Path
sys.stdin.read()
from sandbox.progress import Reporter
from sandbox.running import Sandbox
Sandbox(Reporter(), Path(sys.argv[1])).down(purge=True)
"""
"""Waits for the end of the process that started it, and stops what that left running."""


def pytest_configure(config: pytest.Config) -> None:
    """Give the session a sandbox of its own: no test ever touches that of `make up`.

    It is set once, before any test, because programs that tests run find the sandbox by it, too.
    """
    home = Path(tempfile.mkdtemp(prefix="strongroom-tests-"))
    before = os.environ.get(_STATE)
    os.environ[_STATE] = str(home / "state")
    # Tables are as wide as they need to be, and not as this terminal is.
    os.environ.pop("COLUMNS", None)
    # As an interrupt, so that fixtures stop the servers that they started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)

    def forget() -> None:
        shutil.rmtree(home, ignore_errors=True)
        if before is None:
            del os.environ[_STATE]
        else:
            os.environ[_STATE] = before

    config.add_cleanup(forget)


@pytest.fixture(scope="session")
def world() -> Iterator["Sandbox"]:
    """A sandbox that is up."""
    from sandbox.running import default_state  # noqa: PLC0415

    with started(default_state()) as made:
        yield made


@pytest.fixture(autouse=True)
def found(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `ops`, and programs that a test starts, find the sandbox that the test uses."""
    if "world" in request.fixturenames:
        for name, value in sandbox_variables(request.getfixturevalue("world")).items():
            monkeypatch.setenv(name, value)


@contextmanager
def started(state: Path, *, node: bool = False) -> Iterator["Sandbox"]:
    """A sandbox that is up.

    :param node: Whether it has a node.
    """
    from sandbox.progress import Reporter  # noqa: PLC0415
    from sandbox.running import Sandbox  # noqa: PLC0415

    before = os.umask(0o077)
    made = Sandbox(Reporter(), state)
    with reaped(made.state):
        try:
            _forget_tenants()
            made.up(node=node)
            with _plugins_served(made):
                yield made
        finally:
            made.down(purge=True)
            os.umask(before)
            _forget_tenants()
            gc.collect()


def _forget_tenants() -> None:
    """Have Microsoft's clients forget in which tenant a vault is: another sandbox's of that name is in another."""
    for part in ("secrets", "keys", "certificates"):
        if cache := sys.modules.get(f"azure.keyvault.{part}._shared.http_challenge_cache"):
            cache.clear()


@contextmanager
def reaped(state: Path) -> Iterator[None]:
    """Stop the sandbox at `state` even if this process is killed."""
    command = [sys.executable, "-c", _REAPER, str(state)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, start_new_session=True) as reaper:
        yield
        if reaper.stdin:
            reaper.stdin.close()


_variables: dict[Path, Mapping[str, str]] = {}
"""By a sandbox's state directory, the variables by which it is found, and plugins that run already."""


@contextmanager
def _plugins_served(world: "Sandbox") -> Iterator[None]:
    """Serve plugins to every engine of the session: one process each instead of one for every run."""
    from sandbox.engine import Engine  # noqa: PLC0415
    from sandbox.progress import Reporter  # noqa: PLC0415

    engine = Engine(world, Reporter())
    with engine.plugins() as served:
        _variables[world.state] = {**engine.find_variables(like="local"), **served}
        try:
            yield
        finally:
            del _variables[world.state]


def sandbox_variables(world: "Sandbox") -> Mapping[str, str]:
    """Return the variables of `sandbox exec`, with the plugins that the session serves."""
    return _variables[world.state]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell what the servers said where a test on them fails: their logs are gone with the sandbox."""
    report = yield
    world = getattr(item, "funcargs", {}).get("world")
    if report.failed and world is not None:
        for process in (world.vault.process, world.api_server.process):
            report.sections.append((f"the end of the log of {process.name}", process.tail(20)))
    return report


def step_of(event: Any, operation: str) -> Any:
    """What an event of `operation` says of a resource's step; `None` where it says nothing."""
    # What a refresh finds is known only when it is done.
    reported = event.res_outputs_event if operation == "refresh" else event.resource_pre_event
    return reported and reported.metadata


def stored(world: "Sandbox", name: str) -> dict[str, str]:
    """Read what Vault holds in an object of the stack `local`."""
    vault = world.vault.client().secrets.kv.v2
    return vault.read_secret_version(name, mount_point="strongroom", raise_on_deleted_version=True)["data"]["data"]


class Project:
    """A copy of the project, with one stack whose file a test may change."""

    def __init__(self, root: Path, world: "Sandbox", stack: str, *, without: Collection[str] = ()) -> None:
        """
        :param without: Providers that the engine starts itself, from the sandbox's PULUMI_HOME.
        """
        from sandbox.engine import Engine  # noqa: PLC0415
        from sandbox.plugins import SERVED  # noqa: PLC0415
        from sandbox.progress import Reporter  # noqa: PLC0415

        self.stack = stack
        self._world = world
        base = {**os.environ, **sandbox_variables(world)}
        if without:
            running = base[SERVED].split(",")
            base[SERVED] = ",".join(each for each in running if each.partition(":")[0] not in without)
        self.environment = {**base, **world.azure.environment(), **world.azure.operator()}
        """What commands on the stack run with."""

        self._engine = Engine(world, Reporter(), root, base)
        self._file = root / "stacks" / f"Pulumi.{stack}.yaml"
        self._original = self._file.read_text()
        self._is_deployed = False

    @property
    def engine(self) -> "Engine":
        """The engine; who takes it may deploy anything."""
        self._is_deployed = False
        return self._engine

    @property
    def config(self) -> dict[str, Any]:
        """The stack's configuration, to be changed and given to `write`."""
        return yaml.safe_load(self._file.read_text())["config"]

    def write(self, config: dict[str, Any]) -> None:
        """Make `config` the stack's configuration."""
        self._file.write_text(yaml.safe_dump({"config": config}))

    def restore(self) -> None:
        """Undo all changes to the stack's file."""
        self._file.write_text(self._original)

    def deploy_as_written(self) -> None:
        """Deploy the stack as its file was at first, in the place of another, unless it is just that."""
        if not (self._is_deployed and self._file.read_text() == self._original):
            self.restore()
            self._engine.run("up", self.stack)
            self._is_deployed = True

    def changes(self, operation: str) -> set[str]:
        """Run `operation` on the stack; what it does, as `operation type name`, save what stays the same."""
        from pulumi.automation import OpType  # noqa: PLC0415

        seen: set[str] = set()

        def note(event: Any) -> None:
            if metadata := step_of(event, operation):
                name, kind = metadata.urn.rpartition("::")[2], metadata.type.rpartition(":")[2]
                if metadata.op not in {OpType.SAME, OpType.READ, OpType.REFRESH}:
                    seen.add(f"{metadata.op.value} {kind} {name}")

        if operation != "preview":
            self._is_deployed = False
        with self._engine.stack(self.stack) as stack:
            getattr(stack, operation)(on_event=note)
        self._is_deployed = (operation == "up" and self._file.read_text() == self._original) or self._is_deployed
        return seen

    def ops(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of `ops` on the stack, and on its file as it is now."""
        self._engine.complete_files()
        return run_ops(command, "--stack", self.stack, *arguments, environment=self.environment)

    def verify(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `strongroom verify`."""
        return self.ops("verify", *arguments)

    def access(self, *, copies: bool = False) -> list[dict[str, Any]]:
        """What `access` reports.

        :param copies: Also who reads by a copy in etcd.
        """
        found: list[dict[str, Any]] = json.loads(self.ops("access", "--json").stdout)
        return [each for each in found if copies or each["path"][0]["kind"] != "readers"]

    def read(self) -> "DeployedStack":
        """What the stack's outputs say."""
        from strongroom.ops.pulumi.stack import read_stack  # noqa: PLC0415

        with environment(self.environment):
            return read_stack(self.stack)

    def checks(self, debug_image: str | None = None) -> list[dict[str, Any]]:
        """Every line of `verify`, from its own code in this process; on a node from within the pods, too."""
        from strongroom.ops.pulumi.port_forward import forward_ports  # noqa: PLC0415
        from strongroom.ops.pulumi.state import read_secret_inputs, read_state  # noqa: PLC0415
        from strongroom.ops.verify import Digests, PodChecks, Verifier  # noqa: PLC0415

        deployed, key = self.read(), self._world.api_server.signing_key
        with environment(self.environment), forward_ports(deployed):
            resources = read_state(self.stack)
            digests = Digests(partial(read_secret_inputs, self.stack))
            pods = PodChecks(deployed, debug_image) if self._world.has_node else None
            verifier = Verifier(deployed, key, resources=resources, digests=digests, pods=pods)
            return [asdict(check) for check in verifier.run()]

    def wrong(self) -> set[tuple[str, str]]:
        """The red lines of `verify`, by workload."""
        return {(check["workload"], check["what"]) for check in self.checks() if check["passed"] is False}


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Have `variables` in this process's environment, for the block alone."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield


def copied(root: Path) -> Path:
    """A copy of the project's program at `root`."""
    for file in ("__main__.py", "Pulumi.yaml"):
        shutil.copy(ROOT / file, root)
    for package in ("components", "stacks", "strongroom"):
        ignored = shutil.ignore_patterns(".venv", "__pycache__")
        shutil.copytree(ROOT / package, root / package, symlinks=True, ignore=ignored)
    return root
