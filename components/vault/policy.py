"""Vault policies, derived from what a workload declares."""

from collections.abc import Iterable

from ..derived_names import derive_name
from ..field_types import check_name


def build_read_policy(mount: str, objects: Iterable[str], credentials: Iterable[str] = ()) -> str:
    """Build the policy that reads `objects` of the KV version 2 engine at `mount`, and paths of `credentials`.

    It has one `path` block an object or path, `read` only.

    (Vault docs: "KV secrets engine - version 2 (API)", "Policies")

    :raises ValueError: A name that Vault would take for a pattern, or resolve to another place.
    """
    paths = [f"{check_name('mount', mount)}/data/{check_name('object', name)}" for name in sorted(set(objects))]
    paths += [check_name("path", path) for path in sorted(credentials)]
    return "\n".join(f'path "{path}" {{\n  capabilities = ["read"]\n}}\n' for path in paths)


def build_policy_prefix(auth_path: str) -> str:
    """Build what the names of all policies begin with whose workloads log in by the method at `auth_path`.

    No method's prefix begins with another's: a stack's token may write all that begins with its own. Vault folds the
    case of policies' names, and not of paths. (Vault docs: "Policies")
    """
    return f"{derive_name(auth_path, separator='.', limit=128, extra='_/')}."


def build_policy_name(auth_path: str, workload: str) -> str:
    """Build the name of the policy of `workload`, written `namespace/name`, by the method at `auth_path`."""
    return f"{build_policy_prefix(auth_path)}{workload.replace('/', '.')}"


def build_role_prefix(auth_path: str) -> str:
    """Build what the names of all database roles begin with whose workloads log in by the method at `auth_path`."""
    return f"{derive_name(auth_path, separator='.', limit=128, extra='_')}."
