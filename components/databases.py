"""Credentials of databases that Vault makes for a workload."""

import re
from collections.abc import Iterator, Mapping
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

_MONTHS, _DAYS = "jan feb mar apr may jun jul aug sep oct nov dec", "sun mon tue wed thu fri sat"
_CRON_PART = re.compile(
    r"(?:[*?]|(?P<first>[0-9]+|[A-Za-z]{3})(?:-(?P<last>[0-9]+|[A-Za-z]{3}))?)(?:/(?P<step>[0-9]+))?"
)

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


_CRON_FIELDS = ((0, 59, ""), (0, 23, ""), (1, 31, ""), (1, 12, _MONTHS), (0, 6, _DAYS))
"""The least and the greatest number of each field, and its names."""


def _is_cron_field(text: str, least: int, greatest: int, names: str) -> bool:
    for part in text.split(","):
        match = _CRON_PART.fullmatch(part)
        if match is None or match["step"] == "0":
            return False
        ends = [
            names.split().index(end.lower()) + least
            if end.lower() in names.split()
            else int(end)
            if end.isdigit()
            else -1
            for end in (match["first"], match["last"])
            if end is not None
        ]
        if ends != sorted(ends) or any(not least <= end <= greatest for end in ends):
            return False
    return True


def _check_cron(value: str) -> str:
    fields = value.split()
    if len(fields) != len(_CRON_FIELDS) or not all(map(_is_cron_field, fields, *zip(*_CRON_FIELDS, strict=True))):
        raise ValueError(
            "is no schedule: use cron's five fields (minute, hour, day of month, month, day of week), e.g. 0 3 * * SAT"
        )
    return value


CronSchedule = Annotated[str, AfterValidator(_check_cron)]
"""When something is done again and again. (Vault docs: "Database secrets engine (API)", on `rotation_schedule`)"""


class CredentialFiles(Declaration):
    """The files that a user's name and password become."""

    username: FileName
    """The file with the name, below the workload's mount path."""

    password: FileName
    """The file with the password."""


USERNAME, PASSWORD = "{{username}}", "{{password}}"
"""The placeholders in a URL."""


def _check_url_text(value: str) -> str:
    rest = value.replace(USERNAME, "").replace(PASSWORD, "")
    if PASSWORD not in value or "{{" in rest or "}}" in rest:
        raise ValueError(
            f"must have {PASSWORD} where the password is to be, {USERNAME} for the name, and no other braces, e.g. "
            f"postgresql://{USERNAME}:{PASSWORD}@db.example.net:5432/shop?sslmode=verify-full"
        )
    return value


class CredentialUrl(Declaration):
    """A file with the name and the password in one text, such as a URL, with delivery `agent-injector`."""

    file: FileName
    """The file, below the workload's mount path."""

    value: Annotated[Text, AfterValidator(_check_url_text)]
    """The text, with `{{username}}` and `{{password}}`, which are URL-encoded there:
    `postgresql://{{username}}:{{password}}@db.example.net:5432/shop?sslmode=verify-full`."""


class StaticRole(Declaration):
    """A user of the database that exists, whose password Vault changes.

    (Vault docs: "Database secrets engine", on static roles)
    """

    username: Text
    """The user's name in the database."""

    period: Annotated[Seconds, Field(ge=5)] = 86400
    """How often its password is changed; at least 5 s. Vault changes it at once, too, so nothing else may use it."""

    schedule: CronSchedule | None = None
    """Instead of `period`: when, in UTC, as cron has it: `0 3 * * SAT`."""

    window: Annotated[Seconds, Field(ge=3600)] | None = None
    """With `schedule`: for how long from then a change that failed is tried again, an hour at least; after it the next
    is awaited. If omitted, it is tried until it works."""

    @cross_check
    def _check_schedule(self) -> Iterator[tuple[str, str]]:
        if self.schedule is not None and "period" in self.model_fields_set:
            yield "period", "This setting and schedule both say when the password is changed: remove one of the two"
        if self.window is not None and self.schedule is None:
            yield "window", "This setting goes with schedule only: a period has none"


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

    url: CredentialUrl | None = None
    """Where it finds both in one text, too."""

    @property
    def all_files(self) -> Mapping[str, str]:
        """Its files by what they have: `username`, `password`, `url`."""
        return {**self.files.model_dump(), **({"url": self.url.file} if self.url else {})}

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
        if self.url and self.url.file in {self.files.username, self.files.password}:
            yield ("url", "file"), f"{self.url.file!r} is a file of files too: each needs its own"


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
