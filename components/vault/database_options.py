"""Options of databases that Vault makes users in, without loading a provider."""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from ..cross_checks import cross_check
from ..databases import ENGINE_SEGMENT
from ..field_types import Declaration, DnsLabel, Switch, Text, require_match

DatabasePlugin = Literal["postgresql", "mysql"]
"""A database's kind: `mysql` is MariaDB, too."""

_USER, _NAME, _OPTIONS = r"\{\{username\}\}:\{\{password\}\}@", r"/(?P<name>[A-Za-z0-9_-]+)", r"(?:\?(?P<options>\S*))?"
_SERVER = r"(?:\[[0-9A-Fa-f:.]+\]|[^/\s():,@\[\]]+)(?::[0-9]{1,5})?"
_URLS = {
    "postgresql": re.compile(rf"postgres(?:ql)?://{_USER}(?P<servers>{_SERVER}(?:,{_SERVER})*){_NAME}{_OPTIONS}"),
    "mysql": re.compile(rf"{_USER}(?:tcp\((?P<servers>{_SERVER})\)|unix\([^()\s]+\)){_NAME}{_OPTIONS}"),
}
_PORTS = {"postgresql": 5432, "mysql": 3306}
_EXAMPLES = {
    "postgresql": "postgresql://{{username}}:{{password}}@db.example.net:5432/shop?sslmode=verify-full",
    "mysql": "{{username}}:{{password}}@tcp(db.example.net:3306)/shop?tls=true",
}
_VERIFIED = {"postgresql": "sslmode=verify-full", "mysql": "tls=true"}


class DatabaseMount(Declaration):
    """The engine that makes the databases' users."""

    path: Annotated[
        str, require_match(ENGINE_SEGMENT, "is not one segment of letters, digits, '-' and '_', e.g. database")
    ] = "database"
    """Where it is mounted."""

    create: Switch = True
    """Mount it; otherwise it exists. What Strongroom writes below is named by the stack's auth path."""


class DatabaseOptions(Declaration):
    """A database that workloads use, by users that Vault makes."""

    name: DnsLabel
    """Its name here."""

    plugin: DatabasePlugin
    """Which kind: `postgresql` or `mysql`."""

    url: Text
    """Its URL, as Vault reaches it, with the placeholders `{{username}}` and `{{password}}`:
    `postgresql://{{username}}:{{password}}@db.example.net:5432/shop?sslmode=verify-full` or
    `{{username}}:{{password}}@tcp(db.example.net:3306)/shop?tls=true`."""

    username: Text
    """The user that Vault makes others with, and nobody else uses: Vault changes its password at once."""

    @cross_check
    def _check_url(self) -> Iterator[tuple[str, str]]:
        if self._parsed is None:
            # Never the URL, which may hold a password.
            yield (
                "url",
                f"This is no URL of plugin {self.plugin!r} with its placeholders: write {_EXAMPLES[self.plugin]}",
            )

    @property
    def database(self) -> str:
        """The database that the URL names."""
        return self._parsed["name"] if self._parsed else ""

    @property
    def servers(self) -> Sequence[str]:
        """Its servers' hosts and ports in the URL; none if Vault reaches it by a socket's file."""
        named = (self._parsed["servers"] if self._parsed else None) or ""
        return [
            server if re.search(r":[0-9]+$", server) else f"{server}:{_PORTS[self.plugin]}"
            for server in named.split(",")
            if server and not server.startswith("%2F")
        ]

    def list_plaintext(self) -> Iterator[tuple[str, str]]:
        """List what would let passwords travel in cleartext, or to a server that nobody verified."""
        needed = _VERIFIED[self.plugin]
        if self._parsed and needed not in (self._parsed["options"] or "").split("&"):
            yield "url", f"This URL verifies no certificate of the database: end it with ?{needed}"

    @property
    def _parsed(self) -> re.Match[str] | None:
        return _URLS[self.plugin].fullmatch(self.url)
