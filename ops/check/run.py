"""Everything that can be known of a stack before it is deployed, found out together."""

from collections.abc import Iterator
from pathlib import Path

from strongroom.stacks.errors import InvalidSettingsError
from strongroom.stacks.settings.root import Settings
from strongroom.stacks.settings.vault import VaultSettings

from ..existing.find import New
from ..existing.identity import Owned, list_owned
from ..findings import Finding
from ..pulumi.project import stack_file
from ..pulumi.stack_file import settings_of
from .cluster import cluster
from .declared import declared, faulty, try_declare
from .vault import vault


def check_stack(stack: str, project: Path) -> list[Finding]:
    """What was found, in the order in which an update would meet it.

    :param project: The directory with the stack's file; the sandbox completes its own stacks' files elsewhere.
    :raises OpsError: There is no such stack.
    """
    return list(_found(stack, project))


def _found(stack: str, project: Path) -> Iterator[Finding]:
    file = stack_file(project, stack)
    try:
        settings = settings_of(file, stack)
    except InvalidSettingsError as error:
        yield from faulty("settings", error.issues, "")
        for name in ("files", "charts", "guardrails", "cluster", "store"):
            yield Finding.skipped("the settings are faulty", name=name)
        return
    yield Finding.ok(f"{file.relative_to(project)} has no fault", name="settings")
    resources = try_declare(stack, settings)
    yield from declared(stack, settings, resources)
    is_known = not isinstance(resources, InvalidSettingsError)
    new = New(resources.values(), list_owned(stack)) if is_known else New((), Owned())
    yield from cluster(settings, new)
    yield from _store(settings, new)


def _store(settings: Settings, new: New) -> Iterator[Finding]:
    if isinstance(settings.backend, VaultSettings):
        yield from vault(settings, settings.backend, new)
        return
    # Whoever checks Vault loads no client of Azure.
    from .key_vault import key_vault  # noqa: PLC0415

    yield from key_vault(settings, settings.backend, new)
