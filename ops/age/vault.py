"""Ages of objects of a KV engine, by their metadata.

(Vault docs: "KV secrets engine - version 2 (API)")
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

from strongroom.policy.rules.kinds.vault import OBJECT

from ..errors import AbsentError
from ..pulumi.stack import DeclaredObject, VaultStore
from ..store.vault_operator import VaultOperator
from ..timestamps import parse_time
from ..verify.deployment import Deployment
from .stored import StoredObject, Version


def open_metadata(store: VaultStore, deployment: Deployment) -> Callable[[DeclaredObject], StoredObject]:
    """Return a function that describes an object.

    :param store: The Vault.
    :param deployment: The stack's resources.
    """
    operator = VaultOperator(store)
    # What isn't read is its owner's, after a first value.
    kept = (each for each in deployment.list_of_kind(OBJECT) if not each.at("disableRead"))
    writers = {(each.at("mount"), each.at("name")): each for each in kept}

    def describe(item: DeclaredObject) -> StoredObject:
        path = f"{store.mount}/metadata/{item.object}"
        writer = writers.get((store.mount, item.object))
        return StoredObject(
            f"{item.object} version {item.version}" if item.version else item.object,
            partial(_find_version, operator, path, item.version),
            f"give VAULT_TOKEN a policy with read on {path}",
            writer,
            f"vault kv put -mount={store.mount} {item.object} ...",
            deployment.find_period(writer),
        )

    return describe


def _find_version(operator: VaultOperator, path: str, pinned: str | None) -> Version:
    found = operator.read(path)
    number = pinned or str(found.get("current_version"))
    version = cast("Mapping[str, Mapping[str, Any]]", found.get("versions") or {}).get(number) or {}
    written, end = parse_time(version.get("created_time")), parse_time(version.get("deletion_time"))
    # An end in the future is by delete_version_after.
    if written is None or version.get("destroyed") or (end and end <= datetime.now(UTC)):
        raise AbsentError(f"{path} has no version {number}, or it is deleted")
    return Version(number, written, end)
