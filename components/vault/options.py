"""Choices of a Vault, and checks of what it can serve, without loading a provider."""

import ipaddress
import re
from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field

from ..durations import Seconds
from ..field_types import Declaration, Whole, require_match

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


def check_secret(secret: Mapping[str, object]) -> str | None:
    """Return why Vault can't serve `secret`, as written in a stack file, as the end of a sentence; `None` if it can."""
    if secret.get("type", "secret") != "secret":
        return "has a type that only Azure Key Vault has: omit type for Vault"
    if secret.get("format") is not None or secret.get("version_history", secret.get("versionHistory", 1)) != 1:
        return "has format or versionHistory, which only Azure Key Vault knows: omit them for Vault"
    version = secret.get("version")
    if isinstance(version, str) and not re.fullmatch(r"[1-9][0-9]{0,8}", version):
        return f"has the version {version!r}, which is none of Vault's: those are whole numbers from 1 on"
    if secret.get("key") is None:
        return "names no key: Vault's objects have keys, and without one the file would be the whole response"
    return None


def check_server_options(
    *, mode: str, replicas: int, max_unavailable: int, raft: bool, tls: bool, sealed: bool, production: bool
) -> list[tuple[str, str]]:
    """List what is wrong with a server: each setting's name and the end of a sentence.

    :param mode: What it is.
    :param replicas: How many pods it has.
    :param max_unavailable: How many of them may be drained at once.
    :param raft: Whether it keeps its data itself.
    :param tls: Whether it has a certificate.
    :param sealed: Whether a key elsewhere opens it.
    :param production: Refuse the dev server and plain HTTP.
    """
    issues: list[tuple[str, str]] = []
    if mode == "dev":
        if production:
            issues.append(("mode", "'dev' keeps everything in memory and has a known token: use standalone or ha"))
        if tls:
            issues.append(("tls", "The dev server speaks plain HTTP: omit it, or use another mode"))
        if sealed:
            issues.append(("seal", "The dev server starts unsealed: omit it, or use another mode"))
        if not raft:
            issues.append(("storage", "The dev server keeps everything in memory: omit it, or use another mode"))
    elif production and not tls:
        issues.append(("tls", "TLS is required, since production refuses plain HTTP: set the certificate's source"))
    if mode != "ha":
        return issues
    if raft and (replicas < 3 or replicas % 2 == 0):
        issues.append(("replicas", f"{replicas}: use an odd number from 3 on, so that a majority survives a loss"))
    elif replicas < 2:
        issues.append(("replicas", f"{replicas}: use 2 or more, so that one takes over from another"))
    most = (replicas - 1) // 2 if raft else replicas - 1
    if not issues and not 1 <= max_unavailable <= most:
        issues.append(
            (
                "max_unavailable",
                f"{max_unavailable} of {replicas}: use 1 or more, so that nodes can be drained, and leave "
                + ("more than half of the peers" if raft else "one pod"),
            )
        )
    return issues


def check_address(address: str) -> str | None:
    """Return why keys must not travel to `address`, as the end of a sentence; `None` if they may."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "is not a URL: use https://host:port"
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "is not a URL: use https://host:port"
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        return "is plain HTTP, and keys would travel in the clear: use https://, or a port-forward on 127.0.0.1"
    return None


def check_shares(shares: int, threshold: int) -> str | None:
    """Return why a key can't be split so, as the end of a sentence; `None` if it can.

    (Vault docs: "/sys/init")
    """
    # Vault refuses one share out of several.
    if 1 <= threshold <= shares and (threshold > 1 or shares == 1):
        return None
    return f"{threshold} of {shares} shares: use 2 to the number of shares, or 1 of 1 share"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
