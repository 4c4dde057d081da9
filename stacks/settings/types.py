"""Values that settings are made of, each checked once, where it enters."""

import re
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field
from pydantic_core import PydanticKnownError

from strongroom.components.field_types import LONGEST, matching

_DURATION = re.compile(r"([1-9][0-9]{0,8})([smh])")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600}


def _seconds(value: object) -> object:
    if isinstance(value, str):
        if not (match := _DURATION.fullmatch(value)):
            raise ValueError('is not a duration: use a number with s, m or h, e.g. "20m"')
        found = int(match[1]) * _UNIT_SECONDS[match[2]]
    elif isinstance(value, bool):
        raise PydanticKnownError("int_type")
    else:
        found = value
    if isinstance(found, int) and found > LONGEST:
        raise ValueError("is longer than 10 years, 87600h: use less")
    return found


def seconds(value: object) -> int | None:
    """A duration in seconds; `None` where it is none."""
    try:
        found = _seconds(value)
    except ValueError:
        return None
    return found if isinstance(found, int) else None


Seconds = Annotated[int, Field(ge=1), BeforeValidator(_seconds)]
"""A duration: whole seconds, or a number with `s`, `m` or `h`."""


def _parts(value: str) -> SplitResult | None:
    """A URL's parts; `None` where it is none: a space or a control character in it, or an impossible port."""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return None
    return None if re.search(r"[\s\x00-\x1f\x7f\\]", value) else parts


def _is_https(value: str) -> bool:
    parts = _parts(value)
    return parts is not None and parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc


def _is_local(value: str) -> bool:
    parts = _parts(value)
    return parts is not None and parts.scheme == "http" and parts.hostname in {"localhost", "127.0.0.1"}


def _address(value: str) -> str:
    parts = _parts(value)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("is not a URL: write it with its scheme, e.g. https://vault.example.net:8200")
    if parts.path not in {"", "/"} or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("must be a URL's scheme, host and port alone, e.g. https://vault.example.net:8200")
    return value.rstrip("/")


Address = Annotated[str, AfterValidator(_address)]
"""A server's URL: scheme, host, port."""


def _issuer(value: str) -> str:
    if not _is_https(value) or "?" in value or "#" in value:
        raise ValueError(
            "is not an issuer: write the https URL exactly as the cluster's tokens have it, its last '/' included "
            "(az aks show --query oidcIssuerProfile.issuerUrl)"
        )
    return value


Issuer = Annotated[str, AfterValidator(_issuer)]
"""An OIDC issuer's URL. Nothing of it is changed: tokens must name it letter by letter."""


def _https(value: str) -> str:
    if not (_is_https(value) or _is_local(value)):
        raise ValueError("is not an https URL: write all of it, e.g. https://login.example.net/v2.0")
    return value


Https = Annotated[str, AfterValidator(_https)]
"""A URL with TLS, or of this machine alone, and perhaps a path."""


def _redirect(value: str) -> str:
    if not (_is_https(value) or _is_local(value)):
        raise ValueError("is not where a browser may go: use an https URL, or http://localhost:8250/oidc/callback")
    return value


RedirectUri = Annotated[str, AfterValidator(_redirect)]
"""Where a browser is sent back to. (RFC 8252: "OAuth 2.0 for Native Apps")"""

IsoDuration = Annotated[
    str,
    matching(
        r"P(?=[1-9])([1-9][0-9]{0,2}Y)?([1-9][0-9]{0,2}M)?([1-9][0-9]{0,2}W)?([1-9][0-9]{0,3}D)?",
        "is not a duration: use years, months, weeks or days as ISO 8601 writes them, e.g. P90D",
    ),
]
"""A duration as ISO 8601 writes it, in days or more, e.g. `P90D`."""

_GO_TIME = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?) ([-+]\d\d)(\d\d) \S+")


def _moment(value: object) -> object:
    # What stands without quotes in a stack's file reaches the program as Go prints a time.
    match = _GO_TIME.fullmatch(value) if isinstance(value, str) else None
    return f"{match[1]}T{match[2]}{match[3]}:{match[4]}" if match else value


Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]
"""A time with its zone, as ISO 8601 writes it."""

SecondsOrNone = Annotated[int, Field(ge=0), BeforeValidator(_seconds)]
"""As `Seconds`, or 0."""
