"""Links: Vault, the role, the policy and the objects."""

from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import AbsentError, NotAllowedError, OpsError
from ..findings import Finding
from ..pulumi.stack import VaultStore
from ..store.base import DeniedError
from ..store.vault_operator import VaultOperator
from .case import Case
from .reads import admitted, allowed, there


def store(case: Case) -> Finding:
    """Whether Vault is reached from here, and unsealed."""
    backend = _vault(case)
    try:
        sealed = VaultOperator(backend).sealed
    except OpsError as error:
        return Finding.skipped(f"{error}, from this machine: the cluster's nodes may reach it; the pods' events tell")
    if sealed:
        return Finding.failed(
            f"Vault at {backend.address} is sealed",
            "unseal it: pulumi up where the stack opens it (backend.bootstrap), or vault operator unseal",
        )
    return Finding.ok(f"{backend.address} is unsealed")


def identity(case: Case) -> Finding:
    """Whether the auth method and the role are there."""
    if isinstance(case.admission, OpsError):
        return Finding.skipped(str(case.admission))
    backend, role = _vault(case), _role(case)
    place = f"auth/{backend.auth_path}"
    told = str(case.admission) if isinstance(case.admission, DeniedError) else ""
    if "invalid role name" in told or "could not be found" in told:
        return Finding.failed(f"{place} has no role {role}", case.again)
    if told:
        try:
            VaultOperator(backend).read(f"{place}/role/{role}")
        except AbsentError:
            return Finding.failed(f"Vault has no {place}/role/{role}, or no auth method there", case.again)
        except NotAllowedError as error:
            return Finding.skipped(f"whether {place} has the role {role} was not found out: {error}")
    return Finding.ok(f"{place}/role/{role}")


def role(case: Case) -> Finding:
    """Whether the role admits the workload's service account.

    (Vault docs: "Kubernetes auth method", "JWT/OIDC auth method")
    """
    if isinstance(case.admission, OpsError):
        return Finding.skipped(str(case.admission))
    name, account = _role(case), f"{case.workload.namespace}/{case.workload.service_account}"
    if not isinstance(case.admission, DeniedError):
        return Finding.ok(f"{name} admits {account}")
    seen = f"role {name} does not admit {account}: {case.admission}"
    try:
        told = VaultOperator(_vault(case)).read(f"auth/{_vault(case).auth_path}/role/{name}")
    except OpsError as error:
        return Finding.failed(f"{seen}. What the role says was not found out: {error}", _role_or_reviewer(case))
    if differences := list(_strangers(case, told)):
        return Finding.failed(f"{seen}. It {'; it '.join(differences)}", case.again)
    return Finding.failed(
        f"{seen}. The role is as it was deployed, so Vault could not review the token", _reviewer(case)
    )


def policy(case: Case) -> Finding:
    """Whether the workload's policy allows to read each promised object. (Vault docs: "Policies")"""
    return admitted(case) or allowed(
        case, f"its policy {case.workload.identity.get('policy')} was changed, or another is attached: {case.again}"
    )


def objects(case: Case) -> Finding:
    """Whether the promised objects are there, with their keys."""
    return admitted(case) or there(
        case,
        "write it: vault kv put, or seed it (strongroom:seeds) in a stack that makes the engine; or correct object and "
        "key in the workload's secrets",
        "object",
        "key",
    )


def version(case: Case) -> Finding:
    """Whether the promised versions are there, neither deleted nor destroyed.

    (Vault docs: "KV secrets engine - version 2 (API)")
    """
    return admitted(case) or there(
        case,
        "a deleted version comes back with vault kv undelete; in place of a destroyed one write a new version, or name "
        "another in the workload's secrets",
        "version",
    )


def _vault(case: Case) -> VaultStore:
    if not isinstance(case.stack.backend, VaultStore):
        raise OpsError(f"{case.workload.path} reads from no Vault")
    return case.stack.backend


def _role(case: Case) -> str:
    return case.delivered.provider_class.parameters["roleName"]


def _strangers(case: Case, told: Mapping[str, Any]) -> Iterator[str]:
    workload = case.workload
    names, namespaces = (told.get(f"bound_service_account_{what}") for what in ("names", "namespaces"))
    if names is not None and workload.service_account not in names and names != ["*"]:
        yield f"admits the service accounts {', '.join(names)}"
    if namespaces is not None and workload.namespace not in namespaces and namespaces != ["*"]:
        yield f"admits the namespaces {', '.join(namespaces) or 'none'}"
    subject = told.get("bound_subject")
    if subject and subject != f"system:serviceaccount:{workload.namespace}:{workload.service_account}":
        yield f"admits the subject {subject}"


def _role_or_reviewer(case: Case) -> str:
    return f"{case.again}; or, where the role is as it was deployed: {_reviewer(case)}"


def _reviewer(case: Case) -> str:
    path = _vault(case).auth_path
    return (
        f"look at who reviews tokens for auth/{path}: its token may have expired, its service account be gone or lack "
        f"system:auth-delegator, or Vault may not reach the API server. {case.again}; Vault's log says 'login "
        "unauthorized due to'"
    )
