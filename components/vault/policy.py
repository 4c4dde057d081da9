"""Vault policies, derived from what a workload declares."""

from collections.abc import Iterable

from ..names import object_path


def read_policy(mount: str, objects: Iterable[str]) -> str:
    """The policy that reads `objects` of the KV version 2 engine at `mount`: one `path` block an object, `read` only.

    Raises `ValueError` for a name that Vault would take for a pattern.
    (Vault docs: "KV secrets engine - version 2 (API)", "Policies")
    """
    return "\n".join(
        f'path "{object_path(mount)}/data/{object_path(name)}" {{\n  capabilities = ["read"]\n}}\n'
        for name in sorted(set(objects))
    )


def policy_of(auth_path: str, workload: str) -> str:
    """Name of the policy of `workload`, written `namespace/name`, which logs in by the method at `auth_path`."""
    return f"{auth_path}.{workload.replace('/', '.')}".lower()
