"""Rules that span several settings of a stack on HashiCorp Vault."""

from collections.abc import Iterator

from pydantic import SecretStr

from strongroom.components.cross_checks import Location, skip_invalid
from strongroom.components.seeds import Generate, check_initial
from strongroom.components.urls import check_plain_http
from strongroom.components.vault.kv_paths import check_kv_object
from strongroom.components.vault.options import check_secret
from strongroom.components.vault.server.args import check_server
from strongroom.components.workload import Secret

from ..errors import ValidationIssue
from ..settings.root import Settings
from ..settings.vault import VaultSettings
from ..settings.vault_server import AzureSealSettings, ServerSettings
from .dynamic import check_dynamic
from .secrets import list_secrets, list_workloads
from .vault_logins import check_logins


def check_vault(settings: Settings, vault: VaultSettings, stack: str) -> Iterator[ValidationIssue]:
    """Check the settings of a stack on Vault against each other."""
    yield from _check_address(vault, stack)
    yield from _check_server(settings, vault, stack)
    yield from check_logins(settings, vault, is_local=is_local(stack))
    yield from check_dynamic(settings, vault, is_local=is_local(stack))
    for location, secret in list_secrets(settings):
        yield from _check_secret(location, secret)
    for location, secret in list_secrets(settings):
        yield from _check_object(vault, location, secret)
    yield from _check_seeds(settings, vault)
    for location, secret in list_secrets(settings):
        yield from _check_seeded(settings, vault, location, secret)
    yield from _check_driver(settings)
    yield from _check_provider_ca(settings, vault)


def is_local(stack: str) -> bool:
    """Return whether a stack is on this machine alone."""
    return stack.partition("-")[0] == "local"


@skip_invalid
def _check_address(vault: VaultSettings, stack: str) -> Iterator[ValidationIssue]:
    if vault.address and not is_local(stack) and (problem := check_plain_http(vault.address)):
        yield ValidationIssue(("backend", "address"), f"{vault.address!r} {problem}")


@skip_invalid
def _check_server(settings: Settings, vault: VaultSettings, stack: str) -> Iterator[ValidationIssue]:
    if vault.server is None:
        return
    place = ("backend", "server")
    for field, problem in check_server(
        vault.server, sealed=vault.server.seal.kind != "shamir", production=not is_local(stack)
    ):
        yield ValidationIssue((*place, field), problem)
    for _, workload in list_workloads(settings):
        if getattr(workload, "namespace", None) == vault.server.namespace:
            yield ValidationIssue(
                (*place, "namespace"),
                f"{vault.server.namespace!r} is a workload's namespace too: everybody who may read Secrets there could "
                "read Vault's own",
            )
    yield from _check_seal(settings, vault.server)


@skip_invalid
def _check_seal(settings: Settings, server: ServerSettings) -> Iterator[ValidationIssue]:
    if isinstance(server.seal, AzureSealSettings) and settings.kubernetes.oidc_issuer is None:
        yield ValidationIssue(
            ("backend", "server", "seal"), "'azurekeyvault' needs the cluster's issuer: set kubernetes.oidcIssuer"
        )


@skip_invalid
def _check_secret(location: Location, secret: Secret) -> Iterator[ValidationIssue]:
    if problem := check_secret(secret):
        yield ValidationIssue(location, f"This secret {problem}")


@skip_invalid
def _check_object(vault: VaultSettings, location: Location, secret: Secret) -> Iterator[ValidationIssue]:
    if problem := check_kv_object(secret.object, vault.mount.path):
        yield ValidationIssue((*location, "object"), f"{secret.object!r} {problem}")


@skip_invalid
def _check_seeds(settings: Settings, vault: VaultSettings) -> Iterator[ValidationIssue]:
    for name, values in settings.seeds.items():
        if problem := check_kv_object(name, vault.mount.path):
            yield ValidationIssue(("seeds", name), f"{name!r} {problem}")
        if isinstance(values, SecretStr | Generate):
            yield ValidationIssue(
                ("seeds", name),
                f"This seed has no key: an object of Vault has keys, so use strongroom:seeds.{name}.KEY",
            )
        elif problem := check_initial(values):
            yield ValidationIssue(("seeds", name), problem)


@skip_invalid
def _check_seeded(
    settings: Settings, vault: VaultSettings, location: Location, secret: Secret
) -> Iterator[ValidationIssue]:
    name, key, seeds = secret.object, secret.key, settings.seeds.get(secret.object, {})
    whole = secret.format == "json"
    if not vault.mount.create or (key is None and not whole) or check_kv_object(name, vault.mount.path):
        return  # which is reported already
    if isinstance(seeds, SecretStr | Generate) or (key not in seeds and not ((whole or secret.optional) and seeds)):
        yield ValidationIssue(
            location,
            "This secret has no value: the engine is created by this stack, so seed it with "
            f'`pulumi config set --secret --path \'strongroom:seeds["{name}"]["{key or "KEY"}"]\'`, '
            "use {generate: {}} for a random value, "
            "or use an existing engine (backend.mount.create: false)",
        )


@skip_invalid
def _check_driver(settings: Settings) -> Iterator[ValidationIssue]:
    kubernetes = settings.kubernetes
    if getattr(kubernetes, "aks", None) is not None:
        yield ValidationIssue(
            ("kubernetes", "aks"),
            "This setting is allowed with backend 'azure-key-vault' only: name the cluster in context",
        )
    if kubernetes.install == "addon":
        yield ValidationIssue(
            ("kubernetes", "install"),
            "'addon' installs Azure Key Vault's provider only: use 'helm', "
            "or 'existing' if Vault's provider is installed",
        )


@skip_invalid
def _check_provider_ca(settings: Settings, vault: VaultSettings) -> Iterator[ValidationIssue]:
    if settings.kubernetes.install == "helm" and vault.provider_ca_path is not None:
        yield ValidationIssue(
            ("backend", "providerCaPath"),
            "This setting is allowed with install 'existing' only: with 'helm' the CA of caCertificate is mounted",
        )
