"""Vault policies, derived from what a workload declares."""

from collections.abc import Iterable, Mapping

from ..derived_names import derive_name
from ..field_types import check_name


def build_read_policy(mount: str, objects: Iterable[str], dynamic: Mapping[str, str] | None = None) -> str:
    """Build the policy that reads `objects` of the KV version 2 engine at `mount`.

    It has one `path` block an object, `read` only.

    (Vault docs: "KV secrets engine - version 2 (API)", "Policies")

    :param dynamic: Paths by which Vault makes secrets, each with the only capability there.
    :raises ValueError: A name that Vault would take for a pattern, or resolve to another place.
    """
    paths = [f"{check_name('mount', mount)}/data/{check_name('object', name)}" for name in sorted(set(objects))]
    rules = dict.fromkeys(paths, "read")
    rules |= {check_name("path", path): capability for path, capability in sorted((dynamic or {}).items())}
    return "\n".join(f'path "{path}" {{\n  capabilities = ["{able}"]\n}}\n' for path, able in rules.items())


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
