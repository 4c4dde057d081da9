"""Values that settings are made of, each checked once, where it enters."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

_DURATION = re.compile(r"([1-9][0-9]*)([smh])")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600}


def _seconds(value: object) -> object:
    if isinstance(value, str):
        if not (match := _DURATION.fullmatch(value)):
            raise ValueError('is not a duration: use a number with s, m or h, e.g. "20m"')
        return int(match[1]) * _UNIT_SECONDS[match[2]]
    return value


Seconds = Annotated[int, Field(ge=1), BeforeValidator(_seconds)]
"""A duration: whole seconds, or a number with `s`, `m` or `h`."""


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("is not a URL: write it with its scheme, e.g. https://vault.example.net:8200")
    if parts.path not in {"", "/"} or parts.query or parts.fragment or parts.username:
        raise ValueError("must be a URL's scheme, host and port alone, e.g. https://vault.example.net:8200")
    return value.rstrip("/")


Address = Annotated[str, AfterValidator(_address)]
"""A server's URL: scheme, host, port."""


def _issuer(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(
            "is not an issuer: write the https URL exactly as the cluster's tokens have it, its last '/' included "
            "(az aks show --query oidcIssuerProfile.issuerUrl)"
        )
    return value


Issuer = Annotated[str, AfterValidator(_issuer)]
"""An OIDC issuer's URL. Nothing of it is changed: tokens must name it letter by letter."""

SecondsOrNone = Annotated[int, Field(ge=0), BeforeValidator(_seconds)]
"""As `Seconds`, or 0."""
