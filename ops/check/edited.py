"""The file that a user edits, where what is deployed is a copy of it."""

import shutil
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from ..pulumi.project import find_project, stack_file
from ..pulumi.stack import Workspace


@contextmanager
def edited(home: Workspace, stack: str) -> Generator[Path]:
    """Find the project with the file of `stack` as it is written now.

    The sandbox deploys a copy of it, with its own addresses: a fresh one is made for the block alone.
    """
    if not home.complete:
        yield home.project
        return
    done = subprocess.run(  # noqa: S603 - the sandbox's own words
        [*home.complete, "--stack", stack], cwd=find_project(), capture_output=True, text=True, check=False
    )
    if done.returncode != 0 or home.source is None:
        # It is too wrong to be completed: then its faults are what there is to say.
        yield home.source or find_project()
        return
    with tempfile.TemporaryDirectory(prefix="strongroom-check-") as project:
        shutil.copy(home.project / "Pulumi.yaml", project)
        copy = stack_file(Path(project), stack)
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(done.stdout)
        yield Path(project)
