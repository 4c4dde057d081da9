"""New versions of objects of a KV engine.

(Vault docs: "KV secrets engine - version 2 (API)")
"""

from collections.abc import Mapping
from typing import Any

from ..errors import NotAllowedError, OpsError
from ..findings import Finding
from ..pulumi.stack import VaultStore
from ..store.vault_operator import VaultOperator
from .target import Target


class VaultValues:
    """Values of a Vault, with the caller's token."""

    def __init__(self, store: VaultStore) -> None:
        """Make a client; nothing is asked yet.

        :param store: The Vault.
        """
        self._operator = VaultOperator(store)
        self._mount = store.mount

    def write(self, target: Target, values: Mapping[str | None, str]) -> None:
        """Write values by key, if nobody writes the object meanwhile; its other keys stay.

        :raises NotAllowedError: The caller may not.
        :raises OpsError: Somebody wrote it meanwhile, or Vault can't be reached.
        """
        path = f"{self._mount}/data/{target.object}"
        if None in values:
            raise OpsError(f"{target.name}: all keys of an object are read here: name one, as OBJECT/KEY")
        try:
            found = self._operator.read(path)
            kept: Mapping[str, Any] = found.get("data") or {}
            data = {**kept, **values}
            self._operator.write(path, options={"cas": found["metadata"]["version"]}, data=data)
        except NotAllowedError:
            raise NotAllowedError(f"VAULT_TOKEN may not write {path}: give it read and update there") from None

    def retire(self, target: Target, *, dry_run: bool) -> Finding:
        """Say that earlier versions are kept."""
        del dry_run
        seen = f"kept: `vault kv destroy -mount={self._mount} -versions=N {target.object}` ends one"
        return Finding.ok(seen, name="earlier versions")
