"""Foreign principals in a Vault: those that can read a stack's objects, or grant themselves that, outside the stack."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, cast

from strongroom.policy.rules.kinds.vault import GROUP, POLICY, ROLES, USER
from strongroom.policy.rules.policies import UnreadablePolicyError, read_paths

from ..errors import AbsentError, NotAllowedError, OpsError, UnreachableError
from ..pulumi.stack import DeployedStack, VaultStore
from ..store.vault_operator import VaultOperator
from .check import STACK, Check
from .deployment import Deployment
from .path_index import PathIndex

_ROLES = ("role", "roles", "users", "user", "groups", "certs", "map/users", "map/teams")
"""Where auth methods keep the entries that policies are attached to."""

_ESCALATIONS = PathIndex(
    ("sys/policies/acl/x", "sys/policy/x", "auth/token/create", "auth/token/create-orphan", "sys/raw/x")
)
"""Paths by which a token could give itself other policies."""

_YOUNGEST = 2.0
"""Seconds. A younger token is skipped: before its lease is recorded, Vault takes it for one that should have
ended, and revokes it when its accessor is looked up. (Vault's source: `token_store.go`, "It's any kind of expiring
token with no lease, immediately delete it")"""

_MOST_TOKENS = 5000
_AT_ONCE = 8


class VaultForeignPrincipals:
    """Principals that can read a stack's objects, and that the stack didn't deploy."""

    def __init__(
        self,
        stack: DeployedStack,
        store: VaultStore,
        deployment: Deployment,
        operator: VaultOperator,
        administrators: Collection[str],
    ) -> None:
        """
        :param administrators: Policies whose holders are allowed, e.g. `policy ops`.
        """
        self._operator = operator
        self._store = store
        objects = {item.object for workload in stack.workloads for item in workload.objects}
        parts = ("data", "metadata", "delete", "undelete", "destroy", "subkeys")
        self._paths = PathIndex(
            (
                *(f"{store.mount}/{part}/{name}" for name in objects for part in parts),
                *(path for each in stack.workloads for made in each.dynamic for path in made.access_paths),
            )
        )
        self._deployed = {str(each.at("name")) for each in deployment.list_of_kind(POLICY)}
        self._roles = {
            f"auth/{each.at('backend')}/role/{each.at('roleName')}" for each in deployment.list_of_kind(*ROLES)
        }
        self._users = {f"auth/{each.at('mount')}/users/{each.at('username')}" for each in deployment.list_of_kind(USER)}
        self._groups = {str(each.at("name")) for each in deployment.list_of_kind(GROUP)}
        self._administrators = {name.removeprefix("policy ") for name in administrators}
        mounts = {
            str(each.at("path") or each.at("type") or each.at("backend")).strip("/")
            for each in deployment.resources
            if each.kind.startswith("vault:") and each.kind.endswith("authBackend:AuthBackend")
        }
        self._logins = (f"auth/{store.auth_path}/login", *(f"auth/{mount}/" for mount in sorted(mounts)))
        """Prefixes of the login paths of the stack's own auth methods."""

    def check(self) -> Iterator[Check]:
        """Check that no foreign policy, role, group, entity or token reaches the stack's objects."""
        accessors = self._list_accessors()
        listed = time.monotonic()
        touching: set[str] = set()
        yield self._build_check(
            "no other policy reaches its objects", "LIST sys/policies/acl", lambda: self._find_policies(touching)
        )
        held = touching | {name for name in self._deployed if name}
        yield self._build_check(
            "no other role has a policy that reaches them", "LIST sys/auth", lambda: self._find_roles(held)
        )
        yield self._build_check(
            "no group has a policy that reaches them", "LIST identity/group/id", lambda: self._find_groups(held)
        )
        yield self._build_check(
            "no entity has a policy that reaches them", "LIST identity/entity/id", lambda: self._find_entities(held)
        )
        yield self._build_check(
            "no other token has a policy that reaches them",
            "LIST auth/token/accessors",
            lambda: self._find_tokens(held, accessors, listed),
        )

    def _build_check(self, what: str, asked: str, find: Callable[[], Iterable[str]]) -> Check:
        try:
            found = sorted(set(find()))
        except NotAllowedError as error:
            return Check(STACK, what, None, f"{asked}: {error}", (asked,), "skipped")
        return Check(STACK, what, not found, "; ".join(found) or "none", (asked,), f"{len(found)} foreign")

    def _read_own_policies(self) -> set[str]:
        """List the policies of the operator itself, whose holders administer this Vault."""
        token = self._operator.read("auth/token/lookup-self")
        return {str(name) for name in (*(token.get("policies") or ()), *(token.get("identity_policies") or ()))}

    def _find_policies(self, touching: set[str]) -> Iterator[str]:
        known = self._read_own_policies() | self._administrators | {"root"}
        known -= {"default"} - self._administrators
        for name in self._operator.list_names("sys/policies/acl"):
            if name in known or name in self._deployed:
                continue
            text = str(self._operator.read(f"sys/policies/acl/{name}").get("policy") or "")
            try:
                rules = read_paths(text)
            except UnreadablePolicyError as error:
                touching.add(name)
                yield f"policy {name} may open anything: its document {error}"
                continue
            if reached := self._paths.find_opened(rules) or _ESCALATIONS.find_opened(rules):
                touching.add(name)
                yield f"policy {name} opens {reached}"

    def _find_roles(self, policies: Collection[str]) -> Iterator[str]:
        for mount, method in sorted(self._operator.read("sys/auth").items()):
            kind = cast("Mapping[str, Any]", method).get("type")
            below = f"auth/{mount}".rstrip("/")
            for part in ("roles",) if kind == "token" else _ROLES:
                for path in self._list_below(f"{below}/{part}"):
                    if path in self._roles or path in self._users:
                        continue
                    try:
                        role = self._operator.read(path)
                    except AbsentError:
                        continue
                    if name := _find_policy(role, policies):
                        yield f"{path} has the policy {name}{_format_accounts(role)}"

    def _list_below(self, path: str) -> list[str]:
        try:
            return [f"{path}/{name}" for name in self._operator.list_names(path)]
        except (NotAllowedError, UnreachableError):
            raise
        except OpsError:
            # A method without such a part returns an error of its own.
            return []

    def _find_groups(self, policies: Collection[str]) -> Iterator[str]:
        for id_ in self._operator.list_names("identity/group/id"):
            group = self._operator.read(f"identity/group/id/{id_}")
            if str(group.get("name")) not in self._groups and (name := _find_policy(group, policies)):
                yield f"group {group.get('name')} has the policy {name}"

    def _find_entities(self, policies: Collection[str]) -> Iterator[str]:
        for id_ in self._operator.list_names("identity/entity/id"):
            entity = self._operator.read(f"identity/entity/id/{id_}")
            if name := _find_policy(entity, policies):
                aliases = ", ".join(str(alias.get("name")) for alias in entity.get("aliases") or ())
                yield f"entity {entity.get('name')} ({aliases or 'no alias'}) has the policy {name}"

    def _list_accessors(self) -> "Sequence[str] | NotAllowedError":
        try:
            return self._operator.list_names("auth/token/accessors")
        except NotAllowedError as error:
            return error

    def _find_tokens(
        self, policies: Collection[str], listed: "Sequence[str] | NotAllowedError", since: float
    ) -> Iterator[str]:
        """Find the tokens that have one of these policies, and that are not from a login of the stack's.

        :param listed: The accessors of tokens, or the error of the list.
        :param since: When they were listed, by the monotonic clock.
        """
        if isinstance(listed, NotAllowedError):
            raise listed
        own = str(self._operator.read("auth/token/lookup-self").get("accessor"))
        accessors = [each for each in listed if each != own]
        if len(accessors) > _MOST_TOKENS:
            raise NotAllowedError(f"there are {len(accessors)} tokens, and at most {_MOST_TOKENS} are checked")
        time.sleep(max(0.0, since + _YOUNGEST - time.monotonic()))
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = pool.map(partial(self._look_up_token, own=own), accessors)
            for accessor, token in zip(accessors, found, strict=True):
                # Roles and users were compared above, and with them the tokens of their logins.
                is_own = str(token.get("path")).startswith(self._logins)
                if not is_own and (name := _find_policy(token, policies)):
                    whose = f"{token.get('display_name')} ({accessor}, by {token.get('path')})"
                    yield f"token {whose} has the policy {name}"

    def _look_up_token(self, accessor: str, own: str) -> Mapping[str, Any]:
        """Look up a token; empty if it has ended since it was listed.

        :raises NotAllowedError: The operator's token may not look up tokens.
        """
        try:
            return self._operator.query("auth/token/lookup-accessor", accessor=accessor)
        except AbsentError:
            return {}
        except NotAllowedError:
            # Vault refuses a token that is being revoked with the same error as a caller without rights.
            self._operator.query("auth/token/lookup-accessor", accessor=own)
            return {}


def _find_policy(document: Mapping[str, Any], policies: Collection[str]) -> str:
    for field in ("token_policies", "policies", "identity_policies", "allowed_policies", "value"):
        value = document.get(field)
        names: Iterable[Any] = value.split(",") if isinstance(value, str) else value or ()
        for name in names:
            if str(name).strip() in policies:
                return str(name).strip()
    return ""


def _format_accounts(role: Mapping[str, Any]) -> str:
    names, namespaces = (role.get(f"bound_service_account_{part}") or () for part in ("names", "namespaces"))
    accounts = ", ".join(f"{namespace}/{name}" for namespace in namespaces for name in names)
    return f", and allows {accounts}" if accounts else ""
