"""What a stack deployed to its Vault, field by field, as the operator's token reads it."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from strongroom.policy.rules import Declared
from strongroom.policy.rules.policies import UnreadablePolicyError, opened
from strongroom.policy.rules.rule import at
from strongroom.policy.rules.vault import APP_ROLE, AUDIT, JWT_ROLE, KUBERNETES_ROLE, POLICY

from ..grants.vault import GROUP
from ..pulumi.stack import VaultStore
from ..pulumi.state import HIDDEN
from ..store.vault_operator import VaultOperator
from .attempt import attempt
from .check import STACK, Check
from .deployment import Deployment
from .difference import Difference, compare

_CAPITAL = re.compile("(?<=[a-z0-9])([A-Z])")
_MIRRORED = dict.fromkeys(("policies", "ttl", "max_ttl", "period", "num_uses", "bound_cidrs"), "*")
"""Older names under which Vault repeats fields of a role."""

_ROLE: Mapping[str, Collection[object]] = _MIRRORED | {
    "alias_name_source": {"serviceaccount_uid"},
    "token_type": {"default"},
    "bound_claims_type": {"string"},
    "bind_secret_id": {True},
    "role_type": {"jwt"},
    "callback_mode": {"client"},
}
_GROUP: Mapping[str, Collection[object]] = dict.fromkeys(
    ("creation_time", "last_update_time", "modify_index", "id", "namespace_id", "alias", "parent_group_ids"), "*"
) | {"type": {"internal"}}
_TUNED: Mapping[str, Collection[object]] = {
    "force_no_cache": {False},
    "token_type": {"default-service"},
    "listing_visibility": {"hidden"},
}
_CONFIG: Mapping[str, Collection[object]] = {
    "disable_iss_validation": {True, False},
    "token_reviewer_jwt_set": {True},
}


@dataclass(frozen=True)
class _Kind:
    """A kind of resource of Vault's."""

    title: str
    name: Callable[[Declared], str]
    path: Callable[[Declared], str]
    known: Mapping[str, Collection[object]]
    ignored: tuple[str, ...]
    """Inputs that are no fields."""


def _value(resource: Declared, name: str, otherwise: str = "") -> str:
    found = resource.at(name)
    return found if isinstance(found, str) else otherwise


_ADDRESS = ("backend", "roleName", "name", "namespace", "path")
_KINDS: Mapping[str, _Kind] = {
    KUBERNETES_ROLE: _Kind(
        "role",
        lambda role: _value(role, "roleName"),
        lambda role: f"auth/{_value(role, 'backend', 'kubernetes')}/role/{_value(role, 'roleName')}",
        _ROLE,
        _ADDRESS,
    ),
    JWT_ROLE: _Kind(
        "role",
        lambda role: _value(role, "roleName"),
        lambda role: f"auth/{_value(role, 'backend', 'jwt')}/role/{_value(role, 'roleName')}",
        _ROLE,
        _ADDRESS,
    ),
    APP_ROLE: _Kind(
        "role",
        lambda role: _value(role, "roleName"),
        lambda role: f"auth/{_value(role, 'backend', 'approle')}/role/{_value(role, 'roleName')}",
        _ROLE | {"local_secret_ids": {False}},
        _ADDRESS,
    ),
    GROUP: _Kind(
        "group",
        lambda group: _value(group, "name"),
        lambda group: f"identity/group/name/{_value(group, 'name')}",
        _GROUP,
        ("namespace", "externalPolicies", "externalMemberEntityIds", "externalMemberGroupIds"),
    ),
    "vault:kubernetes/authBackendConfig:AuthBackendConfig": _Kind(
        "auth configuration",
        lambda config: _value(config, "backend", "kubernetes"),
        lambda config: f"auth/{_value(config, 'backend', 'kubernetes')}/config",
        _CONFIG,
        ("backend", "namespace", "tokenReviewerJwt", "disableIssValidation"),
    ),
}
_MOUNTS = {
    "vault:index/mount:Mount": ("engine", "sys/mounts"),
    "vault:index/authBackend:AuthBackend": ("auth method", "sys/auth"),
    "vault:jwt/authBackend:AuthBackend": ("auth method", "sys/auth"),
}
_JWT = "vault:jwt/authBackend:AuthBackend"
_JWT_FIELDS = (
    "oidcDiscoveryUrl",
    "jwksUrl",
    "jwtValidationPubkeys",
    "boundIssuer",
    "oidcDiscoveryCaPem",
    "defaultRole",
)


def check_vault_settings(deployment: Deployment, store: VaultStore, operator: VaultOperator) -> Iterator[Check]:
    """Compare each policy, role, group, engine and auth method of the stack with the one that Vault has."""
    for resource in deployment.of_kind(POLICY):
        yield _attempt(deployment, resource, f"policy {_value(resource, 'name')}", *_policy(resource, operator))
    for resource in deployment.of_kind(*_KINDS):
        kind = _KINDS[resource.kind]
        # Who logs in from the directory's group becomes a member. (Vault docs: "Identity: external groups")
        members = {"member_entity_ids": "*"} if resource.at("type") == "external" else {}
        known: Mapping[str, Collection[object]] = {**kind.known, **members}
        path = kind.path(resource)
        expected = {key: value for key, value in resource.properties.items() if key not in kind.ignored}
        yield _attempt(
            deployment,
            resource,
            f"{kind.title} {kind.name(resource)}",
            path,
            lambda path=path, expected=expected, known=known: _compared(_fields(expected), operator.read(path), known),
        )
    for resource in deployment.of_kind(*_MOUNTS):
        title, below = _MOUNTS[resource.kind]
        place = _value(resource, "path", "jwt" if resource.kind == _JWT else _value(resource, "type"))
        yield _attempt(
            deployment,
            resource,
            f"{title} {place}",
            f"{below}/{place}",
            lambda path=f"{below}/{place}", resource=resource: _mount(resource, operator.read(path)),
        )
        if resource.kind == _JWT:
            expected = {key: resource.at(key) for key in _JWT_FIELDS}
            yield _attempt(
                deployment,
                resource,
                f"auth configuration {place}",
                f"auth/{place}/config",
                lambda place=place, expected=expected: _compared(
                    _fields(expected), _only(operator.read(f"auth/{place}/config"), _fields(expected)), {}
                ),
            )
    yield from _engine(deployment, store, operator)
    yield _audit(deployment, operator)


def _policy(resource: Declared, operator: VaultOperator) -> tuple[str, Callable[[], list[Difference]]]:
    path = f"sys/policies/acl/{_value(resource, 'name')}"

    def differences() -> list[Difference]:
        expected, found = _value(resource, "policy"), str(operator.read(path).get("policy") or "")
        if expected.strip() == found.strip():
            return []
        try:
            rules = [{path: sorted(verbs) for path, verbs in opened(text).items()} for text in (expected, found)]
        except UnreadablePolicyError as error:
            return [Difference(("policy",), "the rules deployed", f"a document that {error}")]
        told = list(compare(rules[0], rules[1], {}))
        return told or [Difference(("policy",), "the rules deployed", "other words or parameters")]

    return path, differences


def _attempt(
    deployment: Deployment, resource: Declared, title: str, path: str, differences: Callable[[], list[Difference]]
) -> Check:
    return attempt(deployment.owner(resource), f"{title} is as deployed", (f"GET {path}",), differences)


def _compared(
    expected: Mapping[str, Any], found: Mapping[str, Any], known: Mapping[str, Collection[object]]
) -> list[Difference]:
    zero = {name: {0, *(known.get(name) or ())} if known.get(name) != "*" else "*" for name in found}
    one = {name: value for name, value in expected.items() if value not in (HIDDEN, None)}
    other = {name: value for name, value in found.items() if expected.get(name) != HIDDEN}
    return list(compare(_ordered(one), _ordered(other), zero))


def _fields(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {_CAPITAL.sub(r"_\1", name).lower(): value for name, value in inputs.items() if not name.startswith("__")}


def _ordered(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document whose lists of texts are sorted, and whose texts have no blanks around them."""
    return {name: _plain(value) for name, value in document.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return sorted(map(_plain, items)) if all(isinstance(item, str) for item in items) else items
    return value.strip() if isinstance(value, str) else value


def _only(found: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: found.get(name) for name in names}


def _mount(resource: Declared, found: Mapping[str, Any]) -> list[Difference]:
    tune = resource.at("tune")
    expected: dict[str, Any] = {
        "type": resource.at("type") or "jwt",
        "options": resource.at("options"),
        "default_lease_ttl": resource.at("defaultLeaseTtlSeconds"),
        "max_lease_ttl": resource.at("maxLeaseTtlSeconds"),
        "audit_non_hmac_request_keys": resource.at("auditNonHmacRequestKeys"),
        "audit_non_hmac_response_keys": resource.at("auditNonHmacResponseKeys"),
        **(_fields(cast("Mapping[str, Any]", tune)) if isinstance(tune, Mapping) else {}),
    }
    config: Mapping[str, Any] = found.get("config") or {}
    return _compared(expected, {"type": found.get("type"), "options": found.get("options"), **config}, _TUNED)


def _engine(deployment: Deployment, store: VaultStore, operator: VaultOperator) -> Iterator[Check]:
    """Check that nothing deletes values by their age. (Vault docs: "KV secrets engine - version 2 (API)")"""
    mine = {
        _value(each, "name")
        for each in deployment.of_kind("vault:kv/secretV2:SecretV2")
        if _value(each, "mount") == store.mount and each.at("customMetadata") is None
    }
    configured = {_value(each, "mount") for each in deployment.of_kind("vault:kv/secretBackendV2:SecretBackendV2")}
    made = {_value(each, "path") for each in deployment.of_kind("vault:index/mount:Mount")}
    paths = [f"{store.mount}/metadata/{name}" for name in sorted(mine)]
    if store.mount in made - configured:
        paths.insert(0, f"{store.mount}/config")

    def differences() -> list[Difference]:
        return [
            Difference((path, difference.path[-1]), difference.expected, difference.found)
            for path in paths
            for difference in compare(
                {"delete_version_after": "0s", "max_versions": 0},
                _only(operator.read(path), ("delete_version_after", "max_versions")),
            )
        ]

    if paths:
        yield attempt(STACK, "no value is deleted by its age", tuple(f"GET {path}" for path in paths), differences)


def _audit(deployment: Deployment, operator: VaultOperator) -> Check:
    def differences() -> list[Difference]:
        devices = operator.read("sys/audit")
        found = [
            Difference((path, "options", "log_raw"), None, "true")
            for path, device in sorted(devices.items())
            if str(at(device, "options", "log_raw")).lower() == "true"
        ]
        for resource in deployment.of_kind(AUDIT):
            path = _value(resource, "path", _value(resource, "type"))
            if f"{path.rstrip('/')}/" not in devices:
                found.append(Difference((path,), "an audit device", None))
        return found

    return attempt(STACK, "no audit device writes raw values", ("GET sys/audit",), differences)
