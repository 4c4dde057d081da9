"""A root token for a moment: generated from the shares, and never left behind."""
# pyright: reportUnknownMemberType=false
# hvac ships no types.

import base64
from collections.abc import Sequence
from typing import Any

from hvac.exceptions import VaultError

from ..client import VaultNode, create_client

_MADE_AT = "auth/token/root"
"""The path that initialising and generating give as a root token's origin."""


def generate_root_token(node: VaultNode, shares: Sequence[str]) -> str:
    """Generate a root token. An attempt that somebody left half done is cancelled: there can be one at a time.

    :param node: A node that is open.
    :param shares: As many as open the store.
    :raises VaultError: Vault refuses. (Vault docs: "/sys/generate-root")
    """
    vault = create_client(node)
    vault.sys.cancel_root_generation()
    begun: dict[str, Any] = vault.sys.start_root_token_generation()
    response: dict[str, Any] = {}
    for share in shares:
        response = vault.sys.generate_root(share, begun["nonce"])
    encoded: str = response.get("encoded_token") or ""
    if not encoded:
        raise VaultError("the shares did not suffice")
    veiled = base64.b64decode(encoded + "=" * (-len(encoded) % 4))
    return bytes(a ^ b for a, b in zip(veiled, begun["otp"].encode(), strict=True)).decode()


def revoke_forgotten_tokens(vault: Any, since: int) -> None:
    """Revoke the root tokens that a run, cut short, made by the shares and could not keep; not the caller's own.

    :param vault: A client with a root token.
    :param since: When such a token was first asked for, in seconds of the epoch.
    """
    own: str = vault.auth.token.lookup_self()["data"]["accessor"]
    accessors: list[str] = vault.auth.token.list_accessors()["data"]["keys"]
    for accessor in accessors:
        try:
            found: dict[str, Any] = vault.auth.token.lookup_accessor(accessor)["data"]
        except VaultError:
            continue  # it expired meanwhile
        if accessor != own and found["path"] == _MADE_AT and int(found["creation_time"]) >= since:
            vault.auth.token.revoke_accessor(accessor)
