"""The file that a user edits, if a copy of it is deployed."""

import shutil
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from ..pulumi.project import find_project, stack_file
from ..pulumi.stack import Workspace


@contextmanager
def use_edited_file(home: Workspace, stack: str) -> Generator[Path]:
    """Find the project with the current file of `stack`.

    The sandbox deploys a copy of it, with its own addresses: a fresh one is made for the block alone.
    """
    if not home.complete:
        yield home.project
        return
    done = subprocess.run(  # noqa: S603 - the sandbox's own command
        [*home.complete, "--stack", stack], cwd=find_project(), capture_output=True, text=True, check=False
    )
    if done.returncode != 0 or home.source is None:
        # The file has errors that keep it from being completed: they are reported.
        yield home.source or find_project()
        return
    with tempfile.TemporaryDirectory(prefix="strongroom-check-") as project:
        shutil.copy(home.project / "Pulumi.yaml", project)
        copy = stack_file(Path(project), stack)
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(done.stdout)
        yield Path(project)
