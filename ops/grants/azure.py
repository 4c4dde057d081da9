"""What Azure's role assignments and access policies open, and to whom."""

import re
from collections.abc import Iterator

from strongroom.policy.rules.azure import ASSIGNMENT, VAULT
from strongroom.policy.rules.rule import at, listed

from .grant import ORDER, ByKind, Granted, Step, readable
from .principals import Principals
from .roles import AzureRole, azure_role, known

ACCESS_POLICY = "azure-native:keyvault:AccessPolicy"

_USES = {"decrypt", "encrypt", "sign", "unwrapkey", "verify", "wrapkey"}
_PERMISSIONS = {"get": ("read",), "list": ("list",), "set": ("write",), "all": ORDER, **dict.fromkeys(_USES, ("use",))}
_ASSIGNED = re.compile(r"(?P<who>.+?)/(?:(?P<kind>secrets|keys|certificates)/(?P<object>[^/]+)|vault)/(?P<role>[^/]+)")
_VAULTS = re.compile("/providers/Microsoft.KeyVault/vaults/", re.IGNORECASE)
_ONE = {"secrets": "secret", "keys": "key", "certificates": "certificate"}


def of_azure(by_kind: ByKind) -> Iterator[Granted]:
    """Everything that role assignments and access policies open, by each path."""
    principals = Principals(by_kind)
    yield from _of_assignments(by_kind, principals)
    for policy in by_kind.get(ACCESS_POLICY, ()):
        yield from _of_policy(policy.name, policy.at("vaultName"), policy.at("policy"), principals)
    for vault in by_kind.get(VAULT, ()):
        for entry in listed(vault.at("properties", "accessPolicies")):
            yield from _of_policy(None, vault.at("vaultName"), entry, principals)


def _of_assignments(by_kind: ByKind, principals: Principals) -> Iterator[Granted]:
    for assignment in by_kind.get(ASSIGNMENT, ()):
        # Scopes and principals of what is still to be made can't be known: names say the same, by what made them.
        named = _ASSIGNED.fullmatch(assignment.name)
        role = azure_role(readable(assignment.at("roleDefinitionId")), named and named["role"])
        scope = readable(assignment.at("scope"))
        target, reach = _target(scope, role) if scope else _by_name(named, role)
        step = Step("role assignment", role.name, scope or "")
        for first in principals.paths(assignment.at("principalId"), named and named["who"]):
            for may in role.may:
                yield Granted(may, (*first, step, target), reach)


def _target(scope: str, role: AzureRole) -> tuple[Step, str]:
    """What a role at a scope is about, and what that reaches."""
    place = "".join(_VAULTS.split(scope, maxsplit=1)[1:]).strip("/")
    vault, _, below = place.partition("/")
    kind, _, name = below.partition("/")
    below = f"{kind}/{name}" if name else "*" if role.every else f"{role.objects}/*"
    reach = f"azure:/{vault or '+'}/{below}".lower()
    if not known(role):
        return Step("unknown", f"whatever the role {role.name} opens at {place or scope}"), reach
    if name:
        return Step(_ONE.get(kind, kind), name, vault), reach
    return Step("scope", f"every {_ONE[role.objects]} " + (f"of {vault}" if vault else f"below {scope}")), reach


def _by_name(named: "re.Match[str] | None", role: AzureRole) -> tuple[Step, str]:
    if not known(role):
        return Step("unknown", f"whatever the role {role.name} opens"), "azure:/*"
    if named and named["object"]:
        return Step(_ONE[named["kind"]], named["object"]), f"azure:/+/{named['kind']}/{named['object']}".lower()
    return Step("scope", f"every {_ONE[role.objects]} of the vault"), "azure:/*"


def _of_policy(key: str | None, vault: object, entry: object, principals: Principals) -> Iterator[Granted]:
    place = readable(vault)
    for first in principals.paths(at(entry, "objectId"), key):
        step = Step("access policy", key or first[-1].name, place or "")
        for kind in _ONE:
            target = Step("scope", f"all {kind} of {place or 'the vault'}")
            granted = {str(permission).lower() for permission in listed(at(entry, "permissions", kind))}
            for may in sorted({may for each in granted for may in _PERMISSIONS.get(each, ("administer",))}):
                yield Granted(may, (*first, step, target), f"azure:/{place or '+'}/{kind}/*".lower())
