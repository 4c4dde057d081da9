"""Grants by Vault's policies to workloads, people and machines."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from strongroom.policy.rules import Declared
from strongroom.policy.rules.kinds import vault as kinds
from strongroom.policy.rules.policies import UnreadablePolicyError, read_paths
from strongroom.policy.rules.rule import listed

from .grant import ByKind, Granted, Step, get_known_text

GROUP_ALIAS = "vault:identity/groupAlias:GroupAlias"
EXTERNAL_GROUPS = {
    kinds.LDAP: "LDAP group",
    kinds.GITHUB: "GitHub team",
    kinds.JWT: "OIDC group",
}
"""Auth methods with external groups, and the groups' titles."""

_CAPABILITIES = {"create": "write", "update": "write", "patch": "write", "delete": "write", "sudo": "administer"}
_SUBJECT = re.compile(r"system:serviceaccount:(?P<namespace>[^:]+):(?P<name>[^:]+)")
_ALL = Step("scope", "everything in Vault")


@dataclass(frozen=True)
class _Holder:
    """Holders of tokens with certain policies."""

    who: Sequence[Step]
    via: tuple[Step, ...]
    policies: Sequence[str]


def list_vault_grants(by_kind: ByKind) -> Iterator[Granted]:
    """List the grants of Vault's policies, by each path."""
    documents = _read_documents(by_kind)
    for holder in _list_holders(by_kind):
        for policy in holder.policies:
            for may, target, reach in _list_opened(policy, documents.get(policy.lower())):
                for who in holder.who:
                    yield Granted(may, (who, *holder.via, Step("policy", policy), target), f"vault:/{reach}")
    for bootstrap in by_kind.get(kinds.BOOTSTRAP, ()):
        yield from _list_bootstrap_grants(bootstrap)


def _read_documents(by_kind: ByKind) -> dict[str, object]:
    """Read each policy's document by its folded name; `None` if two policies share a name.

    (Vault docs: "Policies": names are not case-sensitive)
    """
    found: dict[str, object] = {}
    for policy in by_kind.get(kinds.POLICY, ()):
        name, document = str(policy.at("name")).lower(), policy.at("policy")
        found[name] = document if found.get(name, document) == document else None
    return found


def parse_account(subject: str) -> Step:
    """Parse a token's subject as a service account (Kubernetes docs: "Managing Service Accounts")."""
    match = _SUBJECT.fullmatch(subject)
    return Step("service account", f"{match['namespace']}/{match['name']}") if match else Step("subject", subject)


def _list_holders(by_kind: ByKind) -> Iterator[_Holder]:
    for kind, resources in by_kind.items():
        for resource in resources if kind.startswith("vault:") else ():
            policies = [*_list_policies(resource.at("tokenPolicies")), *_list_policies(resource.at("policies"))]
            if policies:
                yield _Holder(*_find_logins(resource, by_kind), policies)


def _list_policies(value: object) -> list[str]:
    """List the names of policies, with `(not known)` for unknown ones."""
    if value is None:
        return []
    known = [str(name) for name in listed(value)]
    is_complete = len(known) == len(cast("list[object]", value)) if isinstance(value, list) else False
    return known if is_complete else [*known, "(not known)"]


def _find_logins(resource: Declared, by_kind: ByKind) -> tuple[Sequence[Step], tuple[Step, ...]]:
    """Find the holders of a resource's policies, and the steps to them."""
    if resource.kind in kinds.ROLES:
        name, path = str(resource.at("roleName")), get_known_text(resource.at("backend")) or ""
        role = Step("role", name, path)
        if resource.kind == kinds.APP_ROLE:
            return [Step("AppRole", f"{path or 'approle'}/{name}")], (role,)
        return _list_accounts(resource) or [Step("unnamed", f"everybody who can log in by the role {name}", path)], (
            role,
        )
    if resource.kind == kinds.USER:
        return [Step("user", f"{resource.at('mount')}/{resource.at('username')}")], ()
    if resource.kind == kinds.GROUP:
        group = Step("identity group", str(resource.at("name")))
        return list(_list_members(resource, by_kind)) or [Step("unnamed", f"members of the {group}")], (group,)
    kind = resource.kind.rpartition(":")[2]
    return [Step("unnamed", f"everybody who can log in by the {kind} {resource.name}")], ()


def _list_accounts(role: Declared) -> list[Step]:
    if role.kind == kinds.JWT_ROLE:
        subject = get_known_text(role.at("boundSubject"))
        return [parse_account(subject)] if subject else []
    names, namespaces = (listed(role.at(f"boundServiceAccount{what}")) for what in ("Names", "Namespaces"))
    if role.at("boundServiceAccountNamespaceSelector") is not None:
        return []
    return [Step("service account", f"{namespace}/{name}") for namespace in namespaces for name in names]


def _list_members(group: Declared, by_kind: ByKind) -> Iterator[Step]:
    """List the external groups of a Vault group."""
    own = get_known_text(group.outputs.get("id"))
    for alias in by_kind.get(GROUP_ALIAS, ()):
        of = get_known_text(alias.at("canonicalId"))
        # New resources have no id: then those that ExternalGroup created together have one name.
        if of == own if of and own else alias.name == group.name:
            name = str(alias.at("name"))
            path, kind = _find_external_group(alias, alias.name.removesuffix(f"/{name}"), by_kind)
            yield Step(kind, f"{path}/{name}")


def _find_external_group(alias: Declared, path: str, by_kind: ByKind) -> tuple[str, str]:
    """Find the mount of an alias's auth method, and its groups' title."""
    accessor = get_known_text(alias.at("mountAccessor"))
    mounts = [(mount, called) for kind, called in EXTERNAL_GROUPS.items() for mount in by_kind.get(kind, ())]
    for mount, called in mounts:
        if accessor and get_known_text(mount.outputs.get("accessor")) == accessor:
            return str(mount.at("path")), called
    return path, next((called for mount, called in mounts if mount.at("path") == path), "group")


def _list_opened(name: str, document: object) -> Iterable[tuple[str, Step, str]]:
    """List what a policy allows, each with its step and path."""
    if name == "root":
        return [("administer", _ALL, "*")]
    text = get_known_text(document)
    try:
        paths = read_paths(text) if text else {}
    except UnreadablePolicyError:
        paths = {}
    # An empty document is valid, and opens nothing.
    if not paths and text != "":
        return [("read", Step("unknown", f"whatever the policy {name} opens"), "*")]
    return [
        (may, Step("path", path), path)
        for path, capabilities in paths.items()
        if "deny" not in capabilities
        for may in sorted({_CAPABILITIES.get(each, each) for each in capabilities})
    ]


def _list_bootstrap_grants(bootstrap: Declared) -> Iterator[Granted]:
    """List the grants of the stack's own token, and of the key shares."""
    token = Step("unnamed", "holders of the stack's token")
    policy = "strongroom-admin"
    for may, target, reach in _list_opened(policy, bootstrap.at("adminRules")):
        yield Granted(may, (token, Step("policy", policy), target), f"vault:/{reach}")
    count = f"{_format_whole(bootstrap.at('threshold'))} of {_format_whole(bootstrap.at('shareCount'))}"
    holders = Step("unnamed", f"holders of {count} key shares")
    yield Granted("administer", (holders, Step("root token", "made by the shares"), _ALL), "vault:/*")


def _format_whole(number: object) -> str:
    # The engine has no integers.
    return f"{number:g}" if isinstance(number, int | float) else "some"
