"""Check of the databases in which Vault makes users, before a deployment."""

import ipaddress
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from strongroom.components.retry import CONNECT_SECONDS
from strongroom.stacks.settings.vault import VaultSettings

from ..findings import Finding

NAME = "database"
"""What the findings are called."""


def check_databases(backend: VaultSettings) -> Iterator[Finding]:
    """Check that each server of each database accepts connections.

    A server that doesn't is a warning: it is Vault that must reach it, perhaps by another network.
    """
    is_vault_here = _is_loopback(urlsplit(backend.in_cluster).hostname or "")
    for number, database in enumerate(backend.databases):
        for server in database.servers:
            title = f"the database {database.name} at {server}"
            if _is_loopback(urlsplit(f"//{server}").hostname or "") and not is_vault_here:
                yield Finding.skipped(f"{title} is on Vault's own machine, which is not this one", name=NAME)
            else:
                yield _check_server(title, server, f"backend.databases[{number}].url")


def _check_server(title: str, server: str, setting: str) -> Finding:
    place = urlsplit(f"//{server}")
    try:
        with socket.create_connection((place.hostname or "", place.port or 0), timeout=CONNECT_SECONDS):
            return Finding.ok(f"{title} accepts connections", name=NAME)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return Finding.warning(
            f"{title} can't be reached from here ({reason}), and Vault must reach it",
            f"start it, or correct {setting}; nothing is wrong if only Vault's network leads there",
            name=NAME,
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
