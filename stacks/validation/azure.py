"""Rules that span several settings of a stack on Azure Key Vault."""

from collections.abc import Iterator, Mapping

from strongroom.components.azure.objects import check_readable, find_clashes, name_vault_object
from strongroom.components.azure.options import MOST_FEDERATED, MOST_POLICIES, IdentityMode, describe_excess
from strongroom.components.azure.types import check_object_name
from strongroom.components.certificates import NO_CERTIFICATES
from strongroom.components.cross_checks import Location, skip_invalid
from strongroom.components.databases import NO_DATABASES
from strongroom.components.paths import NO_PATHS
from strongroom.components.workload import Secret

from ..errors import ValidationIssue
from ..settings.azure import AzureKeyVaultSettings
from ..settings.root import Settings
from ..settings.seeds import list_seeds
from .azure_contents import check_contents, locate_seed
from .secrets import list_secrets, list_workloads

_NEEDED: Mapping[IdentityMode, tuple[str, ...]] = {
    "addon": ("clientId", "principalId"),
    "node": ("clientId", "principalId"),
    "system-assigned": ("principalId",),
    "service-principal": ("clientId", "principalId"),
}
"""What must be known of the identities that exist already."""


def check_azure(settings: Settings, azure: AzureKeyVaultSettings) -> Iterator[ValidationIssue]:
    """Check the settings of a stack on Azure Key Vault against each other."""
    yield from _check_policies(settings, azure)
    yield from _check_issuer(settings, azure)
    yield from _check_federated(settings, azure)
    yield from _check_cluster(settings, azure)
    yield from _check_known_identity(settings, azure)
    yield from _check_client_secret(settings, azure)
    for location, secret in list_secrets(settings):
        yield from _check_readable(location, secret)
    for location, workload in list_workloads(settings):
        if getattr(workload, "paths", ()):
            yield ValidationIssue((*location, "paths"), NO_PATHS)
        if getattr(workload, "databases", ()):
            yield ValidationIssue((*location, "databases"), NO_DATABASES)
        if getattr(workload, "certificates", ()):
            yield ValidationIssue((*location, "certificates"), NO_CERTIFICATES)
    yield from _check_seed_names(settings)
    yield from _check_clashes(settings)
    yield from check_contents(settings, azure)
    for location, secret in list_secrets(settings):
        yield from _check_seeded(settings, azure, location, secret)


@skip_invalid
def _check_policies(settings: Settings, azure: AzureKeyVaultSettings) -> Iterator[ValidationIssue]:
    count = len(list(list_workloads(settings)))
    if azure.vault.access == "policies" and count > MOST_POLICIES:
        yield ValidationIssue(
            ("backend", "vault", "access"),
            f"'policies' allows {MOST_POLICIES} principals per vault, and there are {count} workloads: use 'rbac'",
        )


@skip_invalid
def _check_issuer(settings: Settings, azure: AzureKeyVaultSettings) -> Iterator[ValidationIssue]:
    mode, kubernetes = azure.identity.mode, settings.kubernetes
    if mode in {"workload-identity", "shared"} and kubernetes.aks is None and kubernetes.oidc_issuer is None:
        yield ValidationIssue(
            ("kubernetes", "oidcIssuer"),
            f"This setting is required with identity.mode {mode!r}: use the cluster's issuer (az aks show --query "
            "oidcIssuerProfile.issuerUrl), or name the AKS cluster in kubernetes.aks",
        )


@skip_invalid
def _check_federated(settings: Settings, azure: AzureKeyVaultSettings) -> Iterator[ValidationIssue]:
    count = len(list(list_workloads(settings)))
    if azure.identity.mode == "shared" and count > MOST_FEDERATED:
        yield ValidationIssue(("backend", "identity", "mode"), f"'shared' is not possible: {describe_excess(count)}")


@skip_invalid
def _check_cluster(settings: Settings, azure: AzureKeyVaultSettings) -> Iterator[ValidationIssue]:
    mode = azure.identity.mode
    if mode == "identity-binding" and settings.kubernetes.aks is None:
        yield ValidationIssue(
            ("kubernetes", "aks"),
            "This setting is required with identity.mode 'identity-binding', which only AKS supports",
        )
    if mode == "addon" and settings.kubernetes.install != "addon":
        yield ValidationIssue(
            ("backend", "identity", "mode"),
            f"'addon' needs the AKS add-on, and kubernetes.install is {settings.kubernetes.install!r}",
        )


@skip_invalid
def _check_known_identity(settings: Settings, azure: AzureKeyVaultSettings) -> Iterator[ValidationIssue]:
    mode = azure.identity.mode
    given = {"clientId": azure.identity.client_id, "principalId": azure.identity.principal_id}
    known = [key for key, value in given.items() if value is not None]
    if mode == "addon" and settings.kubernetes.aks is not None and len(known) == 1:
        yield ValidationIssue(
            ("backend", "identity", known[0]),
            "This setting needs the other of clientId and principalId: set both, or omit both to use the cluster's own",
        )
    needed = _NEEDED.get(mode, ())
    if mode == "addon" and (settings.kubernetes.aks is not None or settings.kubernetes.install != "addon"):
        needed = ()
    for key in needed:
        if given[key] is None:
            yield ValidationIssue(("backend", "identity", key), f"This setting is required with mode {mode!r}")


@skip_invalid
def _check_client_secret(settings: Settings, azure: AzureKeyVaultSettings) -> Iterator[ValidationIssue]:
    if azure.identity.mode != "service-principal" and settings.client_secret is not None:
        yield ValidationIssue(
            ("clientSecret",), "This setting is allowed with backend.identity.mode 'service-principal' only"
        )


@skip_invalid
def _check_readable(location: Location, secret: Secret) -> Iterator[ValidationIssue]:
    if problem := check_readable(secret):
        yield ValidationIssue(location, f"This secret {problem}")


@skip_invalid
def _check_seed_names(settings: Settings) -> Iterator[ValidationIssue]:
    for name, key, _ in list_seeds(settings.seeds):
        if problem := check_object_name(name_vault_object(name, key)):
            yield ValidationIssue(
                locate_seed(name, key), f"This seed is the secret {name_vault_object(name, key)!r}, which {problem}"
            )


def _check_clashes(settings: Settings) -> Iterator[ValidationIssue]:
    named = [each for _, secret in list_secrets(settings) for each in _name_object(secret)]
    named += [(name, key) for name, key, _ in list_seeds(getattr(settings, "seeds", {}))]
    for whole, meant in find_clashes(named).items():
        both = " and ".join(f"object {name!r}" + (f" with key {key!r}" if key else "") for name, key in meant)
        yield ValidationIssue(("workloads",), f"The {both} would both be {whole!r} in the vault: rename one")


@skip_invalid
def _name_object(secret: Secret) -> Iterator[tuple[str, str | None]]:
    yield secret.object, secret.key


@skip_invalid
def _check_seeded(
    settings: Settings, azure: AzureKeyVaultSettings, location: Location, secret: Secret
) -> Iterator[ValidationIssue]:
    if not azure.vault.create or check_readable(secret):
        return
    # Names in a vault ignore case; those that differ in case alone are reported elsewhere.
    seeds = {name_vault_object(name, key).lower() for name, key, _ in list_seeds(settings.seeds)}
    certificates = {own.lower() for own in azure.certificates}
    made = {
        "secret": seeds | certificates,
        "key": {own.lower() for own in azure.keys} | certificates,
        "cert": certificates,
    }
    whole = name_vault_object(secret.object, secret.key)
    if whole.lower() in made[secret.type]:
        return
    if secret.type == "secret":
        path = f'["{secret.object}"]["{secret.key}"]' if secret.key else f'["{secret.object}"]'
        message = (
            "This secret has no value: the vault is created by this stack, so seed it with "
            f"`pulumi config set --secret --path 'strongroom:seeds{path}'`, "
            "use {generate: {}} for a random value, "
            "or use an existing vault (backend.vault.create: false)"
        )
    else:
        collection = "keys" if secret.type == "key" else "certificates"
        message = (
            f"{whole!r} is no {secret.type} of the vault that this stack creates: declare it in backend.{collection}"
        )
    yield ValidationIssue(location, message)
