"""What the token may do that bootstrap gives back."""

import json
from collections.abc import Iterable

from ..names import object_path

ADMIN_POLICY = "strongroom-admin"

_CHANGE = ("create", "read", "update", "delete")
_ALL = (*_CHANGE, "list")


def admin_rules(kv_mounts: Iterable[str] = ()) -> str:
    """The policy of whoever configures a Vault: engines, auth methods, audit devices and policies, and no values.

    Its holder can neither change this policy nor make tokens of others, seal, rekey or read the store's raw data.
    Whoever writes policies and roles can still give an identity of theirs anything, so guard the token as root's.
    (Vault docs: "Policies", on priority matching and root-protected paths)

    :param kv_mounts: KV version 2 engines whose values it may write and read: those that a stack seeds.
    :raises ValueError: A mount that Vault would take for a pattern.
    """
    rules: dict[str, tuple[str, ...]] = {
        "sys/mounts": ("read",),
        "sys/mounts/*": _ALL,
        "sys/auth": ("read",),
        "sys/auth/*": (*_ALL, "sudo"),
        "sys/audit": ("read", "sudo"),
        "sys/audit/*": (*_CHANGE, "sudo"),
        "sys/policies/acl": ("list",),
        "sys/policies/acl/*": _ALL,
        f"sys/policies/acl/{ADMIN_POLICY}": ("read",),
        "auth/+/*": _ALL,
        "auth/token/*": ("deny",),
        # The provider works with a child of its token, which can do no more. (Vault provider: "Token")
        "auth/token/create": ("create", "update"),
        "identity/group": _CHANGE,
        "identity/group/*": _ALL,
        "identity/group-alias": _CHANGE,
        "identity/group-alias/*": _ALL,
        "sys/storage/raft/configuration": ("read",),
        "sys/storage/raft/autopilot/*": ("read",),
    }
    for mount in kv_mounts:
        path = object_path(mount)
        rules |= {f"{path}/config": _CHANGE, f"{path}/data/*": _CHANGE, f"{path}/metadata/*": _ALL}
    return "\n".join(f'path "{path}" {{ capabilities = {json.dumps(list(verbs))} }}' for path, verbs in rules.items())
