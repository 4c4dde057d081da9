"""Grants by Azure's role assignments and access policies."""

import re
from collections.abc import Iterator

from strongroom.policy.rules.kinds.azure import ACCESS_POLICY, ASSIGNMENT, VAULT
from strongroom.policy.rules.rule import at, listed

from .grant import ORDER, ByKind, Granted, Step, get_known_text
from .principals import Principals
from .roles import AzureRole, find_role, is_known_role

_USES = {"decrypt", "encrypt", "sign", "unwrapkey", "verify", "wrapkey"}
_PERMISSIONS = {"get": ("read",), "list": ("list",), "set": ("write",), "all": ORDER, **dict.fromkeys(_USES, ("use",))}
_ASSIGNED = re.compile(r"(?P<who>.+?)/(?:(?P<kind>secrets|keys|certificates)/(?P<object>[^/]+)|vault)/(?P<role>[^/]+)")
_VAULTS = re.compile("/providers/Microsoft.KeyVault/vaults/", re.IGNORECASE)
_ONE = {"secrets": "secret", "keys": "key", "certificates": "certificate"}


def list_azure_grants(by_kind: ByKind) -> Iterator[Granted]:
    """List the grants of role assignments and access policies, by each path."""
    principals = Principals(by_kind)
    yield from _list_of_assignments(by_kind, principals)
    for policy in by_kind.get(ACCESS_POLICY, ()):
        yield from _list_of_policy(policy.name, policy.at("vaultName"), policy.at("policy"), principals)
    for vault in by_kind.get(VAULT, ()):
        for entry in listed(vault.at("properties", "accessPolicies")):
            yield from _list_of_policy(None, vault.at("vaultName"), entry, principals)


def _list_of_assignments(by_kind: ByKind, principals: Principals) -> Iterator[Granted]:
    for assignment in by_kind.get(ASSIGNMENT, ()):
        # Scopes and principals of new resources are unknown: their names have the same information.
        named = _ASSIGNED.fullmatch(assignment.name)
        role = find_role(get_known_text(assignment.at("roleDefinitionId")), named and named["role"])
        scope = get_known_text(assignment.at("scope"))
        target, pattern = _find_target(scope, role) if scope else _find_target_by_name(named, role)
        step = Step("role assignment", role.name, scope or "")
        for first in principals.list_paths(assignment.at("principalId"), named and named["who"]):
            for may in role.may:
                yield Granted(may, (*first, step, target), pattern)


def _find_target(scope: str, role: AzureRole) -> tuple[Step, str]:
    """Return what a role at a scope opens, as a step and as an address."""
    place = "".join(_VAULTS.split(scope, maxsplit=1)[1:]).strip("/")
    vault, _, below = place.partition("/")
    kind, _, name = below.partition("/")
    below = f"{kind}/{name}" if name else "*" if role.every else f"{role.objects}/*"
    pattern = f"azure:/{vault or '+'}/{below}".lower()
    if not is_known_role(role):
        return Step("unknown", f"whatever the role {role.name} opens at {place or scope}"), pattern
    if name:
        return Step(_ONE.get(kind, kind), name, vault), pattern
    return Step("scope", f"every {_ONE[role.objects]} " + (f"of {vault}" if vault else f"below {scope}")), pattern


def _find_target_by_name(named: "re.Match[str] | None", role: AzureRole) -> tuple[Step, str]:
    if not is_known_role(role):
        return Step("unknown", f"whatever the role {role.name} opens"), "azure:/*"
    if named and named["object"]:
        return Step(_ONE[named["kind"]], named["object"]), f"azure:/+/{named['kind']}/{named['object']}".lower()
    return Step("scope", f"every {_ONE[role.objects]} of the vault"), "azure:/*"


def _list_of_policy(key: str | None, vault: object, entry: object, principals: Principals) -> Iterator[Granted]:
    place = get_known_text(vault)
    for first in principals.list_paths(at(entry, "objectId"), key):
        step = Step("access policy", key or first[-1].name, place or "")
        for kind in _ONE:
            target = Step("scope", f"all {kind} of {place or 'the vault'}")
            granted = {str(permission).lower() for permission in listed(at(entry, "permissions", kind))}
            for may in sorted({may for each in granted for may in _PERMISSIONS.get(each, ("administer",))}):
                yield Granted(may, (*first, step, target), f"azure:/{place or '+'}/{kind}/*".lower())
