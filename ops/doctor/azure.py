"""Links: the identity, its federated credential, the vault, the role assignments and the objects."""

from strongroom.components.azure.options import FEDERATED

from ..errors import AbsentError, OpsError
from ..findings import Finding
from ..pulumi.stack import KeyVaultStore
from ..store.base import DeniedError, MissingError, NotTriedError
from .case import Case
from .reads import admitted, allowed, there, unreached

_UNKNOWN = ("AADSTS700016", "AADSTS90002", "Unable to get authority configuration")
"""What the directory says where it knows no such identity, or is not there itself."""

_ELSEWHERE = ("ForbiddenByFirewall", "ForbiddenByConnection")
"""What the vault says of this machine's network, which tells nothing of the nodes'."""


def identity(case: Case) -> Finding:
    """Whether the directory knows the identity that the class names."""
    told = case.admission
    if isinstance(told, NotTriedError | OpsError):
        return Finding.skipped(str(told))
    named = _named(case)
    if isinstance(told, DeniedError) and any(code in str(told) for code in _UNKNOWN):
        return Finding.failed(
            f"the directory does not know {named}: {told}", f"it was deleted, or made anew: {case.again}"
        )
    return Finding.ok(f"the directory knows {named}")


def federation(case: Case) -> Finding:
    """Whether a federated credential ties the workload's service account to its identity.

    (Microsoft Learn: "Workload identity federation")
    """
    told, mode = case.admission, _key_vault(case).identity_mode
    if isinstance(told, NotTriedError | OpsError):
        return Finding.skipped(str(told))
    if isinstance(told, DeniedError):
        what = "a federated credential" if mode in FEDERATED else "the identity's credentials"
        return Finding.failed(f"{what} of {_named(case)} is wrong: {told}", _mended(case, str(told)))
    if mode not in FEDERATED:
        return Finding.ok(f"none is needed in mode {mode}")
    return Finding.ok(f"system:serviceaccount:{case.workload.namespace}:{case.workload.service_account} is tied to it")


def store(case: Case) -> Finding:
    """Whether the vault is there, and reached from here."""
    if nothing := admitted(case):
        return nothing
    url = _key_vault(case).url
    for error in case.refusals.values():
        if isinstance(error, AbsentError) and not isinstance(error, MissingError):
            return Finding.failed(
                f"{url}: {error}",
                "compare backend.vault.name; a vault that was deleted softly comes back with backend.vault.recover",
            )
        if any(code in str(error) for code in _ELSEWHERE):
            return Finding.skipped(f"{url}, from this machine: {error}. The nodes may be let in: the pods' events tell")
    return unreached(case) or Finding.ok(f"{url} answers")


def assignment(case: Case) -> Finding:
    """Whether a role assignment, or an access policy, allows to read each promised object."""
    if nothing := admitted(case):
        return nothing
    if any(code in str(error) for error in case.refusals.values() for code in _ELSEWHERE):
        return Finding.skipped("the vault keeps this machine out")
    return allowed(
        case, f"where it is new, wait: it takes up to ten minutes to take effect, and is kept for as long. {case.again}"
    )


def objects(case: Case) -> Finding:
    """Whether the promised objects are there."""
    return admitted(case) or there(
        case,
        "write it: az keyvault secret set, or seed it (strongroom:seeds) in a stack that makes the vault; one that was "
        "deleted softly comes back with az keyvault secret recover",
        "object",
    )


def version(case: Case) -> Finding:
    """Whether the promised versions are there, and enabled."""
    return admitted(case) or there(
        case,
        "enable it (az keyvault secret set-attributes --enabled true), or name another version in the workload's "
        "secrets",
        "version",
    )


def _key_vault(case: Case) -> KeyVaultStore:
    if not isinstance(case.stack.backend, KeyVaultStore):
        raise OpsError(f"{case.workload.path} reads from no Key Vault")
    return case.stack.backend


def _named(case: Case) -> str:
    client = case.delivered.provider_class.parameters.get("clientID") or case.workload.identity.get("clientId")
    return f"the identity {client}" if client else f"the identity of mode {_key_vault(case).identity_mode}"


def _mended(case: Case, told: str) -> str:
    if "AADSTS700211" in told:
        return (
            "set kubernetes.oidcIssuer to the cluster's, letter by letter (az aks show --query "
            f"oidcIssuerProfile.issuerUrl); or, where the credential was changed by hand: {case.again}"
        )
    if "AADSTS7000215" in told:
        return f"set a new one: pulumi config set --secret strongroom:clientSecret --stack {case.name}, then pulumi up"
    return f"where it is new, wait some minutes; else it was changed by hand: {case.again}"
