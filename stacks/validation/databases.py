"""Rules between workloads' databases and the other settings."""

from collections.abc import Iterator

from strongroom.components.cross_checks import Location, skip_invalid
from strongroom.components.databases import DatabaseCredentials, check_lease
from strongroom.components.delivery import check_credentials
from strongroom.components.workload import Workload

from ..errors import ValidationIssue
from ..settings.root import Settings
from ..settings.vault import DatabaseSettings, VaultSettings
from .secrets import list_workloads


def check_databases(settings: Settings, vault: VaultSettings, *, is_local: bool) -> Iterator[ValidationIssue]:
    """Check databases, and workloads' credentials of them, against each other and the rest.

    :param is_local: Whether the stack is on this machine alone.
    """
    for number, database in enumerate(getattr(vault, "databases", ())):
        yield from _check_connection(("backend", "databases", number), database, is_local)
    for location, workload in list_workloads(settings):
        for number, credentials in enumerate(getattr(workload, "databases", ())):
            place = (*location, "databases", number)
            yield from _check_database(vault, place, credentials)
            yield from _check_life(vault, place, credentials)
            yield from _check_delivery(workload, place, credentials)


@skip_invalid
def _check_connection(place: Location, database: DatabaseSettings, is_local: bool) -> Iterator[ValidationIssue]:
    for field, problem in () if is_local else database.list_plaintext():
        yield ValidationIssue((*place, field), problem)


@skip_invalid
def _check_database(
    vault: VaultSettings, place: Location, credentials: DatabaseCredentials
) -> Iterator[ValidationIssue]:
    names = [database.name for database in vault.databases]
    if credentials.database not in names:
        known = " or ".join(sorted(names)) or "one of backend.databases, of which there is none"
        yield ValidationIssue(
            (*place, "database"), f"{credentials.database!r} is not a database of this stack: use {known}"
        )


@skip_invalid
def _check_life(vault: VaultSettings, place: Location, credentials: DatabaseCredentials) -> Iterator[ValidationIssue]:
    if problem := check_lease(credentials, vault.token_ttl):
        yield ValidationIssue((*place, "ttl"), f"These credentials {problem}")


@skip_invalid
def _check_delivery(workload: Workload, place: Location, credentials: DatabaseCredentials) -> Iterator[ValidationIssue]:
    if problem := check_credentials(workload, credentials):
        yield ValidationIssue(place, f"These credentials {problem}")
