"""What may be chosen, and what Vault can't serve: known without loading a provider."""

from collections.abc import Mapping
from typing import Literal

Reviewer = Literal["service-account", "in-cluster", "client"]
"""Whose token asks the API server whether a client's token is good.

`service-account`: a long-lived token of a service account made for it; for a Vault outside the cluster.
`in-cluster`: the token of Vault's own pod; for a Vault inside the cluster.
`client`: the client's own token, which then needs `system:auth-delegator` and the API server's audience.
"""


def unreadable(secret: Mapping[str, object]) -> str | None:
    """Why Vault can't serve `secret`, as written in a stack file, as the end of a sentence; `None` where it can."""
    if secret.get("type", "secret") != "secret":
        return "has a type that only Azure Key Vault has: leave type out for Vault"
    if secret.get("format") is not None or secret.get("version_history", secret.get("versionHistory", 1)) != 1:
        return "has format or versionHistory, which only Azure Key Vault knows: leave them out for Vault"
    if secret.get("key") is None:
        return "names no key: Vault's objects have keys, and without one the file would be the whole response"
    return None
