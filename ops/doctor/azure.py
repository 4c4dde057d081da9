"""Checks of the identity, its federated credential, the vault, the role assignments and the objects."""

from strongroom.components.azure.options import FEDERATED

from ..errors import AbsentError, OpsError
from ..findings import Finding
from ..pulumi.stack import KeyVaultStore
from ..store.base import DeniedError, MissingError, NotTriedError
from .context import DiagnosisContext
from .reads import check_allowed, check_present, find_login_failure, find_unreachable

_UNKNOWN = ("AADSTS700016", "AADSTS90002", "Unable to get authority configuration")
"""Errors of Microsoft Entra ID for an unknown identity or tenant."""

_ELSEWHERE = ("ForbiddenByFirewall", "ForbiddenByConnection")
"""Errors of the vault about this machine's network, which need not hold for the nodes."""


def check_identity(context: DiagnosisContext) -> Finding:
    """Check that Microsoft Entra ID knows the identity of the SecretProviderClass."""
    login = context.login
    if isinstance(login, NotTriedError | OpsError):
        return Finding.skipped(str(login))
    named = _name_identity(context)
    if isinstance(login, DeniedError) and any(code in str(login) for code in _UNKNOWN):
        return Finding.failed(
            f"Microsoft Entra ID does not know {named}: {login}", f"it was deleted, or created again: {context.revert}"
        )
    return Finding.ok(f"Microsoft Entra ID knows {named}")


def check_federation(context: DiagnosisContext) -> Finding:
    """Check that a federated credential of the identity matches the workload's service account.

    (Microsoft Learn: "Workload identity federation")
    """
    login, mode = context.login, _get_key_vault(context).identity_mode
    if isinstance(login, NotTriedError | OpsError):
        return Finding.skipped(str(login))
    if isinstance(login, DeniedError):
        what = "a federated credential" if mode in FEDERATED else "the identity's credentials"
        return Finding.failed(f"{what} of {_name_identity(context)} is wrong: {login}", _advise(context, str(login)))
    if mode not in FEDERATED:
        return Finding.ok(f"none is needed in mode {mode}")
    workload = context.workload
    return Finding.ok(
        f"system:serviceaccount:{workload.namespace}:{workload.service_account} has a federated credential"
    )


def check_store(context: DiagnosisContext) -> Finding:
    """Check that the vault exists and can be reached from here."""
    if nothing := find_login_failure(context):
        return nothing
    url = _get_key_vault(context).url
    for error in context.read_errors.values():
        if isinstance(error, AbsentError) and not isinstance(error, MissingError):
            return Finding.failed(
                f"{url}: {error}",
                "compare backend.vault.name; a soft-deleted vault is recovered by backend.vault.recover",
            )
        if any(code in str(error) for code in _ELSEWHERE):
            return Finding.skipped(f"{url}, from this machine: {error}. The nodes may be allowed: see the pods' events")
    return find_unreachable(context) or Finding.ok(f"{url} can be reached")


def check_assignment(context: DiagnosisContext) -> Finding:
    """Check that a role assignment, or an access policy, allows reading each expected object."""
    if nothing := find_login_failure(context):
        return nothing
    if any(code in str(error) for error in context.read_errors.values() for code in _ELSEWHERE):
        return Finding.skipped("the vault's firewall refuses this machine")
    return check_allowed(
        context, f"if it is new, wait: it takes effect, and ends, within ten minutes. {context.revert}"
    )


def check_objects(context: DiagnosisContext) -> Finding:
    """Check that the expected objects exist."""
    return find_login_failure(context) or check_present(
        context,
        "write it: az keyvault secret set, or seed it (strongroom:seeds) in a stack that creates the vault; a "
        "soft-deleted one is recovered by az keyvault secret recover",
        "object",
    )


def check_version(context: DiagnosisContext) -> Finding:
    """Check that the expected versions exist and are enabled."""
    return find_login_failure(context) or check_present(
        context,
        "enable it (az keyvault secret set-attributes --enabled true), or name another version in the workload's "
        "secrets",
        "version",
    )


def _get_key_vault(context: DiagnosisContext) -> KeyVaultStore:
    if not isinstance(context.stack.backend, KeyVaultStore):
        raise OpsError(f"{context.workload.path} does not read from a Key Vault")
    return context.stack.backend


def _name_identity(context: DiagnosisContext) -> str:
    client = context.delivery.provider_class.parameters.get("clientID") or context.workload.identity.get("clientId")
    return f"the identity {client}" if client else f"the identity of mode {_get_key_vault(context).identity_mode}"


def _advise(context: DiagnosisContext, error: str) -> str:
    if "AADSTS700211" in error:
        return (
            "set kubernetes.oidcIssuer to exactly the cluster's (az aks show --query "
            f"oidcIssuerProfile.issuerUrl); or, if the credential was changed by hand: {context.revert}"
        )
    if "AADSTS7000215" in error:
        return (
            f"set a new one: pulumi config set --secret strongroom:clientSecret --stack {context.name}, then pulumi up"
        )
    return f"if it is new, wait some minutes; otherwise it was changed by hand: {context.revert}"
