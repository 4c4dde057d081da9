"""Requests that Vault must refuse to a workload; they change nothing."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from strongroom.components.certificates import is_issue_path

from ..pulumi.stack import DeployedWorkload, VaultStore
from .base import DeniedCheck
from .sampler import Sampler

if TYPE_CHECKING:
    from .vault import VaultSession

MOST = 16
"""How many of the others' objects, and of their folders, each workload tries: the run stays linear."""

_SYSTEM: Sequence[tuple[str, str, Mapping[str, Any]]] = (
    ("list", "sys/policies/acl", {}),
    ("get", "sys/mounts", {}),
    ("get", "sys/auth", {}),
    ("get", "sys/audit", {}),
    ("list", "auth/token/accessors", {}),
    ("list", "identity/entity/id", {}),
    ("list", "identity/group/id", {}),
    ("get", "sys/raw/core", {}),
    ("get", "sys/storage/raft/configuration", {}),
    # Vault checks the rights first, and then rejects the duration.
    ("post", "auth/token/create", {"ttl": "never"}),
    ("post", "auth/token/create-orphan", {"ttl": "never"}),
)
"""Requests by which a token could see, or give itself, more."""


def list_denied_checks(
    session: "VaultSession", objects: Sampler, store: VaultStore, workload: DeployedWorkload
) -> Sequence[DeniedCheck]:
    """List what `workload` must be refused: others' objects, names that do not exist, lists, and changes.

    :param objects: The names of the objects that any workload of the stack declares.
    """
    mount = store.mount
    own = {secret.object for secret in workload.objects}
    others = objects.draw(workload.path, MOST, without=own)
    folders = sorted({"", *(_get_folder(name) for name in (*own, *others))})
    nobody = secrets.token_hex(12)
    probe = session.probe
    read: dict[str, Callable[[], object]] = {name: partial(_read, session, f"{mount}/data/{name}") for name in others}
    read |= {f"{folder}{nobody}": partial(probe, "get", f"{mount}/data/{folder}{nobody}") for folder in folders}
    read |= {
        f"{folder}{nobody}/{nobody}": partial(probe, "get", f"{mount}/data/{folder}{nobody}/{nobody}")
        for folder in folders
    }
    listed: dict[str, Callable[[], object]] = {
        folder or "/": partial(session.list_below, f"{mount}/metadata/{folder.rstrip('/')}") for folder in folders
    }
    return [
        DeniedCheck("is refused other workloads' objects", read),
        *_list_dynamic_checks(session, store, workload),
        DeniedCheck("is refused listing", listed),
        DeniedCheck(
            "is refused writing",
            {name: partial(session.write, f"{mount}/data/{name}") for name in sorted(own)}
            | {f"patch {name}": partial(probe, "patch", f"{mount}/data/{name}", _PATCH) for name in sorted(own)},
        ),
        DeniedCheck(
            "is refused metadata and deleting", dict(_list_changes(session, mount, sorted(own), folders, nobody))
        ),
        DeniedCheck(
            "is refused administration",
            {f"{method} {path}": partial(probe, method, path, body) for method, path, body in _SYSTEM}
            | {f"write sys/policies/acl/{nobody}": partial(probe, "post", f"sys/policies/acl/{nobody}")},
        ),
    ]


def _list_dynamic_checks(
    session: "VaultSession", store: VaultStore, workload: DeployedWorkload
) -> Sequence[DeniedCheck]:
    """List what a workload must be refused of the engines that make secrets."""
    others = session.dynamic.draw(workload.path, MOST, without={each.path for each in workload.dynamic})
    attempts: dict[str, Callable[[], object]] = {}
    for path in others:
        # Vault checks the rights first, and then rejects the duration.
        issued = {"ttl": "never"} if is_issue_path(path) else None
        attempts[path] = partial(session.probe, "post" if issued else "get", path, issued)
    parts = {store.database_mount: ("config", "roles", "static-roles"), store.pki_mount: ("roles", "certs", "keys")}
    for mount, names in parts.items():
        attempts |= {f"list {mount}/{part}": partial(session.list_below, f"{mount}/{part}") for part in names if mount}
    for path in sorted(each.path for each in workload.dynamic if not each.foreign):
        mount, kind, role = path.split("/")
        definition = f"{mount}/{'static-roles' if kind == 'static-creds' else 'roles'}/{role}"
        attempts[f"read {definition}"] = partial(session.probe, "get", definition)
        if kind == "issue":
            signing = f"{mount}/sign/{role}"
            attempts[f"write {signing}"] = partial(session.probe, "post", signing, {"ttl": "never"})
    return [DeniedCheck("is refused what Vault makes for others", attempts)] if attempts else []


_PATCH: Mapping[str, Any] = {"options": {"cas": 2**31 - 1}, "data": {}}
_NO_VERSIONS: Mapping[str, Any] = {"versions": []}
"""What Vault refuses to delete, once it has checked the rights. (Vault docs: "KV secrets engine - version 2 (API)")"""


def _list_changes(
    session: "VaultSession", mount: str, own: Sequence[str], folders: Sequence[str], nobody: str
) -> Sequence[tuple[str, Callable[[], object]]]:
    probe = session.probe
    return [
        *((f"metadata {name}", partial(probe, "get", f"{mount}/metadata/{name}")) for name in own),
        *(
            (f"{verb} {name}", partial(probe, "post", f"{mount}/{verb}/{name}", _NO_VERSIONS))
            for verb in ("delete", "undelete", "destroy")
            for name in own
        ),
        # There is nothing of that name that could be deleted.
        *(
            (f"{verb} {folder}{nobody}", partial(probe, "delete", f"{mount}/{verb}/{folder}{nobody}"))
            for verb in ("data", "metadata")
            for folder in folders
        ),
    ]


def _read(session: "VaultSession", path: str) -> object:
    return session.read_keys(path)


def _get_folder(name: str) -> str:
    head, slash, _ = name.rpartition("/")
    return head + slash
