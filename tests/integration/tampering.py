"""What somebody changes by hand in Azure."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sandbox.azure.store import Store

IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
CREDENTIALS = f"{IDENTITIES}/federatedIdentityCredentials"
ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"
VAULTS = "Microsoft.KeyVault/vaults"


@contextmanager
def broken(store: Store, type_: str, part: str, **properties: Any) -> Iterator[None]:
    """Somebody changes the resource of `type_` whose id or scope has `part` in it, for a while; or deletes it."""
    (before,) = [found for found in store.resources(type_) if part in json.dumps(found)]
    if properties:
        store.put(before["id"], type_, {**before, "properties": {**before["properties"], **properties}})
        settle()
    else:
        store.remove(before["id"])
    try:
        yield
    finally:
        store.put(before["id"], type_, before)
        settle()


def settle() -> None:
    """Until what was written has taken effect in the emulator."""
    time.sleep(1.2)
