"""The three files of a new project: Pulumi.yaml, `__main__.py`, and the file of its first stack."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from strongroom.stacks.errors import InvalidSettingsError
from strongroom.stacks.load import parse

from .errors import OpsError
from .pulumi.project import read_project, stack_file

StoreKind = Literal["vault", "azure-key-vault"]
Install = Literal["helm", "addon", "existing"]

PROGRAM = '''\
"""Strongroom, one environment a stack: read its settings, provision what they describe."""

from strongroom import provision_stack

provision_stack()
'''

_HEADER = """\
# What each key means: docs/settings/index.md of Strongroom. Nothing in here is secret: values are set
# with `pulumi config set --secret --path 'strongroom:seeds.OBJECT.KEY'`, or exist in the store.
"""


@dataclass(frozen=True)
class NewProject:
    """What a user says of a new project."""

    name: str
    """The project's name."""

    stack: str
    """The name of its first stack."""

    store: StoreKind

    place: Mapping[str, str]
    """Where the store is: `address` of a Vault; `tenantId`, `resourceGroup` and `vault` (its name) of a Key Vault."""

    install: Install
    """Who installs the CSI driver."""

    context: str | None = None
    """The kubeconfig's context of the cluster; if omitted, the current one."""


def write_project(project: NewProject, directory: Path) -> list[Path]:
    """Write the files of a new project, unless one of them exists; return their paths.

    A project that this has written before gets the file of one more stack.

    :raises OpsError: A file exists, can't be written, or what was given makes no legal settings.
    """
    settings = _build_settings(project)
    try:
        parse(settings, stack=project.stack)
    except InvalidSettingsError as error:
        raise OpsError(str(error)) from None
    config = {f"strongroom:{key}": value for key, value in settings.items()}
    program = directory / "__main__.py"
    files = {stack_file(directory, project.stack): _HEADER + yaml.safe_dump({"config": config}, sort_keys=False)}
    if not (read_project(directory) and program.is_file() and program.read_text() == PROGRAM):
        described = yaml.safe_dump(_describe_project(project.name, directory), sort_keys=False)
        files = {directory / "Pulumi.yaml": described, program: PROGRAM, **files}
    if existing := [str(file) for file in files if file.exists()]:
        raise OpsError(f"{', '.join(existing)} exists: name another directory, or another stack with --stack")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for file, text in files.items():
            file.write_text(text)
    except OSError as error:
        raise OpsError(f"{error.filename or directory} can't be written: {error.strerror}") from None
    return list(files)


def _describe_project(name: str, directory: Path) -> dict[str, Any]:
    """Describe the project to Pulumi, which runs its program with the virtual environment within it, if it has one.

    A path from elsewhere would hold on this machine alone; without the option, Pulumi takes the `python` on PATH.
    (Pulumi docs: "Python")
    """
    home, environment = directory.resolve(), Path(sys.prefix)
    if not environment.is_relative_to(home):
        return {"name": name, "runtime": "python"}
    options = {"toolchain": "pip", "virtualenv": str(environment.relative_to(home))}
    return {"name": name, "runtime": {"name": "python", "options": options}}


def _build_settings(project: NewProject) -> dict[str, Any]:
    place = project.place
    kubernetes: dict[str, Any] = {"install": project.install}
    if project.context:
        kubernetes["context"] = project.context
    secret: dict[str, Any] = {"name": "db-password", "object": "db-pass", "key": "password"}
    if project.store == "vault":
        backend: dict[str, Any] = {"kind": project.store, "address": place["address"]}
    else:
        backend = {
            "kind": project.store,
            "tenantId": place["tenantId"],
            "resourceGroup": place["resourceGroup"],
            "vault": {"name": place["vault"]},
        }
        kubernetes["oidcIssuer"] = place["oidcIssuer"]
    settings: dict[str, Any] = {
        "backend": backend,
        "kubernetes": kubernetes,
        "workloads": [
            {
                "name": "orders",
                "namespace": "shop",
                "image": "busybox:1.36",
                "command": ["sleep", "infinity"],
                "secrets": [secret],
            }
        ],
    }
    if project.store == "azure-key-vault":
        # The vault is new: without a value, no pod could start.
        settings["seeds"] = {"db-pass": {"password": {"generate": {"length": 32}}}}
    return settings
