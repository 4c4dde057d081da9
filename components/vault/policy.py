"""Vault policies, derived from what a workload declares."""

import hashlib
from collections.abc import Iterable

from ..names import named


def read_policy(mount: str, objects: Iterable[str]) -> str:
    """The policy that reads `objects` of the KV version 2 engine at `mount`: one `path` block an object, `read` only.

    (Vault docs: "KV secrets engine - version 2 (API)", "Policies")

    :raises ValueError: A name that Vault would take for a pattern, or resolve to another place.
    """
    return "\n".join(
        f'path "{named("mount", mount)}/data/{named("object", name)}" {{\n  capabilities = ["read"]\n}}\n'
        for name in sorted(set(objects))
    )


def policy_of(auth_path: str, workload: str) -> str:
    """Name of the policy of `workload`, written `namespace/name`, which logs in by the method at `auth_path`.

    Vault folds the case of policies' names, and not of paths: a path with capitals is told apart by a digest.
    (Vault docs: "Policies")
    """
    folded = auth_path.lower()
    mark = "" if folded == auth_path else f"-{hashlib.sha256(auth_path.encode()).hexdigest()[:8]}"
    return f"{folded}{mark}.{workload.replace('/', '.')}"
