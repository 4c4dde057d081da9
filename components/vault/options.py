"""What may be chosen, and what Vault can't serve: known without loading a provider."""

import ipaddress
import re
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

Reviewer = Literal["service-account", "in-cluster", "client"]
"""Whose token asks the API server whether a client's token is good.

`service-account`: a long-lived token of a service account made for it; for a Vault outside the cluster.
`in-cluster`: the token of Vault's own pod; for a Vault inside the cluster.
`client`: the client's own token, which then needs `system:auth-delegator` and the API server's audience.
"""


Mode = Literal["dev", "standalone", "ha"]
"""`dev`: in memory, open, with a known token; for a look. `standalone`: one pod. `ha`: several, with a leader."""


def unreadable(secret: Mapping[str, object]) -> str | None:
    """Why Vault can't serve `secret`, as written in a stack file, as the end of a sentence; `None` where it can."""
    if secret.get("type", "secret") != "secret":
        return "has a type that only Azure Key Vault has: leave type out for Vault"
    if secret.get("format") is not None or secret.get("version_history", secret.get("versionHistory", 1)) != 1:
        return "has format or versionHistory, which only Azure Key Vault knows: leave them out for Vault"
    version = secret.get("version")
    if isinstance(version, str) and not re.fullmatch(r"[1-9][0-9]{0,8}", version):
        return f"has the version {version!r}, which is none of Vault's: those are whole numbers from 1 on"
    if secret.get("key") is None:
        return "names no key: Vault's objects have keys, and without one the file would be the whole response"
    return None


def server_faults(
    *, mode: str, replicas: int, max_unavailable: int, raft: bool, tls: bool, sealed: bool, production: bool
) -> list[tuple[str, str]]:
    """What is wrong with a server: each setting's name, and what to tell of it.

    :param mode: What it is.
    :param replicas: How many pods it has.
    :param max_unavailable: How many of them may be drained at once.
    :param raft: Whether it keeps its data itself.
    :param tls: Whether it has a certificate.
    :param sealed: Whether a key elsewhere opens it.
    :param production: Refuse the dev server and plain HTTP.
    """
    found: list[tuple[str, str]] = []
    if mode == "dev":
        if production:
            found.append(("mode", "'dev' keeps everything in memory and has a known token: use standalone or ha"))
        if tls:
            found.append(("tls", "the dev server speaks plain HTTP: leave it out, or use another mode"))
        if sealed:
            found.append(("seal", "the dev server is open from its start: leave it out, or use another mode"))
        if not raft:
            found.append(("storage", "the dev server keeps everything in memory: leave it out, or use another mode"))
    elif production and not tls:
        found.append(("tls", "is left out, and production refuses plain HTTP: say where the certificate is from"))
    if mode != "ha":
        return found
    if raft and (replicas < 3 or replicas % 2 == 0):
        found.append(("replicas", f"{replicas}: use an odd number from 3 on, so that a majority survives a loss"))
    elif replicas < 2:
        found.append(("replicas", f"{replicas}: use 2 or more, so that one takes over from another"))
    most = (replicas - 1) // 2 if raft else replicas - 1
    if not found and not 1 <= max_unavailable <= most:
        found.append(
            (
                "max_unavailable",
                f"{max_unavailable} of {replicas}: use 1 or more, so that nodes can be drained, and leave "
                + ("more than half of the peers" if raft else "one pod"),
            )
        )
    return found


def insecure(address: str) -> str | None:
    """Why keys must not travel to `address`, as the end of a sentence; `None` where they may."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "is not a URL: use https://host:port"
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "is not a URL: use https://host:port"
    if parts.scheme == "http" and not _loopback(parts.hostname):
        return "is plain HTTP, and keys would travel in the clear: use https://, or a port-forward on 127.0.0.1"
    return None


def shares_fault(shares: int, threshold: int) -> str | None:
    """Why a key can't be split so, as the end of a sentence; `None` where it can. (Vault docs: "/sys/init")"""
    # Vault refuses one share out of several.
    if 1 <= threshold <= shares and (threshold > 1 or shares == 1):
        return None
    return f"{threshold} of {shares} shares: use 2 to the number of shares, or 1 of 1 share"


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
