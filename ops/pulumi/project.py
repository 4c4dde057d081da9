"""The Pulumi project that commands work on: the one that the current directory is in."""

import os
from pathlib import Path
from typing import Any, cast

import yaml

from ..errors import OpsError

_WORKSPACE = "STRONGROOM_WORKSPACE"
_NAMES = ("Pulumi.yaml", "Pulumi.yml", "Pulumi.json")


def find_project() -> Path:
    """Find the directory of the project that the current directory is in, as the Pulumi CLI does.

    (Pulumi docs: "Projects")

    :raises OpsError: There is none.
    """
    here = Path.cwd()
    for directory in (here, *here.parents):
        if _find_project_file(directory):
            return directory
    raise OpsError(f"{here} is in no Pulumi project: go to the directory with Pulumi.yaml, or name it with --cwd")


def find_workspace() -> Path:
    """Find the directory that stacks are driven from: the project's, or its copy that `STRONGROOM_WORKSPACE` names.

    A copy has the project's Pulumi.yaml, and stack files with what is known only where they are deployed. One of
    another project is ignored: a shell with the variable may work on several projects.

    :raises OpsError: There is no project, or no copy where the variable names one.
    """
    project = find_project()
    named = os.environ.get(_WORKSPACE)
    if not named:
        return project
    copy = Path(named)
    if not _find_project_file(copy):
        raise OpsError(f"{_WORKSPACE}: {copy} has no Pulumi.yaml: name a copy of the project, or unset the variable")
    return copy if read_project(copy).get("name") == read_project(project).get("name") else project


def read_project(root: Path) -> dict[str, Any]:
    """Read the project file in `root`; empty if there is none.

    :raises OpsError: It can't be read.
    """
    file = _find_project_file(root)
    if file is None:
        return {}
    try:
        document: object = yaml.safe_load(file.read_text())
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise OpsError(f"{file} can't be read ({type(error).__name__}): write it as `pulumi new` does") from None
    return cast("dict[str, Any]", document) if isinstance(document, dict) else {}


def stack_file(root: Path, stack: str) -> Path:
    """Return the path of the file of `stack`, in a project's directory."""
    return _find_stack_directory(root) / f"Pulumi.{stack}.yaml"


def list_stacks(root: Path) -> list[str]:
    """List the stacks of a project that have a file, by name."""
    return list_stacks_in(_find_stack_directory(root))


def list_stacks_in(directory: Path) -> list[str]:
    """List the stacks that have a file in `directory`, by name."""
    files = sorted(directory.glob("Pulumi.*.yaml"))
    return [file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in files]


def require_checkout(root: Path) -> None:
    """Check that `root` is a checkout of a project.

    :raises OpsError: It isn't.
    """
    if not root.is_dir():
        raise OpsError(f"--against: there is no directory {root}: name a checkout of the project")
    if not list_stacks(root):
        directory = _find_stack_directory(root).relative_to(root)
        raise OpsError(f"--against: {root} has no {directory / 'Pulumi.<stack>.yaml'}: name a checkout of the project")


def _find_project_file(root: Path) -> Path | None:
    return next((file for name in _NAMES if (file := root / name).is_file()), None)


def _find_stack_directory(root: Path) -> Path:
    return root / str(read_project(root).get("stackConfigDir") or "")
