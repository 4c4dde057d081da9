"""Real servers for tests: a sandbox of their own, beside that of `make up`, and the project deployed on it."""

import gc
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

# Imported by the fixtures: tests without servers load none of it.
if TYPE_CHECKING:
    from sandbox.world import World

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator["World"]:
    """A sandbox that is up; `ops` finds it too."""
    from sandbox.progress import Reporter  # noqa: PLC0415
    from sandbox.world import World  # noqa: PLC0415

    os.umask(0o077)
    state = tmp_path_factory.mktemp("sandbox") / "state"
    os.environ["STRONGROOM_SANDBOX"] = str(state)
    made = World(Reporter(), state)
    try:
        made.up()
        yield made
    finally:
        made.down(purge=True)
        gc.collect()


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
    told = event.res_outputs_event if operation == "refresh" else event.resource_pre_event
    return told and told.metadata


class Project:
    """A copy of the project, with one stack whose file a test may change."""

    def __init__(self, root: Path, world: "World", stack: str) -> None:
        from sandbox.engine import Engine  # noqa: PLC0415
        from sandbox.progress import Reporter  # noqa: PLC0415

        self.stack = stack
        self.engine = Engine(world, Reporter(), root)
        self._file = root / "stacks" / f"Pulumi.{stack}.yaml"
        self._original = self._file.read_text()

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

    def changes(self, operation: str) -> set[str]:
        """Run `operation` on the stack; what it does, as `operation type name`, save what stays the same."""
        from pulumi.automation import OpType  # noqa: PLC0415

        seen: set[str] = set()

        def note(event: Any) -> None:
            if metadata := step_of(event, operation):
                name, kind = metadata.urn.rpartition("::")[2], metadata.type.rpartition(":")[2]
                if metadata.op not in {OpType.SAME, OpType.READ, OpType.REFRESH}:
                    seen.add(f"{metadata.op.value} {kind} {name}")

        with self.engine.stack(self.stack) as stack:
            getattr(stack, operation)(on_event=note)
        return seen

    def ops(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of `ops` on the stack."""
        return subprocess.run(
            [sys.executable, "-m", "ops", command, "--stack", self.stack, *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    def verify(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `ops verify`."""
        return self.ops("verify", *arguments)

    def access(self) -> list[dict[str, Any]]:
        """What `access` tells."""
        return json.loads(self.ops("access", "--json").stdout)

    def checks(self) -> list[dict[str, Any]]:
        """Every line of `verify`."""
        return json.loads(self.verify("--json").stdout)

    def wrong(self) -> set[tuple[str, str]]:
        """The red lines of `verify`, by workload."""
        return {(check["workload"], check["what"]) for check in self.checks() if check["passed"] is False}


def copied(root: Path) -> Path:
    """A copy of the project's program at `root`."""
    for file in ("__main__.py", "Pulumi.yaml"):
        shutil.copy(ROOT / file, root)
    for package in ("components", "stacks"):
        shutil.copytree(ROOT / package, root / package)
    return root
