"""Rules between what Vault makes for workloads, databases' users and certificates, and the other settings."""

from collections.abc import Iterator

from strongroom.components.certificates import WorkloadCertificate, find_foreign_names
from strongroom.components.cross_checks import Location, skip_invalid
from strongroom.components.databases import DatabaseCredentials, check_lease
from strongroom.components.delivery import list_dynamic_issues
from strongroom.components.paths import VaultPath, find_own_engine
from strongroom.components.workload import Workload

from ..errors import ValidationIssue
from ..settings.root import Settings
from ..settings.vault import DatabaseSettings, VaultSettings
from .secrets import list_workloads


def check_dynamic(settings: Settings, vault: VaultSettings, *, is_local: bool) -> Iterator[ValidationIssue]:
    """Check databases, and what Vault makes for workloads, against each other and the rest.

    :param is_local: Whether the stack is on this machine alone.
    """
    for number, database in enumerate(getattr(vault, "databases", ())):
        yield from _check_connection(("backend", "databases", number), database, is_local)
    for location, workload in list_workloads(settings):
        for number, entry in enumerate(getattr(workload, "paths", ())):
            yield from _check_path(vault, (*location, "paths", number), entry)
        for number, credentials in enumerate(getattr(workload, "databases", ())):
            place = (*location, "databases", number)
            yield from _check_database(vault, place, credentials)
            yield from _check_life(vault, place, credentials)
        for number, certificate in enumerate(getattr(workload, "certificates", ())):
            yield from _check_certificate(vault, workload, (*location, "certificates", number), certificate)
        yield from _check_delivery(location, workload)


@skip_invalid
def _check_connection(place: Location, database: DatabaseSettings, is_local: bool) -> Iterator[ValidationIssue]:
    for field, problem in () if is_local else database.list_plaintext():
        yield ValidationIssue((*place, field), problem)


@skip_invalid
def _check_path(vault: VaultSettings, place: Location, entry: VaultPath) -> Iterator[ValidationIssue]:
    engines = [
        (vault.mount.path, "secrets"),
        *([(vault.database_mount.path, "databases")] if vault.databases else []),
        *([(vault.pki.path, "certificates")] if vault.pki else []),
    ]
    if problem := find_own_engine(entry.path, engines):
        yield ValidationIssue((*place, "path"), f"{entry.path!r} {problem}")


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
def _check_certificate(
    vault: VaultSettings, workload: Workload, place: Location, certificate: WorkloadCertificate
) -> Iterator[ValidationIssue]:
    if vault.pki is None:
        yield ValidationIssue(place, "This certificate needs an engine that issues it: set backend.pki")
        return
    for below, problem in find_foreign_names(workload, certificate, vault.pki.cluster_domain):
        yield ValidationIssue((*place, *below), problem)


@skip_invalid
def _check_delivery(location: Location, workload: Workload) -> Iterator[ValidationIssue]:
    for place, problem in list_dynamic_issues(workload):
        yield ValidationIssue((*location, *place), problem)
