"""Choices of a Vault, and checks of what it can serve, without loading a provider."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from ..cross_checks import cross_check
from ..durations import Seconds
from ..field_types import Declaration, Whole, require_match
from ..workload import Secret

Reviewer = Literal["service-account", "in-cluster", "client"]
"""Whose token asks the API server whether a client's token is good.

`service-account`: a long-lived token of a service account made for it; for a Vault outside the cluster.
`in-cluster`: the token of Vault's own pod; for a Vault inside the cluster.
`client`: the client's own token, which then needs `system:auth-delegator` and the API server's audience.
"""


Mode = Literal["dev", "standalone", "ha"]
"""`dev`: in memory, open, with a known token; for a look. `standalone`: one pod. `ha`: several, with a leader."""


VaultNamespace = Annotated[
    str,
    require_match(
        r"(?!root/?$)[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*/?",
        "is not a namespace: write its path, e.g. admin/shop, and omit it for the root namespace",
    ),
]
"""(Vault docs: "Vault Enterprise namespaces")"""


class BootstrapOptions(Declaration):
    """The options of a bootstrap."""

    shares: Annotated[Whole, Field(ge=1, le=255)] = 5
    """How many shares there are; unseal keys, or recovery keys where a seal opens the server."""

    threshold: Annotated[Whole, Field(ge=1, le=255)] = 3
    """How many of them open it."""

    token_ttl: Seconds = 3600
    """Life of the token that Vault is then configured with, in seconds; it is replaced once half of it is over."""

    timeout: Seconds = 300
    """How long servers may take to answer, join and open, in seconds."""

    @cross_check
    def _check_shares(self) -> Iterator[tuple[str, str]]:
        """Check the shares (Vault docs: "/sys/init")."""
        # Vault refuses one share out of several.
        if not (self.threshold <= self.shares and (self.threshold > 1 or self.shares == 1)):
            yield (
                "threshold",
                f"{self.threshold} of {self.shares} shares: use 2 to the number of shares, or 1 of 1 share",
            )


def check_pgp_keys(bootstrap: BootstrapOptions, count: int) -> Iterator[tuple[str, str]]:
    """Check that there is a PGP key for each share, if there are `count` of them and not none."""
    if count and count != bootstrap.shares:
        yield "shares", f"{bootstrap.shares} shares need as many PGP keys, and {count} are given: list one per share"


def check_secret(secret: Secret) -> str | None:
    """Return why Vault can't serve `secret`, as the end of a sentence; `None` if it can."""
    if secret.type != "secret":
        return "has a type that only Azure Key Vault has: omit type for Vault"
    if secret.format in {"pem", "pfx"} or secret.version_history != 1:
        return "has format or versionHistory, which only Azure Key Vault knows: omit them for Vault"
    if secret.version is not None and not re.fullmatch(r"[1-9][0-9]{0,8}", secret.version):
        return f"has the version {secret.version!r}, which is none of Vault's: those are whole numbers from 1 on"
    if secret.format == "json":
        return _check_whole(secret)
    if secret.key is None:
        return (
            "names no key: Vault's objects have keys, and without one the file would be the whole response; for all "
            "keys in one file use format 'json' with delivery 'agent-injector'"
        )
    return None


def _check_whole(secret: Secret) -> str | None:
    """Return why a file can't be all keys of an object."""
    if secret.key is not None:
        return "has a key, and format 'json' is all keys of the object in one file: remove one of the two"
    if secret.field is not None:
        return "has field, and format 'json' is all keys of the object in one file: remove one of the two"
    if secret.encoding != "utf-8":
        return "has encoding, and format 'json' has the values as they are stored: omit encoding, or name a key"
    if secret.optional:
        return "is optional, and format 'json' has whichever keys there are: omit optional"
    return None
