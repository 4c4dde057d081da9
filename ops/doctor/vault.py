"""Checks of Vault, the role, the policy and the objects."""

from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import AbsentError, NotAllowedError, OpsError
from ..findings import Finding
from ..pulumi.stack import VaultStore
from ..store.base import DeniedError
from ..store.vault_operator import VaultOperator
from .context import DiagnosisContext
from .reads import check_allowed, check_present, find_login_failure


def check_store(context: DiagnosisContext) -> Finding:
    """Check that Vault can be reached from here, and is unsealed."""
    backend = _get_vault(context)
    try:
        sealed = VaultOperator(backend).sealed
    except OpsError as error:
        return Finding.skipped(f"{error}, from this machine; the cluster's nodes may reach it: see the pods' events")
    if sealed:
        return Finding.failed(
            f"Vault at {backend.address} is sealed",
            "unseal it: pulumi up if the stack unseals it (backend.bootstrap), or vault operator unseal",
        )
    return Finding.ok(f"{backend.address} is unsealed")


def check_identity(context: DiagnosisContext) -> Finding:
    """Check that the auth method and the role exist."""
    if isinstance(context.login, OpsError):
        return Finding.skipped(str(context.login))
    backend, role = _get_vault(context), _get_role(context)
    place = f"auth/{backend.auth_path}"
    refusal = str(context.login) if isinstance(context.login, DeniedError) else ""
    if "invalid role name" in refusal or "could not be found" in refusal:
        return Finding.failed(f"{place} has no role {role}", context.revert)
    if refusal:
        try:
            VaultOperator(backend).read(f"{place}/role/{role}")
        except AbsentError:
            return Finding.failed(f"Vault has no {place}/role/{role}, or no auth method there", context.revert)
        except NotAllowedError as error:
            return Finding.skipped(f"the role {role} at {place} can't be read: {error}")
    return Finding.ok(f"{place}/role/{role}")


def check_role(context: DiagnosisContext) -> Finding:
    """Check that the role allows the workload's service account.

    (Vault docs: "Kubernetes auth method", "JWT/OIDC auth method")
    """
    if isinstance(context.login, OpsError):
        return Finding.skipped(str(context.login))
    name, account = _get_role(context), context.workload.account
    if not isinstance(context.login, DeniedError):
        return Finding.ok(f"{name} allows {account}")
    seen = f"role {name} does not allow {account}: {context.login}"
    try:
        settings = VaultOperator(_get_vault(context)).read(f"auth/{_get_vault(context).auth_path}/role/{name}")
    except OpsError as error:
        return Finding.failed(f"{seen}. The role can't be read: {error}", _advise_role_or_reviewer(context))
    if differences := list(_list_differences(context, settings)):
        return Finding.failed(f"{seen}. It {'; it '.join(differences)}", context.revert)
    return Finding.failed(
        f"{seen}. The role is as it was deployed, so Vault could not review the token", _advise_reviewer(context)
    )


def check_policy(context: DiagnosisContext) -> Finding:
    """Check that the workload's policy allows reading each expected object (Vault docs: "Policies")."""
    return find_login_failure(context) or check_allowed(
        context,
        f"its policy {context.workload.identity.get('policy')} was changed, or another is attached: {context.revert}",
    )


def check_objects(context: DiagnosisContext) -> Finding:
    """Check that the expected objects exist, with their keys."""
    return find_login_failure(context) or check_present(
        context,
        "write it: vault kv put, or seed it (strongroom:seeds) in a stack that creates the engine; or correct object "
        "and key in the workload's secrets",
        "object",
        "key",
    )


def check_version(context: DiagnosisContext) -> Finding:
    """Check that the expected versions exist, neither deleted nor destroyed.

    (Vault docs: "KV secrets engine - version 2 (API)")
    """
    return find_login_failure(context) or check_present(
        context,
        "a deleted version is recovered by vault kv undelete; instead of a destroyed one write a new version, or name "
        "another in the workload's secrets",
        "version",
    )


def _get_vault(context: DiagnosisContext) -> VaultStore:
    if not isinstance(context.stack.backend, VaultStore):
        raise OpsError(f"{context.workload.path} does not read from Vault")
    return context.stack.backend


def _get_role(context: DiagnosisContext) -> str:
    return context.delivery.provider_class.parameters["roleName"]


def _list_differences(context: DiagnosisContext, settings: Mapping[str, Any]) -> Iterator[str]:
    workload = context.workload
    names, namespaces = (settings.get(f"bound_service_account_{what}") for what in ("names", "namespaces"))
    if names is not None and workload.service_account not in names and names != ["*"]:
        yield f"allows the service accounts {', '.join(names)}"
    if namespaces is not None and workload.namespace not in namespaces and namespaces != ["*"]:
        yield f"allows the namespaces {', '.join(namespaces) or 'none'}"
    subject = settings.get("bound_subject")
    if subject and subject != f"system:serviceaccount:{workload.namespace}:{workload.service_account}":
        yield f"allows the subject {subject}"


def _advise_role_or_reviewer(context: DiagnosisContext) -> str:
    return f"{context.revert}; or, if the role is as it was deployed: {_advise_reviewer(context)}"


def _advise_reviewer(context: DiagnosisContext) -> str:
    path = _get_vault(context).auth_path
    return (
        f"check the reviewer of tokens for auth/{path}: its token may have expired, its service account be gone or "
        f"lack system:auth-delegator, or Vault may not reach the API server. {context.revert}; Vault's log says "
        "'login unauthorized due to'"
    )
