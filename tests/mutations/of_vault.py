"""Damage to what a stack has in its Vault, and to who reaches it besides."""

import base64
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from .damage import Damage, Hands, Request, added, made, written
from .of_kubernetes import CLASSES, COMMON, ORDERS, STACK, VAULT_ONLY, class_edited, parameter

_POLICY = "sys/policies/acl/kubernetes.shop.orders"
_ROLE = "auth/kubernetes/role/shop.orders"
_OWN = 'path "strongroom/data/db-pass" { capabilities = ["read"] }\n'
_NAME = "kubernetes.shop.orders"


def _replaced(path: str, **body: Any) -> "_Replaced":
    return _Replaced(path, body)


class _Replaced:
    """A policy that is another meanwhile."""

    def __init__(self, path: str, body: dict[str, Any]) -> None:
        self._path, self._body = path, body

    def __call__(self, hands: Hands) -> AbstractContextManager[None]:
        return written(hands, self._path, **self._body)


def _policy(name: str, path: str, *verbs: str, what: str = f"policy {_NAME} is as deployed") -> Damage:
    words = ", ".join(f'"{verb}"' for verb in verbs)
    text = f'{_OWN}path "{path}" {{ capabilities = [{words}] }}\n'
    return Damage(f"policy-{name}", ORDERS, what, _replaced(_POLICY, policy=text))


_MAY = "its token may read its objects and do nothing else"


def _role(name: str, what: str = "role shop.orders is as deployed", **fields: Any) -> Damage:
    return Damage(f"role-{name}", ORDERS, what, _replaced(_ROLE, **fields))


def _deleted(path: str) -> tuple[Request, ...]:
    return (("delete", path, {}),)


def _made(name: str, what: str, *requests: Request, undo: tuple[Request, ...]) -> Damage:
    return Damage(name, STACK, what, lambda hands: made(hands, *requests, undo=undo))


def _swapped(document: dict[str, Any]) -> None:
    parameters = document["spec"]["parameters"]
    swapped = (
        parameters["objects"]
        .replace("secretKey: username", "secretKey: x")
        .replace("secretKey: password", "secretKey: username")
    )
    parameters["objects"] = swapped.replace("secretKey: x", "secretKey: password")


def _one_more_class(name: str, role: str, path: str) -> Damage:
    document = {
        "apiVersion": "secrets-store.csi.x-k8s.io/v1",
        "kind": "SecretProviderClass",
        "metadata": {"name": "another"},
        "spec": {
            "provider": "vault",
            "parameters": {"roleName": role, "objects": f"- objectName: x\n  secretPath: {path}\n  secretKey: k\n"},
        },
    }
    what = "no other SecretProviderClass reads its workloads' objects"
    return Damage(f"another-class-{name}", STACK, what, lambda hands: added(hands, (CLASSES, document)))


def _mounted(path: str, type_: str) -> Request:
    return "post", f"sys/auth/{path}", {"type": type_}


@contextmanager
def _orphan(hands: Hands) -> Iterator[None]:
    """Have a token with the workload's policy meanwhile."""
    given = hands.vault("post", "auth/token/create-orphan", {"policies": [_NAME], "no_default_policy": True})["auth"]
    try:
        yield
    finally:
        hands.vault("post", "auth/token/revoke-accessor", {"accessor": given["accessor"]})


def _configured(**fields: Any) -> "_Configured":
    return _Configured(fields)


class _Configured:
    """Another configuration of the auth method meanwhile."""

    _PATH = "auth/kubernetes/config"

    def __init__(self, fields: dict[str, Any]) -> None:
        self._fields = fields

    @contextmanager
    def __call__(self, hands: Hands) -> Iterator[None]:
        secret = hands.kubernetes("GET", "/api/v1/namespaces/kube-system/secrets/vault-token-reviewer-kubernetes")
        # Vault forgets the reviewer's token if it isn't given again.
        reviewer = base64.b64decode(secret["data"]["token"]).decode()
        before = hands.read(self._PATH)
        hands.vault("post", self._PATH, {**before, "token_reviewer_jwt": reviewer, **self._fields})
        try:
            yield
        finally:
            hands.vault("post", self._PATH, {**before, "token_reviewer_jwt": reviewer})


def _config(name: str, **fields: Any) -> Damage:
    return Damage(f"auth-{name}", STACK, "auth configuration kubernetes is as deployed", _configured(**fields))


_ROLES = "no other role has a policy that reaches them"
_EVERYBODY = {
    "bound_service_account_names": ["*"],
    "bound_service_account_namespaces": ["*"],
    "token_policies": [_NAME],
}

DAMAGE_TO_VAULT = (
    *COMMON,
    *VAULT_ONLY,
    parameter("vaultAddress", "https://elsewhere.example:8200"),
    parameter("vaultSkipTLSVerify", "true"),
    parameter("vaultCACertPath", None),
    parameter("vaultAuthMountPath", "other"),
    parameter("roleName", "shop.checkout"),
    parameter("audience", "other"),
    parameter("vaultNamespace", "other"),
    class_edited("swaps-two-files", _swapped),
    class_edited(
        "reads-another-object",
        lambda each: each["spec"]["parameters"].update(
            objects=each["spec"]["parameters"]["objects"].replace("db-pass\n", "ledger\n", 1)
        ),
    ),
    class_edited(
        "reads-an-old-version",
        lambda each: each["spec"]["parameters"].update(
            objects=each["spec"]["parameters"]["objects"].replace("db-pass\n", "db-pass?version=1\n", 1)
        ),
    ),
    class_edited(
        "opens-a-file",
        lambda each: each["spec"]["parameters"].update(
            objects=each["spec"]["parameters"]["objects"].replace("292", "511")
        ),
    ),
    _one_more_class("of-its-object", "other", "strongroom/data/db-pass"),
    _one_more_class("of-its-role", "shop.orders", "other/data/x"),
    _policy("opens-the-mount", "strongroom/data/*", "read", what="is refused other workloads' objects"),
    _policy("opens-every-mount", "+/data/+", "read", what="is refused other workloads' objects"),
    _policy("opens-everything", "*", "read", "list", what="is refused administration"),
    _policy("opens-an-object-nobody-declares", "strongroom/data/nobody", "read"),
    _policy("opens-a-pattern-beside-its-object", "strongroom/data/db-*", "read"),
    _policy("opens-a-neighbours-object", "strongroom/data/ledger", "read", what="is refused other workloads' objects"),
    _policy("deletes", "strongroom/delete/db-pass", "update", what="is refused metadata and deleting"),
    _policy("undeletes", "strongroom/undelete/db-pass", "update", what="is refused metadata and deleting"),
    _policy("destroys", "strongroom/destroy/db-pass", "update", what="is refused metadata and deleting"),
    _policy("reads-metadata", "strongroom/metadata/db-pass", "read", what="is refused metadata and deleting"),
    _policy("deletes-metadata", "strongroom/metadata/db-pass", "delete", what=_MAY),
    _policy("lists", "strongroom/metadata/", "list", what="is refused listing"),
    _policy("patches", "strongroom/data/db-pass", "read", "patch", what="is refused writing"),
    _policy("writes", "strongroom/data/db-pass", "read", "update", what="is refused writing"),
    _policy("deletes-the-latest", "strongroom/data/db-pass", "read", "delete", what=_MAY),
    _policy("reads-keys", "strongroom/subkeys/db-pass", "read", what=_MAY),
    _policy("makes-tokens", "auth/token/create", "update", what="is refused administration"),
    _policy("makes-orphans", "auth/token/create-orphan", "update", "sudo", what="is refused administration"),
    _policy("writes-policies", "sys/policies/acl/*", "create", "update", what="is refused administration"),
    _policy("mounts", "sys/mounts/*", "create", "update", what=_MAY),
    _policy("another-mount", "cubbyhole/*", "read", "list", what="its token reaches no other mount"),
    _policy("reads-identities", "identity/entity/id", "list", what="is refused administration"),
    _policy("lends-identities", "identity/entity-alias", "update", what=_MAY),
    _policy("seals", "sys/seal", "update", "sudo", what=_MAY),
    Damage(
        "policy-narrowed",
        ORDERS,
        "reads db-password",
        _replaced(_POLICY, policy='path "strongroom/data/x" { capabilities = ["read"] }'),
    ),
    Damage(
        "policy-with-parameters",
        ORDERS,
        f"policy {_NAME} is as deployed",
        _replaced(_POLICY, policy=_OWN.replace("}", 'max_wrapping_ttl = "1h" }')),
    ),
    _role(
        "admits-another-account",
        bound_service_account_names=["orders", "default"],
        what="its role refuses the namespace's default service account",
    ),
    _role("admits-a-stranger", bound_service_account_names=["orders", "stranger"]),
    _role(
        "admits-a-neighbour",
        bound_service_account_names=["orders", "checkout"],
        what="its role refuses the service account of shop/checkout",
    ),
    _role("admits-another-namespace", bound_service_account_namespaces=["shop", "other"]),
    _role("admits-every-namespace", bound_service_account_namespaces=["*"]),
    _role("admits-a-pattern", bound_service_account_names=["orders*"]),
    _role("admits-by-a-selector", bound_service_account_namespace_selector='{"matchLabels":{"a":"b"}}'),
    _role("without-an-audience", audience=""),
    _role("with-another-audience", audience="strongroom-verify"),
    _role("with-the-default-policy", token_no_default_policy=False),
    _role(
        "with-another-policy",
        token_policies=[_NAME, "kubernetes.bank.ledger"],
        what="its token is as its role declares",
    ),
    _role("for-ten-years", token_ttl=315360000, token_max_ttl=315360000),
    _role("for-longer", token_max_ttl=86400),
    _role("with-a-period", token_period=600, what="its token is as its role declares"),
    _role("without-accessors", token_type="batch"),
    _role("for-some-uses", token_num_uses=50),
    _role("with-an-end", token_explicit_max_ttl=600),
    _role("from-some-addresses", token_bound_cidrs=["127.0.0.0/8"]),
    _role("by-names", alias_name_source="serviceaccount_name"),
    _made(
        "second-role-for-the-same-account",
        _ROLES,
        (
            "post",
            "auth/kubernetes/role/second",
            {**_EVERYBODY, "bound_service_account_names": ["orders"], "bound_service_account_namespaces": ["shop"]},
        ),
        undo=_deleted("auth/kubernetes/role/second"),
    ),
    _made(
        "second-role-for-everybody",
        _ROLES,
        ("post", "auth/kubernetes/role/second", _EVERYBODY),
        undo=_deleted("auth/kubernetes/role/second"),
    ),
    _made(
        "policy-by-userpass",
        _ROLES,
        _mounted("people", "userpass"),
        ("post", "auth/people/users/eve", {"password": "x" * 12, "token_policies": [_NAME]}),
        undo=_deleted("sys/auth/people"),
    ),
    _made(
        "policy-by-approle",
        _ROLES,
        _mounted("machines", "approle"),
        ("post", "auth/machines/role/eve", {"token_policies": [_NAME]}),
        undo=_deleted("sys/auth/machines"),
    ),
    _made(
        "policy-by-another-kubernetes-auth",
        _ROLES,
        _mounted("second", "kubernetes"),
        ("post", "auth/second/role/eve", _EVERYBODY),
        undo=_deleted("sys/auth/second"),
    ),
    _made(
        "policy-by-a-token-role",
        _ROLES,
        ("post", "auth/token/roles/eve", {"allowed_policies": [_NAME], "orphan": True}),
        undo=_deleted("auth/token/roles/eve"),
    ),
    _made(
        "policy-by-a-group",
        "no group has a policy that reaches them",
        ("post", "identity/group/name/eve", {"policies": [_NAME]}),
        undo=_deleted("identity/group/name/eve"),
    ),
    _made(
        "policy-by-an-entity",
        "no entity has a policy that reaches them",
        ("post", "identity/entity/name/eve", {"policies": [_NAME]}),
        undo=_deleted("identity/entity/name/eve"),
    ),
    _made(
        "another-policy-opens-its-object",
        "no other policy reaches its objects",
        ("post", "sys/policies/acl/eve", {"policy": _OWN}),
        undo=_deleted("sys/policies/acl/eve"),
    ),
    _made(
        "another-policy-opens-by-a-pattern",
        "no other policy reaches its objects",
        ("post", "sys/policies/acl/eve", {"policy": 'path "strongroom/+/db-pass" { capabilities = ["read"] }'}),
        undo=_deleted("sys/policies/acl/eve"),
    ),
    _made(
        "another-policy-writes-policies",
        "no other policy reaches its objects",
        ("post", "sys/policies/acl/eve", {"policy": 'path "sys/policies/acl/*" { capabilities = ["update"] }'}),
        undo=_deleted("sys/policies/acl/eve"),
    ),
    Damage("orphan-token-with-its-policy", STACK, "no other token has a policy that reaches them", _orphan),
    Damage(
        "default-policy-opens-its-object",
        STACK,
        "no other policy reaches its objects",
        _replaced("sys/policies/acl/default", policy=_OWN),
    ),
    _config("host", kubernetes_host="https://127.0.0.1:1"),
    _config("issuer", issuer="https://elsewhere.example"),
    _config("local-authority", disable_local_ca_jwt=False),
    _made(
        "auth-tokens-live-longer",
        "auth method kubernetes is as deployed",
        ("post", "sys/auth/kubernetes/tune", {"default_lease_ttl": "1000h"}),
        undo=(("post", "sys/auth/kubernetes/tune", {"default_lease_ttl": 0}),),
    ),
    _made(
        "auth-gives-batch-tokens",
        "auth method kubernetes is as deployed",
        ("post", "sys/auth/kubernetes/tune", {"token_type": "default-batch"}),
        undo=(("post", "sys/auth/kubernetes/tune", {"token_type": "default-service"}),),
    ),
    _made(
        "raw-audit",
        "no audit device writes raw values",
        ("post", "sys/audit/raw", {"type": "file", "options": {"file_path": "/dev/null", "log_raw": "true"}}),
        undo=_deleted("sys/audit/raw"),
    ),
    _made(
        "raw-values-by-the-mounts-audit-keys",
        "engine strongroom is as deployed",
        ("post", "sys/mounts/strongroom/tune", {"audit_non_hmac_response_keys": ["data"]}),
        undo=(("post", "sys/mounts/strongroom/tune", {"audit_non_hmac_response_keys": []}),),
    ),
    _made(
        "values-deleted-by-age",
        "no value is deleted by its age",
        ("post", "strongroom/config", {"delete_version_after": "1h"}),
        undo=(("post", "strongroom/config", {"delete_version_after": "0s"}),),
    ),
    _made(
        "an-objects-values-deleted-by-age",
        "no value is deleted by its age",
        ("post", "strongroom/metadata/db-pass", {"delete_version_after": "1h"}),
        undo=(("post", "strongroom/metadata/db-pass", {"delete_version_after": "0s"}),),
    ),
    _made(
        "an-objects-versions-limited",
        "no value is deleted by its age",
        ("post", "strongroom/metadata/db-pass", {"max_versions": 1}),
        undo=(("post", "strongroom/metadata/db-pass", {"max_versions": 0}),),
    ),
)
"""Each kind of damage to the stack on Vault."""
