"""Comparison of a stack's resources in Azure, and a search for foreign principals at its key vault."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, cast

from strongroom.policy.rules import Declared
from strongroom.policy.rules.azure import WIDE
from strongroom.policy.rules.kinds.azure import ACCESS_POLICY, ASSIGNMENT, FEDERATED, IDENTITY, VAULT
from strongroom.policy.rules.rule import at, listed

from ..errors import AbsentError, NotAllowedError
from ..grants.roles import ROLES
from ..pulumi.stack import KeyVaultStore
from ..store.resource_manager import ResourceManager
from .attempt import attempt
from .check import STACK, Check
from .deployment import Deployment
from .difference import Difference, compare

_VAULT_ID = re.compile(
    r"(?P<subscription>/subscriptions/[^/]+)/resourceGroups/[^/]+/providers/Microsoft\.KeyVault/vaults/[^/]+", re.I
)
_VAULTS, _IDENTITIES, _ASSIGNMENTS = "2023-07-01", "2023-01-31", "2022-04-01"
"""API versions of the Resource Manager."""

_FIELDS = ("issuer", "subject", "audiences")
_KNOWN: Mapping[str, Collection[object]] = {
    "vaultUri": "*",
    "provisioningState": "*",
    "hsmPoolResourceId": "*",
    "privateEndpointConnections": "*",
    "createMode": {"default"},
    "accessPolicies": "*",
}
"""Properties that Azure adds to a vault. Access policies have a check of their own."""


def check_azure(store: KeyVaultStore, deployment: Deployment, administrators: Collection[str]) -> Iterator[Check]:
    """Compare the vault, the identities' credentials and the role assignments with what was deployed."""
    vault = find_vault_id(deployment)
    if vault is None:
        raise NotAllowedError("the stack's state has no key vault")
    manager = ResourceManager(store)
    yield from _check_vault(deployment, manager, vault, administrators)
    yield from _check_credentials(deployment, manager)
    yield from _check_assignments(deployment, manager, vault, administrators)


def find_vault_id(deployment: Deployment) -> str | None:
    """Find the id of the stack's key vault; `None` if its state has neither it nor a role at it."""
    for resource in deployment.list_of_kind(VAULT, ASSIGNMENT):
        place = resource.outputs.get("id") if resource.kind == VAULT else resource.at("scope")
        if isinstance(place, str) and (match := _VAULT_ID.match(place)):
            return match[0]
    return None


def _check_vault(
    deployment: Deployment, manager: ResourceManager, vault: str, administrators: Collection[str]
) -> Iterator[Check]:
    asked = (f"GET {vault}",)

    def list_differences() -> list[Difference]:
        found = manager.get(vault, _VAULTS)
        return [
            difference
            for resource in deployment.list_of_kind(VAULT)
            for difference in compare(
                _add_defaults(resource.at("properties")),
                _drop_disabled(found.get("properties")),
                _KNOWN,
                ("properties",),
            )
        ]

    if any(deployment.list_of_kind(VAULT)):
        yield attempt(STACK, "its key vault is as deployed", asked, list_differences)

    def compare_policies() -> list[Difference]:
        properties = manager.get(vault, _VAULTS).get("properties")
        expected: dict[str, Any] = {
            str(resource.at("policy", "objectId")): resource.at("policy", "permissions")
            for resource in deployment.list_of_kind(ACCESS_POLICY)
        }
        for resource in deployment.list_of_kind(VAULT):
            for entry in listed(resource.at("properties", "accessPolicies")):
                expected[str(at(entry, "objectId"))] = at(entry, "permissions")
        found = {
            str(at(entry, "objectId")): at(entry, "permissions") for entry in listed(at(properties, "accessPolicies"))
        }
        return [
            difference
            for principal in sorted({*expected, *found})
            if f"principal {principal}" not in administrators
            for difference in compare(
                expected.get(principal), found.get(principal), {}, ("accessPolicies", f"[{principal}]")
            )
        ]

    yield attempt(STACK, "its key vault has the access policies deployed and no other", asked, compare_policies)


def _add_defaults(properties: object) -> dict[str, Any]:
    """Add what Azure sets by default (Microsoft Learn: "Microsoft.KeyVault vaults")."""
    given = _drop_disabled(properties)
    return {"enableSoftDelete": True, "publicNetworkAccess": "Enabled", **given}


def _drop_disabled(properties: object) -> dict[str, Any]:
    found = dict(cast("Mapping[str, Any]", properties)) if isinstance(properties, Mapping) else {}
    # Properties that are off may be absent.
    return {key: value for key, value in found.items() if value is not False and value is not None}


def _check_credentials(deployment: Deployment, manager: ResourceManager) -> Iterator[Check]:
    by_identity: dict[str, list[Declared]] = {}
    for each in deployment.list_of_kind(FEDERATED):
        by_identity.setdefault(str(each.at("resourceName")), []).append(each)
    for identity in deployment.list_of_kind(IDENTITY):
        id_ = identity.outputs.get("id")
        name = str(identity.at("resourceName"))
        if not isinstance(id_, str):
            continue
        path = f"{id_}/federatedIdentityCredentials"
        expected = {
            str(each.at("federatedIdentityCredentialResourceName")): {field: each.at(field) for field in _FIELDS}
            for each in by_identity.get(name, ())
        }

        def list_differences(path: str = path, expected: Mapping[str, Any] = expected) -> list[Difference]:
            found = {
                str(each.get("name")): {field: at(each, "properties", field) for field in _FIELDS}
                for each in manager.list(path, _IDENTITIES)
            }
            return list(compare(expected, found, {}, ("federatedIdentityCredentials",)))

        what = f"identity {name} has the credentials deployed and no other"
        yield attempt(deployment.find_owner(identity), what, (f"LIST {path}",), list_differences)


def _check_assignments(
    deployment: Deployment, manager: ResourceManager, vault: str, administrators: Collection[str]
) -> Iterator[Check]:
    deployed = {
        _get_last_part(each.at("roleAssignmentName") or each.outputs.get("name")): each
        for each in deployment.list_of_kind(ASSIGNMENT)
    }
    own = {str(each.outputs.get("principalId")): each for each in deployment.list_of_kind(IDENTITY)}
    asked, found = _list_assignments(manager, vault)
    if isinstance(found, NotAllowedError):
        yield Check(STACK, "its role assignments are as deployed", None, str(found), asked, "forbidden")
        return
    by_name = {
        _get_last_part(each.get("name")): cast("Mapping[str, Any]", each.get("properties") or {}) for each in found
    }
    for owner, group in _group_by_owner(deployment, deployed.values()).items():

        def list_differences(group: Sequence[Declared] = group) -> list[Difference]:
            return [
                difference
                for each in group
                for difference in compare(
                    _normalize(each.properties),
                    _normalize(by_name.get(_get_last_part(each.at("roleAssignmentName")), {})),
                    None,
                    (each.name,),
                )
            ]

        yield attempt(owner, "its role assignments are as deployed", asked, list_differences)
    extra = [(name, properties) for name, properties in by_name.items() if name not in deployed]
    surplus: dict[object, list[str]] = {}
    for _, each in extra:
        surplus.setdefault(each.get("principalId"), []).append(_format_assignment(each))
    for principal, identity in own.items():
        rights = surplus.get(principal, [])
        yield Check(
            deployment.find_owner(identity),
            f"identity {identity.name} has no role but those deployed",
            not rights,
            "; ".join(sorted(rights)) or "none",
            asked,
            f"{len(rights)} others",
        )
    foreign = [
        f"principal {each.get('principalId')} has {_format_assignment(each)}"
        for _, each in extra
        if each.get("principalId") not in own
        and f"principal {each.get('principalId')}" not in administrators
        and _reaches_vault(each, vault)
    ]
    yield Check(
        STACK,
        "nobody else has a role at its key vault",
        not foreign,
        "; ".join(sorted(foreign)) or "none",
        asked,
        f"{len(foreign)} foreign",
    )


def _list_assignments(
    manager: ResourceManager, vault: str
) -> tuple[tuple[str, ...], "Sequence[Mapping[str, Any]] | NotAllowedError"]:
    """List the role assignments of the subscription, or of the vault if the caller may list no others."""
    match = _VAULT_ID.match(vault)
    refused = NotAllowedError("the caller may not list role assignments")
    for scope in (match["subscription"] if match else vault, vault):
        path = f"{scope}/providers/Microsoft.Authorization/roleAssignments"
        try:
            return (f"LIST {path}",), manager.list(path, _ASSIGNMENTS)
        except (NotAllowedError, AbsentError) as error:
            refused = NotAllowedError(str(error))
    return (f"LIST {vault}/providers/Microsoft.Authorization/roleAssignments",), refused


def _group_by_owner(deployment: Deployment, resources: Collection[Declared]) -> dict[str, list[Declared]]:
    owners: dict[str, list[Declared]] = {}
    for each in resources:
        owners.setdefault(deployment.find_owner(each), []).append(each)
    return owners


def _normalize(properties: Mapping[str, Any]) -> dict[str, str]:
    return {
        "principalId": str(properties.get("principalId") or ""),
        "role": _get_last_part(properties.get("roleDefinitionId")),
        "scope": str(properties.get("scope") or "").lower().rstrip("/"),
        "condition": str(properties.get("condition") or ""),
    }


def _reaches_vault(properties: Mapping[str, Any], vault: str) -> bool:
    """Return whether an assignment leads to the vault's values.

    Roles that could only grant themselves such a role count at the vault and below it: above it, every subscription
    has owners.
    """
    scope, role = (
        str(properties.get("scope") or "").lower().rstrip("/"),
        _get_last_part(properties.get("roleDefinitionId")),
    )
    at_vault = f"{scope}/".startswith(f"{vault.lower()}/")
    above = f"{vault.lower()}/".startswith(f"{scope}/")
    if role in ROLES and not ROLES[role].may:
        return False
    return at_vault or (above and role in ROLES)


def _format_assignment(properties: Mapping[str, Any]) -> str:
    role = _get_last_part(properties.get("roleDefinitionId"))
    name = ROLES[role].name if role in ROLES else WIDE.get(role, f"the role {role}")
    return f"{name} at {properties.get('scope')}"


def _get_last_part(path: object) -> str:
    return str(path or "").rpartition("/")[2].lower()
