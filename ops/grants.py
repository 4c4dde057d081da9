"""Who may do what with which secret, as a stack's resources say: roles and policies, identities and assignments."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from policy.rules import Declared
from policy.rules.azure import ASSIGNMENT, FEDERATED, READERS
from policy.rules.policies import opened
from policy.rules.rule import listed
from policy.rules.vault import APP_ROLE, JWT_ROLE, KUBERNETES_ROLE, POLICY

ACCESS_POLICY = "azure-native:keyvault:AccessPolicy"

_CAPABILITIES = {
    "read": "read",
    "list": "list",
    "create": "write",
    "update": "write",
    "patch": "write",
    "delete": "write",
    "sudo": "administer",
}
_PERMISSIONS = {"get": "read", "list": "list", "set": "write"}
_ASSIGNED = re.compile(r"(?P<who>.+?)/(?:(?P<kind>secrets|keys|certificates)/(?P<object>[^/]+)|vault)/(?P<role>[^/]+)")
_SUBJECT = re.compile(r"system:serviceaccount:(?P<namespace>[^:]+):(?P<name>[^:]+)")
_ONE = {"secrets": "secret", "keys": "key", "certificates": "certificate"}


@dataclass(frozen=True, order=True)
class Grant:
    """Somebody may do something with a secret."""

    who: str
    """A service account, as `namespace/name`, or what else it is."""

    may: str
    """`read`, `list`, `write` or `administer`."""

    what: str
    """The secret, or the place that holds several."""


Grants = Mapping[Grant, str]
"""Each with what it comes by, e.g. its role and its policy."""


def grants(resources: Iterable[Declared]) -> Grants:
    """Everything that `resources` allow."""
    by_kind: dict[str, list[Declared]] = defaultdict(list)
    for resource in resources:
        by_kind[resource.kind].append(resource)
    found = [*_of_vault(by_kind), *_of_assignments(by_kind), *_of_access_policies(by_kind)]
    return dict(sorted(found))


def _of_vault(by_kind: Mapping[str, Sequence[Declared]]) -> Iterator[tuple[Grant, str]]:
    policies = {policy.at("name"): policy.at("policy") for policy in by_kind[POLICY]}
    for kind in (KUBERNETES_ROLE, JWT_ROLE, APP_ROLE):
        for role in by_kind[kind]:
            name = role.at("roleName")
            for policy in map(str, listed(role.at("tokenPolicies"))):
                for may, what in _opened(policy, policies.get(policy)):
                    for who in _admitted(role):
                        yield Grant(who, may, what), f"role {name}, policy {policy}"


def _opened(name: str, document: object) -> Iterator[tuple[str, str]]:
    if not isinstance(document, str):
        yield "read", f"whatever the policy {name} opens"
        return
    for path, capabilities in opened(document).items():
        if "deny" not in capabilities:
            for may in sorted({_CAPABILITIES[each] for each in capabilities & set(_CAPABILITIES)}):
                yield may, path


def _admitted(role: Declared) -> list[str]:
    if role.kind == KUBERNETES_ROLE:
        names, namespaces = (listed(role.at(f"boundServiceAccount{what}")) for what in ("Names", "Namespaces"))
        return [f"{namespace}/{name}" for namespace in namespaces for name in names]
    subject = role.at("boundSubject")
    return [_account(subject)] if isinstance(subject, str) else [f"whoever the role {role.at('roleName')} admits"]


def _account(subject: str) -> str:
    match = _SUBJECT.fullmatch(subject)
    return f"{match['namespace']}/{match['name']}" if match else f"subject {subject}"


def _of_assignments(by_kind: Mapping[str, Sequence[Declared]]) -> Iterator[tuple[Grant, str]]:
    accounts = _accounts(by_kind[FEDERATED])
    for assignment in by_kind[ASSIGNMENT]:
        # Scopes and principals of what is still to be made can't be known: names say the same, by what made them.
        named = _ASSIGNED.fullmatch(assignment.name)
        scope, role = assignment.at("scope"), assignment.at("roleDefinitionId")
        if isinstance(role, str):
            reads = READERS.get(role.rpartition("/")[2].lower())
        else:
            reads = named["role"] if named and named["role"] in READERS.values() else None
        if reads is None:
            continue
        what = _object(scope) if isinstance(scope, str) else _by_name(named)
        key = named["who"] if named else f"principal {assignment.at('principalId')}"
        for who in accounts.get(key, [f"identity {key}"]):
            yield Grant(who, "read", what), f"identity {key}, {reads}"


def _accounts(credentials: Iterable[Declared]) -> Mapping[str, list[str]]:
    """The service accounts of each identity, by its key: its workload, or `shared`."""
    found: dict[str, list[str]] = defaultdict(list)
    for credential in credentials:
        subject = credential.at("subject")
        if isinstance(subject, str):
            for key in (credential.name, "shared"):
                found[key].append(_account(subject))
    return found


def _object(scope: str) -> str:
    below = scope.partition("/providers/Microsoft.KeyVault/vaults/")[2]
    vault, _, place = below.partition("/")
    kind, _, name = place.partition("/")
    if name:
        return f"{_ONE.get(kind, kind)} {name}"
    return f"every secret of {vault}" if vault else f"every secret below {scope}"


def _by_name(named: "re.Match[str] | None") -> str:
    if named and named["object"]:
        return f"{_ONE[named['kind']]} {named['object']}"
    return "every secret of the vault"


def _of_access_policies(by_kind: Mapping[str, Sequence[Declared]]) -> Iterator[tuple[Grant, str]]:
    accounts = _accounts(by_kind[FEDERATED])
    for policy in by_kind[ACCESS_POLICY]:
        for kind in ("secrets", "keys", "certificates"):
            for permission in listed(policy.at("policy", "permissions", kind)):
                for who in accounts.get(policy.name, [f"identity {policy.name}"]):
                    may = _PERMISSIONS.get(permission, "administer")
                    yield Grant(who, may, f"all {kind} of the vault"), f"access policy {policy.name}"
