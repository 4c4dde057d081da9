"""Rules of what a stack keeps in an Azure Key Vault."""

from collections.abc import Iterator

from pydantic import SecretStr

from strongroom.components.azure.objects import check_certificate, name_vault_object
from strongroom.components.azure.options import check_size
from strongroom.components.azure.vault_args import list_clashes
from strongroom.components.cross_checks import Location, skip_invalid
from strongroom.components.workload import Secret

from ..errors import ValidationIssue
from ..settings.azure import AzureKeyVaultSettings
from ..settings.root import Settings
from ..settings.seeds import list_seeds
from .secrets import list_secrets


def check_contents(settings: Settings, azure: AzureKeyVaultSettings) -> Iterator[ValidationIssue]:
    """Check the objects of the vault against each other and against the workloads' secrets."""
    yield from _check_names(settings, azure)
    yield from _check_attributes(settings, azure)
    yield from _check_sizes(settings)
    for location, secret in list_secrets(settings):
        yield from _check_certificate(azure, location, secret)


def locate_seed(name: str, key: str | None) -> Location:
    """Return the location of the value of an object and key."""
    return ("seeds", name, key) if key else ("seeds", name)


@skip_invalid
def _check_names(settings: Settings, azure: AzureKeyVaultSettings) -> Iterator[ValidationIssue]:
    # Seeds that differ in case alone are reported with the objects that workloads name.
    seeds = {
        name_vault_object(name, key).lower(): locate_seed(name, key) for name, key, _ in list_seeds(settings.seeds)
    }
    for (collection, own), message in list_clashes(seeds, azure.keys, azure.certificates):
        location = seeds[own] if collection == "secrets" else ("backend", collection, own)
        yield ValidationIssue(location, message)


@skip_invalid
def _check_attributes(settings: Settings, azure: AzureKeyVaultSettings) -> Iterator[ValidationIssue]:
    written = {name_vault_object(name, key) for name, key, _ in list_seeds(settings.seeds)}
    for own in azure.secrets:
        if own not in written:
            known = ", ".join(sorted(written)) or "none"
            yield ValidationIssue(("backend", "secrets", own), f"{own!r} is no secret that seeds writes: use {known}")


@skip_invalid
def _check_sizes(settings: Settings) -> Iterator[ValidationIssue]:
    for name, key, value in list_seeds(settings.seeds):
        if isinstance(value, SecretStr) and (problem := check_size(value.get_secret_value())):
            yield ValidationIssue(locate_seed(name, key), problem)


@skip_invalid
def _check_certificate(azure: AzureKeyVaultSettings, location: Location, secret: Secret) -> Iterator[ValidationIssue]:
    for own, certificate in azure.certificates.items():
        if problem := check_certificate(secret, own, certificate):
            yield ValidationIssue(location, f"This secret {problem}")
