"""The policy of the token that bootstrap returns."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from ...field_types import check_name, check_object_path
from ..policy import build_policy_prefix, build_role_prefix

ADMIN_POLICY = "strongroom-admin"

_CHANGE = ("create", "read", "update", "delete")
_ALL = (*_CHANGE, "list")

_PROOF: Mapping[str, tuple[str, ...]] = {
    "auth/token/lookup-self": ("read",),
    "auth/token/accessors": ("list", "sudo"),
    "auth/token/lookup-accessor": ("update",),
    "sys/capabilities-self": ("update",),
    "sys/capabilities-accessor": ("update",),
    "identity/entity/id": ("list",),
    "identity/entity/id/*": ("read",),
    **{
        f"auth/+/{part}{below}": (verb,)
        for part in ("role", "roles", "users", "user", "groups", "certs", "map/users", "map/teams")
        for below, verb in (("", "list"), ("/+", "read"))
    },
}
"""The paths that `verify --as-operator` reads to find who else reaches the stack's secrets: names, policies, lifetimes.
An accessor is no token: a token can be looked up by it, and revoked with a right that this policy does not give."""

_GROUPS: Mapping[str, tuple[str, ...]] = {
    "identity/group/id": ("list",),
    "identity/group/id/*": ("read",),
    "identity/group/name/*": ("read",),
}

_VAULTS_OWN = {"auth": {"token"}, "mount": {"sys", "identity", "cubbyhole", "auth", "audit"}}
"""First segments of paths that are Vault's own, whatever a stack declares."""


@dataclass(frozen=True)
class AdminScope:
    """The paths that a stack writes in its Vault. Its admin may do that, and nothing beside it."""

    engines: tuple[str, ...] = ("secret",)
    """Engines that it mounts."""

    seeded: tuple[str, ...] = ()
    """KV version 2 engines whose values it may write and read."""

    auth: str = "kubernetes"
    """The auth method that its workloads log in by: policies are named after it."""

    logins: tuple[str, ...] = ()
    """Auth methods of people and of machines outside the cluster."""

    databases: str | None = None
    """The engine that it makes users of databases with: roles are named after `auth`."""

    pki: str | None = None
    """The engine whose roles it makes; they are named after `auth`."""

    pki_root: str | None = None
    """The engine of the root that it makes for `pki`."""

    groups: bool = False
    """Whether it writes identity groups. Vault names those by ids, so this opens every group."""


def build_admin_rules(scope: AdminScope | None = None) -> str:
    """Build the policy of the token that a stack configures its Vault with.

    Vault matches a path as it was sent, and folds a policy's name only afterwards. A pattern over all policies
    therefore also opens every other spelling of this one, and of every policy that somebody else keeps: what may be
    written is named by the prefixes of what the stack makes. Audit devices are bootstrap's own, because a device may
    send every token, in plaintext, to any listener.

    The holder can still give an identity of the stack's own auth methods a policy that opens anything: guard the token
    as root's. (Vault docs: "Policies", on priority matching and root-protected paths; "Audit devices")

    :param scope: What the stack writes; the defaults of `KvEngine` and `KubernetesAuth` if omitted.
    :raises ValueError: A path that Vault would take for a pattern, or that is Vault's own.
    """
    scope = scope or AdminScope()
    rules: dict[str, tuple[str, ...]] = {
        "sys/mounts": ("read",),
        "sys/auth": ("read",),
        "sys/policies/acl": ("list",),
        "sys/policies/acl/*": ("read",),
        f"sys/policies/acl/{build_policy_prefix(scope.auth)}*": _ALL,
        # The provider works with a child of its token, which can do no more. (Vault provider: "Token")
        "auth/token/create": ("create", "update"),
        "sys/storage/raft/configuration": ("read",),
        "sys/storage/raft/autopilot/*": ("read",),
    }
    rules |= _PROOF
    if not scope.groups:
        rules |= _GROUPS
    for path in (scope.auth, *scope.logins):
        rules |= _build_auth_rules(_require_mountable("auth", path))
    for path in scope.engines:
        rules |= {f"sys/mounts/{_require_mountable('mount', path)}": _CHANGE, f"sys/mounts/{path}/tune": _CHANGE}
    for path in scope.seeded:
        rules |= {
            f"{_require_mountable('mount', path)}/config": _CHANGE,
            f"{path}/data/*": _CHANGE,
            f"{path}/metadata/*": _ALL,
        }
    if scope.databases is not None:
        rules |= _build_database_rules(_require_mountable("mount", scope.databases), build_role_prefix(scope.auth))
    if scope.pki is not None:
        rules[f"{_require_mountable('mount', scope.pki)}/roles/{build_role_prefix(scope.auth)}*"] = _CHANGE
    if scope.pki is not None and scope.pki_root is not None:
        rules |= _build_authority_rules(scope.pki, _require_mountable("mount", scope.pki_root))
    if scope.groups:
        for kind in ("group", "group-alias"):
            rules |= {f"identity/{kind}": _CHANGE, f"identity/{kind}/*": _ALL}
    return "\n".join(f'path "{path}" {{ capabilities = {json.dumps(list(verbs))} }}' for path, verbs in rules.items())


def _build_auth_rules(path: str) -> dict[str, tuple[str, ...]]:
    return {
        f"sys/auth/{path}": (*_CHANGE, "sudo"),
        f"sys/auth/{path}/tune": (*_CHANGE, "sudo"),
        # Where the provider tunes a method. (Vault docs: "/sys/mounts", on tuning)
        f"sys/mounts/auth/{path}/tune": _CHANGE,
        f"auth/{path}/*": _ALL,
    }


def _build_database_rules(path: str, prefix: str) -> dict[str, tuple[str, ...]]:
    return {
        f"{path}/config/*": _CHANGE,
        f"{path}/rotate-root/*": ("create", "update"),
        f"{path}/roles/{prefix}*": _CHANGE,
        f"{path}/static-roles/{prefix}*": _CHANGE,
    }


def _build_authority_rules(path: str, root: str) -> dict[str, tuple[str, ...]]:
    written = (
        *(f"{path}/{part}" for part in ("intermediate/generate/internal", "intermediate/set-signed", "config/urls")),
        *(f"{root}/{part}" for part in ("root/generate/internal", "root/sign-intermediate", "config/urls")),
    )
    read = (f"{mount}/{part}/+" for mount in (path, root) for part in ("cert", "issuer", "key"))
    return {**dict.fromkeys(written, ("create", "read", "update")), **dict.fromkeys(read, ("read",))}


def _require_mountable(kind: str, path: str) -> str:
    """Return `path`, if the stack may own it.

    :raises ValueError: It is a pattern, or Vault's own.
    """
    first = check_name(f"{kind} path", path, check_object_path).split("/")[0]
    if first in _VAULTS_OWN[kind]:
        raise ValueError(f"{kind} path {path!r} is Vault's own: mount at another path, e.g. {first}-shop")
    return path
