"""Credentials of databases that Vault makes for a workload."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from .cross_checks import Location, cross_check
from .durations import Seconds, check_order, format_seconds
from .field_types import Declaration, DnsLabel, FileName, ListOf, Text

DatabaseRole = Literal["readonly", "readwrite", "owner"]
"""What a made user may do with a database's tables."""

NO_DATABASES = "This setting is allowed with backend 'vault' only: Key Vault makes no users of databases"
"""The error of a workload with databases on Key Vault."""

ENGINE_SEGMENT = r"[A-Za-z0-9_-]+"
"""Where an engine that makes secrets may be mounted: one segment, so that no object of a KV engine has such a path."""

Statement = Annotated[str, Field(min_length=1)]
"""A statement in a database's SQL."""

_CREDENTIALS = re.compile(rf"{ENGINE_SEGMENT}/(static-)?creds/[^/]+")
_NAME, _PASSWORD = re.compile(r"\{\{ *(name|username) *\}\}"), re.compile(r"\{\{ *password *\}\}")


def is_credentials_path(path: str) -> bool:
    """Return whether `path` is one at which a database engine gives credentials.

    (Vault docs: "Database secrets engine (API)")
    """
    return _CREDENTIALS.fullmatch(path) is not None


def _check_statements(value: tuple[str, ...]) -> tuple[str, ...]:
    whole = "\n".join(value)
    missing = [
        name for name, pattern in (("{{name}}", _NAME), ("{{password}}", _PASSWORD)) if not pattern.search(whole)
    ]
    if missing:
        raise ValueError(
            f"must use {' and '.join(missing)}, where Vault puts what it makes: create the user by both, e.g. "
            "CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'"
        )
    return value


class CredentialFiles(Declaration):
    """The files that a user's name and password become."""

    username: FileName
    """The file with the name, below the workload's mount path."""

    password: FileName
    """The file with the password."""


class StaticRole(Declaration):
    """A user of the database that exists, whose password Vault changes.

    (Vault docs: "Database secrets engine", on static roles)
    """

    username: Text
    """The user's name in the database."""

    period: Annotated[Seconds, Field(ge=5)] = 86400
    """How often its password is changed; at least 5 s. Vault changes it at once, too, so nothing else may use it."""


class DatabaseCredentials(Declaration):
    """A user of a database for one workload: made for it while it runs, or one that exists.

    One of `role`, `statements` and `staticRole` says which.
    """

    database: DnsLabel
    """Its name in `backend.databases`."""

    role: DatabaseRole | None = None
    """What a made user may do with the tables: `readonly`, `readwrite`, or `owner`, which creates and drops them too.
    In PostgreSQL it is the schema `public` as it is when the user is made; what an `owner` made belongs to Vault's own
    user when its lease ends. In MySQL it is the database that the connection's URL names."""

    statements: Annotated[ListOf[Statement], Field(min_length=1), AfterValidator(_check_statements)] | None = None
    """Instead of `role`: the SQL that makes a user, with the placeholders `{{name}}`, `{{password}}` and
    `{{expiration}}`."""

    revocation: Annotated[ListOf[Statement], Field(min_length=1)] = ()
    """With `statements`: the SQL that drops the user, with the placeholder `{{name}}`; if omitted, the plugin's own,
    which drops no user that owns something."""

    static_role: StaticRole | None = None
    """Instead of `role`: a user that exists, for what can't take another one. Any delivery brings it."""

    ttl: Seconds = 1200
    """How long a made user lives, at most `backend.tokenTtl`: it ends with the login that asked for it."""

    max_ttl: Seconds | None = None
    """How long it may live where an operator renews its lease; if omitted, as `ttl`. The workload itself may not."""

    files: CredentialFiles
    """Where the workload finds the name and the password."""

    @cross_check
    def _check_kind(self) -> Iterator[tuple[Location, str]]:
        given = [
            alias
            for alias, value in (
                ("role", self.role),
                ("statements", self.statements),
                ("staticRole", self.static_role),
            )
            if value is not None
        ]
        if len(given) != 1:
            found = f"{' and '.join(given)} are" if given else "none is"
            yield (), f"These credentials need exactly one of role, statements and staticRole, and {found} given"
        if self.revocation and self.statements is None:
            yield ("revocation",), "This setting is allowed with statements only: a role has its own"

    @cross_check
    def _check_revocation(self) -> Iterator[tuple[str, str]]:
        if self.revocation and not _NAME.search("\n".join(self.revocation)):
            yield "revocation", "These statements never use {{name}}, the user to drop: name it"

    @cross_check
    def _check_lives(self) -> Iterator[tuple[str, str]]:
        if self.max_ttl is not None:
            yield from check_order(self, "ttl", "max_ttl", show=format_seconds)

    @cross_check
    def _check_static(self) -> Iterator[tuple[str, str]]:
        for field in ("ttl", "max_ttl"):
            if self.static_role is not None and field in self.model_fields_set:
                yield field, "This setting is of a made user: a staticRole has period"

    @cross_check
    def _check_files(self) -> Iterator[tuple[Location, str]]:
        if self.files.username == self.files.password:
            yield (
                ("files", "password"),
                f"{self.files.password!r} is the file of username too: each needs its own",
            )


def check_lease(credentials: DatabaseCredentials, token_ttl: int) -> str | None:
    """Return why a made user can't live so long, as the end of a sentence; `None` if it can.

    Vault revokes what a login has asked for when the login ends, and a workload may not renew its own.
    (Vault docs: "Tokens", "Lease, renew, and revoke")

    :param token_ttl: The life of a workload's login.
    """
    if credentials.static_role is not None or credentials.ttl <= token_ttl:
        return None
    return (
        f"have ttl {format_seconds(credentials.ttl)}, which is more than tokenTtl, {format_seconds(token_ttl)}: a user "
        "ends with the login that asks for it. Use less, or raise backend.tokenTtl"
    )
