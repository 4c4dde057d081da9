"""What a Vault's policies open, and to whom: workloads, people and machines."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from strongroom.policy.rules import Declared
from strongroom.policy.rules.policies import UnreadablePolicyError, opened
from strongroom.policy.rules.rule import listed
from strongroom.policy.rules.vault import APP_ROLE, JWT_ROLE, KUBERNETES_ROLE, POLICY

from .grant import ByKind, Granted, Step, readable

BOOTSTRAP = "pulumi-python:dynamic/strongroom:Bootstrap"
GROUP = "vault:identity/group:Group"
GROUP_ALIAS = "vault:identity/groupAlias:GroupAlias"
USER = "vault:index/userpassAuthBackendUser:UserpassAuthBackendUser"
DIRECTORIES = {
    "vault:ldap/authBackend:AuthBackend": "LDAP group",
    "vault:github/authBackend:AuthBackend": "GitHub team",
    "vault:jwt/authBackend:AuthBackend": "OIDC group",
}
"""The auth methods whose directories have groups, and what those are called."""

_CAPABILITIES = {"create": "write", "update": "write", "patch": "write", "delete": "write", "sudo": "administer"}
_SUBJECT = re.compile(r"system:serviceaccount:(?P<namespace>[^:]+):(?P<name>[^:]+)")
_ALL = Step("scope", "everything in Vault")


@dataclass(frozen=True)
class _Holder:
    """Those whose tokens have certain policies."""

    who: Sequence[Step]
    via: tuple[Step, ...]
    policies: Sequence[str]


def of_vault(by_kind: ByKind) -> Iterator[Granted]:
    """Everything that Vault's policies open, by each path."""
    documents = _documents(by_kind)
    for holder in _holders(by_kind):
        for policy in holder.policies:
            for may, target, reach in _opened(policy, documents.get(policy.lower())):
                for who in holder.who:
                    yield Granted(may, (who, *holder.via, Step("policy", policy), target), f"vault:/{reach}")
    for bootstrap in by_kind.get(BOOTSTRAP, ()):
        yield from _of_bootstrap(bootstrap)


def _documents(by_kind: ByKind) -> dict[str, object]:
    """Each policy's document, by its name as Vault folds it; nothing where two have one name.

    (Vault docs: "Policies": names are not case-sensitive)
    """
    found: dict[str, object] = {}
    for policy in by_kind.get(POLICY, ()):
        name, document = str(policy.at("name")).lower(), policy.at("policy")
        found[name] = document if found.get(name, document) == document else None
    return found


def account(subject: str) -> Step:
    """The service account that is a token's subject. (Kubernetes docs: "Managing Service Accounts")"""
    match = _SUBJECT.fullmatch(subject)
    return Step("service account", f"{match['namespace']}/{match['name']}") if match else Step("subject", subject)


def _holders(by_kind: ByKind) -> Iterator[_Holder]:
    for kind, resources in by_kind.items():
        for resource in resources if kind.startswith("vault:") else ():
            policies = [*_named(resource.at("tokenPolicies")), *_named(resource.at("policies"))]
            if policies:
                yield _Holder(*_admitted(resource, by_kind), policies)


def _named(value: object) -> list[str]:
    """The names of policies; whoever has some that can't be told is told too."""
    if value is None:
        return []
    known = [str(name) for name in listed(value)]
    told = len(known) == len(cast("list[object]", value)) if isinstance(value, list) else False
    return known if told else [*known, "(not known)"]


def _admitted(resource: Declared, by_kind: ByKind) -> tuple[Sequence[Step], tuple[Step, ...]]:
    """Who gets a resource's policies, and by what."""
    if resource.kind in {KUBERNETES_ROLE, JWT_ROLE, APP_ROLE}:
        name, path = str(resource.at("roleName")), readable(resource.at("backend")) or ""
        role = Step("role", name, path)
        if resource.kind == APP_ROLE:
            return [Step("AppRole", f"{path or 'approle'}/{name}")], (role,)
        return _accounts(resource) or [Step("whoever", f"everybody whom the role {name} lets log in", path)], (role,)
    if resource.kind == USER:
        return [Step("user", f"{resource.at('mount')}/{resource.at('username')}")], ()
    if resource.kind == GROUP:
        group = Step("identity group", str(resource.at("name")))
        return list(_members(resource, by_kind)) or [Step("whoever", f"members of the {group}")], (group,)
    kind = resource.kind.rpartition(":")[2]
    return [Step("whoever", f"everybody whom the {kind} {resource.name} lets log in")], ()


def _accounts(role: Declared) -> list[Step]:
    if role.kind == JWT_ROLE:
        subject = readable(role.at("boundSubject"))
        return [account(subject)] if subject else []
    names, namespaces = (listed(role.at(f"boundServiceAccount{what}")) for what in ("Names", "Namespaces"))
    if role.at("boundServiceAccountNamespaceSelector") is not None:
        return []
    return [Step("service account", f"{namespace}/{name}") for namespace in namespaces for name in names]


def _members(group: Declared, by_kind: ByKind) -> Iterator[Step]:
    """The groups of directories that a group of Vault's stands for."""
    own = readable(group.outputs.get("id"))
    for alias in by_kind.get(GROUP_ALIAS, ()):
        of = readable(alias.at("canonicalId"))
        # What is still to be made has no id, and then what ExternalGroup made together bears one name.
        if of == own if of and own else alias.name == group.name:
            name = str(alias.at("name"))
            path, kind = _directory(alias, alias.name.removesuffix(f"/{name}"), by_kind)
            yield Step(kind, f"{path}/{name}")


def _directory(alias: Declared, path: str, by_kind: ByKind) -> tuple[str, str]:
    """Where an alias's directory is mounted, and what its groups are called."""
    accessor = readable(alias.at("mountAccessor"))
    mounts = [(mount, called) for kind, called in DIRECTORIES.items() for mount in by_kind.get(kind, ())]
    for mount, called in mounts:
        if accessor and readable(mount.outputs.get("accessor")) == accessor:
            return str(mount.at("path")), called
    return path, next((called for mount, called in mounts if mount.at("path") == path), "group")


def _opened(name: str, document: object) -> Iterable[tuple[str, Step, str]]:
    """What a policy allows, where, and what that reaches."""
    if name == "root":
        return [("administer", _ALL, "*")]
    text = readable(document)
    try:
        paths = opened(text) if text else {}
    except UnreadablePolicyError:
        paths = {}
    # An empty document is one, and opens nothing.
    if not paths and text != "":
        return [("read", Step("unknown", f"whatever the policy {name} opens"), "*")]
    return [
        (may, Step("path", path), path)
        for path, capabilities in paths.items()
        if "deny" not in capabilities
        for may in sorted({_CAPABILITIES.get(each, each) for each in capabilities})
    ]


def _of_bootstrap(bootstrap: Declared) -> Iterator[Granted]:
    """What the stack's own token opens, and what the keys do that opened the Vault."""
    token = Step("whoever", "holders of the stack's token")
    policy = "strongroom-admin"
    for may, target, reach in _opened(policy, bootstrap.at("adminRules")):
        yield Granted(may, (token, Step("policy", policy), target), f"vault:/{reach}")
    count = f"{_whole(bootstrap.at('threshold'))} of {_whole(bootstrap.at('shareCount'))}"
    holders = Step("whoever", f"holders of {count} key shares")
    yield Granted("administer", (holders, Step("root token", "made by the shares"), _ALL), "vault:/*")


def _whole(number: object) -> str:
    # The engine has no integers.
    return f"{number:g}" if isinstance(number, int | float) else "some"
