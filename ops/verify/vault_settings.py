"""Comparison of a stack's settings in Vault, field by field, with the operator's token."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from strongroom.policy.rules import Declared
from strongroom.policy.rules.kinds import vault as kinds
from strongroom.policy.rules.policies import UnreadablePolicyError, read_paths
from strongroom.policy.rules.rule import at

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
_DATABASE_ROLE: Mapping[str, Collection[object]] = {
    "credential_type": {"password"},
    "last_vault_rotation": "*",
    "ttl": "*",
}
_PKI_ROLE: Mapping[str, Collection[object]] = {
    # Vault's own, save those that name or widen what may be issued.
    **dict.fromkeys(("ttl", "max_ttl", "not_before_duration", "key_usage", "signature_bits"), "*"),
    "issuer_ref": {"default"},
    "use_csr_common_name": {True},
    "use_csr_sans": {True},
    "require_cn": {True},
    "cn_validations": "*",
    "no_store": {False},
    "serial_number_source": "*",
}
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
    """A kind of resource in Vault."""

    title: str
    name: Callable[[Declared], str]
    path: Callable[[Declared], str]
    known: Mapping[str, Collection[object]]
    ignored: tuple[str, ...]
    """Inputs that are no fields."""


def _get_text(resource: Declared, name: str, otherwise: str = "") -> str:
    found = resource.at(name)
    return found if isinstance(found, str) else otherwise


_ADDRESS = ("backend", "roleName", "name", "namespace", "path")
_KINDS: Mapping[str, _Kind] = {
    kinds.KUBERNETES_ROLE: _Kind(
        "role",
        lambda role: _get_text(role, "roleName"),
        lambda role: f"auth/{_get_text(role, 'backend', 'kubernetes')}/role/{_get_text(role, 'roleName')}",
        _ROLE,
        _ADDRESS,
    ),
    kinds.JWT_ROLE: _Kind(
        "role",
        lambda role: _get_text(role, "roleName"),
        lambda role: f"auth/{_get_text(role, 'backend', 'jwt')}/role/{_get_text(role, 'roleName')}",
        _ROLE,
        _ADDRESS,
    ),
    kinds.APP_ROLE: _Kind(
        "role",
        lambda role: _get_text(role, "roleName"),
        lambda role: f"auth/{_get_text(role, 'backend', 'approle')}/role/{_get_text(role, 'roleName')}",
        _ROLE | {"local_secret_ids": {False}},
        _ADDRESS,
    ),
    kinds.GROUP: _Kind(
        "group",
        lambda group: _get_text(group, "name"),
        lambda group: f"identity/group/name/{_get_text(group, 'name')}",
        _GROUP,
        ("namespace", "externalPolicies", "externalMemberEntityIds", "externalMemberGroupIds"),
    ),
    **{
        kind: _Kind(
            "database role",
            lambda role: _get_text(role, "name"),
            lambda role: f"{_get_text(role, 'backend')}/{kinds.DATABASES[role.kind]}/{_get_text(role, 'name')}",
            _DATABASE_ROLE,
            ("backend", "name", "namespace"),
        )
        for kind in (kinds.DATABASE_ROLE, kinds.DATABASE_STATIC_ROLE)
    },
    kinds.PKI_ROLE: _Kind(
        "PKI role",
        lambda role: _get_text(role, "name"),
        lambda role: f"{_get_text(role, 'backend')}/roles/{_get_text(role, 'name')}",
        _PKI_ROLE,
        ("backend", "name", "namespace", "ttl", "maxTtl"),
    ),
    kinds.KUBERNETES_CONFIG: _Kind(
        "auth configuration",
        lambda config: _get_text(config, "backend", "kubernetes"),
        lambda config: f"auth/{_get_text(config, 'backend', 'kubernetes')}/config",
        _CONFIG,
        ("backend", "namespace", "tokenReviewerJwt", "disableIssValidation"),
    ),
}
_MOUNTS = {
    kinds.MOUNT: ("engine", "sys/mounts"),
    kinds.AUTH_METHOD: ("auth method", "sys/auth"),
    kinds.JWT: ("auth method", "sys/auth"),
}
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
    for resource in deployment.list_of_kind(kinds.POLICY):
        yield _check_resource(
            deployment, resource, f"policy {_get_text(resource, 'name')}", *_compare_policy(resource, operator)
        )
    for resource in deployment.list_of_kind(*_KINDS):
        kind = _KINDS[resource.kind]
        # A login from the external group adds a member. (Vault docs: "Identity: external groups")
        members = {"member_entity_ids": "*"} if resource.at("type") == "external" else {}
        known: Mapping[str, Collection[object]] = {**kind.known, **members}
        path = kind.path(resource)
        expected = {key: value for key, value in resource.properties.items() if key not in kind.ignored}
        yield _check_resource(
            deployment,
            resource,
            f"{kind.title} {kind.name(resource)}",
            path,
            lambda path=path, expected=expected, known=known: _compare_fields(
                _to_vault_fields(expected), operator.read(path), known
            ),
        )
    for resource in deployment.list_of_kind(*_MOUNTS):
        title, below = _MOUNTS[resource.kind]
        place = _get_text(resource, "path", "jwt" if resource.kind == kinds.JWT else _get_text(resource, "type"))
        yield _check_resource(
            deployment,
            resource,
            f"{title} {place}",
            f"{below}/{place}",
            lambda path=f"{below}/{place}", resource=resource: _compare_mount(resource, operator.read(path)),
        )
        if resource.kind == kinds.JWT:
            expected = {key: resource.at(key) for key in _JWT_FIELDS}
            yield _check_resource(
                deployment,
                resource,
                f"auth configuration {place}",
                f"auth/{place}/config",
                lambda place=place, expected=expected: _compare_fields(
                    _to_vault_fields(expected),
                    _select(operator.read(f"auth/{place}/config"), _to_vault_fields(expected)),
                    {},
                ),
            )
    for resource in deployment.list_of_kind(kinds.DATABASE):
        path = f"{_get_text(resource, 'backend')}/config/{_get_text(resource, 'name')}"
        title = f"database {_get_text(resource, 'name')}"
        yield _check_resource(
            deployment,
            resource,
            title,
            path,
            lambda path=path, resource=resource: _compare_connection(resource, operator.read(path)),
        )
    yield from _check_engine(deployment, store, operator)
    yield _check_audit(deployment, operator)


def _compare_policy(resource: Declared, operator: VaultOperator) -> tuple[str, Callable[[], list[Difference]]]:
    path = f"sys/policies/acl/{_get_text(resource, 'name')}"

    def list_differences() -> list[Difference]:
        expected, found = _get_text(resource, "policy"), str(operator.read(path).get("policy") or "")
        if expected.strip() == found.strip():
            return []
        try:
            rules = [{path: sorted(verbs) for path, verbs in read_paths(text).items()} for text in (expected, found)]
        except UnreadablePolicyError as error:
            return [Difference(("policy",), "the rules deployed", f"a document that {error}")]
        changed = list(compare(rules[0], rules[1], {}))
        return changed or [Difference(("policy",), "the rules deployed", "another text or other parameters")]

    return path, list_differences


def _check_resource(
    deployment: Deployment, resource: Declared, title: str, path: str, list_differences: Callable[[], list[Difference]]
) -> Check:
    return attempt(deployment.find_owner(resource), f"{title} is as deployed", (f"GET {path}",), list_differences)


def _compare_fields(
    expected: Mapping[str, Any], found: Mapping[str, Any], known: Mapping[str, Collection[object]]
) -> list[Difference]:
    zero = {name: {0, *(known.get(name) or ())} if known.get(name) != "*" else "*" for name in found}
    one = {name: value for name, value in expected.items() if value not in (HIDDEN, None)}
    other = {name: value for name, value in found.items() if expected.get(name) != HIDDEN}
    return list(compare(_normalize(one), _normalize(other), zero))


def _to_vault_fields(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {_CAPITAL.sub(r"_\1", name).lower(): value for name, value in inputs.items() if not name.startswith("__")}


def _normalize(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with its lists of texts sorted and its texts stripped."""
    return {name: _normalize_value(value) for name, value in document.items()}


def _normalize_value(value: Any) -> Any:
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return sorted(map(_normalize_value, items)) if all(isinstance(item, str) for item in items) else items
    return value.strip() if isinstance(value, str) else value


def _select(found: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: found.get(name) for name in names}


def _compare_mount(resource: Declared, found: Mapping[str, Any]) -> list[Difference]:
    tune = resource.at("tune")
    expected: dict[str, Any] = {
        "type": resource.at("type") or "jwt",
        "options": resource.at("options"),
        "default_lease_ttl": resource.at("defaultLeaseTtlSeconds"),
        "max_lease_ttl": resource.at("maxLeaseTtlSeconds"),
        "audit_non_hmac_request_keys": resource.at("auditNonHmacRequestKeys"),
        "audit_non_hmac_response_keys": resource.at("auditNonHmacResponseKeys"),
        **(_to_vault_fields(cast("Mapping[str, Any]", tune)) if isinstance(tune, Mapping) else {}),
    }
    config: Mapping[str, Any] = found.get("config") or {}
    return _compare_fields(expected, {"type": found.get("type"), "options": found.get("options"), **config}, _TUNED)


def _compare_connection(resource: Declared, found: Mapping[str, Any]) -> list[Difference]:
    """Compare which roles a database serves, where it is, and who Vault is there; Vault never returns a password."""
    block: object = resource.at("postgresql") or resource.at("mysql")
    expected = {
        "allowed_roles": resource.at("allowedRoles"),
        "connection_url": at(block, "connectionUrl"),
        "username": at(block, "username"),
    }
    details: Mapping[str, Any] = found.get("connection_details") or {}
    return _compare_fields(expected, _select({**details, **found}, expected), {})


def _check_engine(deployment: Deployment, store: VaultStore, operator: VaultOperator) -> Iterator[Check]:
    """Check that nothing deletes values by their age (Vault docs: "KV secrets engine - version 2 (API)")."""
    mine = {
        _get_text(each, "name")
        for each in deployment.list_of_kind(kinds.OBJECT)
        if _get_text(each, "mount") == store.mount and each.at("customMetadata") is None
    }
    configured = {
        _get_text(each, "mount") for each in deployment.list_of_kind("vault:kv/secretBackendV2:SecretBackendV2")
    }
    made = {_get_text(each, "path") for each in deployment.list_of_kind(kinds.MOUNT)}
    paths = [f"{store.mount}/metadata/{name}" for name in sorted(mine)]
    if store.mount in made - configured:
        paths.insert(0, f"{store.mount}/config")

    def list_differences() -> list[Difference]:
        return [
            Difference((path, difference.path[-1]), difference.expected, difference.found)
            for path in paths
            for difference in compare(
                {"delete_version_after": "0s", "max_versions": 0},
                _select(operator.read(path), ("delete_version_after", "max_versions")),
            )
        ]

    if paths:
        yield attempt(STACK, "no value is deleted by its age", tuple(f"GET {path}" for path in paths), list_differences)


def _check_audit(deployment: Deployment, operator: VaultOperator) -> Check:
    def list_differences() -> list[Difference]:
        devices = operator.read("sys/audit")
        found = [
            Difference((path, "options", "log_raw"), None, "true")
            for path, device in sorted(devices.items())
            if str(at(device, "options", "log_raw")).lower() == "true"
        ]
        for resource in deployment.list_of_kind(kinds.AUDIT):
            path = _get_text(resource, "path", _get_text(resource, "type"))
            if f"{path.rstrip('/')}/" not in devices:
                found.append(Difference((path,), "an audit device", None))
        return found

    return attempt(STACK, "no audit device writes raw values", ("GET sys/audit",), list_differences)
