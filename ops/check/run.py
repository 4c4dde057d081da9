"""All checks of a stack before a deployment."""

from collections.abc import Iterator
from pathlib import Path

from strongroom.stacks.errors import InvalidSettingsError
from strongroom.stacks.settings.root import Settings
from strongroom.stacks.settings.vault import VaultSettings

from ..existing.find import New
from ..existing.identity import Owned, list_owned
from ..findings import Finding
from ..pulumi.project import stack_file
from ..pulumi.stack_file import parse_stack_file
from .cluster import check_cluster
from .databases import check_databases
from .declared import check_declared, report_issues, try_declare
from .vault import check_vault


def check_stack(stack: str, project: Path) -> list[Finding]:
    """List the findings, in the order of an update.

    :param project: The directory with Pulumi.yaml, by which the stack's file is found.
    :raises OpsError: There is no such stack.
    """
    return list(_list_findings(stack, project))


def _list_findings(stack: str, project: Path) -> Iterator[Finding]:
    file = stack_file(project, stack)
    try:
        settings = parse_stack_file(file, stack)
    except InvalidSettingsError as error:
        yield from report_issues("settings", error.issues, "")
        for name in ("files", "charts", "guardrails", "cluster", "store"):
            yield Finding.skipped("the settings are invalid", name=name)
        return
    yield Finding.ok(f"{file.relative_to(project)} is valid", name="settings")
    resources = try_declare(stack, settings)
    yield from check_declared(stack, settings, resources)
    is_known = not isinstance(resources, InvalidSettingsError)
    new = New(resources.values(), list_owned(stack)) if is_known else New((), Owned())
    yield from check_cluster(settings, new)
    yield from _check_store(settings, new)


def _check_store(settings: Settings, new: New) -> Iterator[Finding]:
    if isinstance(settings.backend, VaultSettings):
        yield from check_vault(settings, settings.backend, new)
        yield from check_databases(settings.backend)
        return
    # For Vault, no client of Azure is loaded.
    from .key_vault import check_key_vault  # noqa: PLC0415

    yield from check_key_vault(settings, settings.backend, new)
