"""Real servers for the integration tests: a sandbox of their own, beside the one that `make up` runs."""

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi.automation import OpType

from sandbox.engine import Engine
from sandbox.progress import Reporter
from sandbox.world import ROOT, World


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A sandbox that is up; `ops` finds it too."""
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


class Project:
    """A copy of the project whose stack file a test may change."""

    def __init__(self, root: Path, world: World) -> None:
        self.engine = Engine(world, Reporter(), root)
        self._file = root / "stacks" / "Pulumi.local.yaml"
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
        """Run `operation` on the local stack; what it does, as `operation type name`, save what stays the same."""
        seen: set[str] = set()

        def note(event: Any) -> None:
            if event.resource_pre_event:
                metadata = event.resource_pre_event.metadata
                name, kind = metadata.urn.rpartition("::")[2], metadata.type.rpartition(":")[2]
                if metadata.op not in {OpType.SAME, OpType.READ, OpType.REFRESH}:
                    seen.add(f"{metadata.op.value} {kind} {name}")

        with self.engine.stack("local") as stack:
            getattr(stack, operation)(on_event=note)
        return seen


@pytest.fixture(scope="session")
def project(world: World, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project, with its local stack deployed on the sandbox."""
    root = tmp_path_factory.mktemp("project")
    for file in ("__main__.py", "Pulumi.yaml"):
        shutil.copy(ROOT / file, root)
    for package in ("components", "stacks"):
        shutil.copytree(ROOT / package, root / package)
    made = Project(root, world)
    made.engine.run("up", "local")
    return made


@pytest.fixture
def deployed(project: Project) -> Iterator[Project]:
    """The project, deployed as it was written, before the test and after it."""
    yield project
    project.restore()
    project.changes("up")
