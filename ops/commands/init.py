"""`strongroom init`."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.prompt import Prompt

from ..errors import OpsError

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLACE = {
    "vault": {"address": ("--vault-address", "URL of the Vault, e.g. https://vault.example.net:8200")},
    "azure-key-vault": {
        "tenantId": ("--tenant-id", "Microsoft Entra tenant id (az account show --query tenantId)"),
        "resourceGroup": ("--resource-group", "Resource group of the Key Vault"),
        "vault": ("--vault-name", "Name of the new Key Vault, unique in Azure"),
        "oidcIssuer": ("--oidc-issuer", "OIDC issuer of the cluster (az aks show --query oidcIssuerProfile.issuerUrl)"),
    },
}
"""What says where a store is: its option, and the question where that is omitted."""


def init(
    directory: Annotated[Path, typer.Argument(help="The project's directory; made if it does not exist.")] = Path(),
    *,
    name: Annotated[str | None, typer.Option("--name", help="The project's name. Default: the directory's.")] = None,
    stack: Annotated[str, typer.Option("--stack", "-s", help="The name of the first stack.")] = "dev",
    store: Annotated[Literal["vault", "azure-key-vault"] | None, typer.Option("--store", help="The store.")] = None,
    vault_address: Annotated[str | None, typer.Option("--vault-address", help="URL of a Vault.")] = None,
    tenant_id: Annotated[str | None, typer.Option("--tenant-id", help="Microsoft Entra tenant of a Key Vault.")] = None,
    resource_group: Annotated[str | None, typer.Option("--resource-group", help="Its resource group.")] = None,
    vault_name: Annotated[str | None, typer.Option("--vault-name", help="Its name.")] = None,
    oidc_issuer: Annotated[str | None, typer.Option("--oidc-issuer", help="OIDC issuer of the cluster.")] = None,
    context: Annotated[str | None, typer.Option("--context", help="The kubeconfig's context of the cluster.")] = None,
    install: Annotated[
        Literal["helm", "addon", "existing"], typer.Option("--install", help="Who installs the CSI driver.")
    ] = "existing",
) -> None:
    """Write a new project: Pulumi.yaml, `__main__.py` and the file of its first stack.

    What no option says is asked for on a terminal. Nothing that exists is overwritten.
    """
    from ..new_project import NewProject, write_project

    given = {
        "address": vault_address,
        "tenantId": tenant_id,
        "resourceGroup": resource_group,
        "vault": vault_name,
        "oidcIssuer": oidc_issuer,
    }
    on_terminal = sys.stdin.isatty()
    if store is None:
        if not on_terminal:
            raise OpsError("--store is missing: give --store vault or --store azure-key-vault")
        answer = Prompt.ask("Store", choices=[*_PLACE], default="vault")
        store = "vault" if answer == "vault" else "azure-key-vault"
    place = _complete_place(_PLACE[store], given, ask=on_terminal)
    project = NewProject(name or _name_of(directory), stack, store, place, install, context)
    for file in write_project(project, directory):
        typer.echo(f"wrote {file}", err=True)
    typer.echo(
        f"Next: edit {directory / f'Pulumi.{stack}.yaml'}, then run `pulumi stack init {stack}`, "
        f"`strongroom check --stack {stack}`, `pulumi up --stack {stack}` and `strongroom verify --stack {stack}`",
        err=True,
    )


def _complete_place(
    questions: "Mapping[str, tuple[str, str]]", given: "Mapping[str, str | None]", *, ask: bool
) -> dict[str, str]:
    missing = [option for key, (option, _) in questions.items() if not given[key]]
    if missing and not ask:
        raise OpsError(f"{', '.join(missing)} are missing: give them, or run the command on a terminal, where it asks")
    return {key: given[key] or Prompt.ask(question) for key, (_, question) in questions.items()}


def _name_of(directory: Path) -> str:
    """Make a legal project name of a directory's (Pulumi docs: "Projects")."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", directory.resolve().name)[:100] or "strongroom"
