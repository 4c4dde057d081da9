"""URLs that a user writes, each checked once, where it enters."""

import ipaddress
import re
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator


def _split(value: str) -> SplitResult | None:
    """Split a URL; return `None` if it is none: a space or a control character in it, or an impossible port."""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return None
    return None if re.search(r"[\s\x00-\x1f\x7f\\]", value) else parts


def _is_https(value: str) -> bool:
    parts = _split(value)
    return parts is not None and parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc


def _is_local(value: str) -> bool:
    parts = _split(value)
    return parts is not None and parts.scheme == "http" and parts.hostname in {"localhost", "127.0.0.1"}


def _check_address(value: str) -> str:
    parts = _split(value)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("is not a URL: write it with its scheme, e.g. https://vault.example.net:8200")
    if parts.path not in {"", "/"} or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("must be a URL's scheme, host and port alone, e.g. https://vault.example.net:8200")
    return value.rstrip("/")


Address = Annotated[str, AfterValidator(_check_address)]
"""A server's URL: scheme, host, port."""


def check_key_address(address: str) -> str | None:
    """Return why keys must not travel to `address`, as the end of a sentence; `None` if they may."""
    parts = _split(address)
    if parts is None or parts.scheme != "http" or _is_loopback(parts.hostname or ""):
        return None
    return "is plain HTTP, and keys would travel in the clear: use https://, or a port-forward on 127.0.0.1"


def _check_key_address(value: str) -> str:
    if problem := check_key_address(value):
        raise ValueError(problem)
    return value


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


KeyAddress = Annotated[Address, AfterValidator(_check_key_address)]
"""The URL of a server that gets keys: with TLS, or of this machine alone."""


def check_plain_http(address: str) -> str | None:
    """Return why production must not send tokens to `address`, as the end of a sentence; `None` if it may."""
    if not address.lower().startswith("http://"):
        return None
    return "is plain HTTP, which is allowed for local stacks only: give Vault a certificate, and use https://"


def _check_url(value: str) -> str:
    parts = _split(value)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise ValueError("is not a URL: write it with its scheme, e.g. https://api.example.net:6443")
    return value


Url = Annotated[str, AfterValidator(_check_url)]
"""A server's URL, and perhaps a path."""


def _check_issuer(value: str) -> str:
    if not _is_https(value) or "?" in value or "#" in value:
        raise ValueError(
            "is not an issuer: write the https URL exactly as the cluster's tokens have it, its last '/' included "
            "(az aks show --query oidcIssuerProfile.issuerUrl)"
        )
    return value


Issuer = Annotated[str, AfterValidator(_check_issuer)]
"""An OIDC issuer's URL. Nothing of it is changed: tokens must name it letter by letter."""


def _check_https(value: str) -> str:
    if not (_is_https(value) or _is_local(value)):
        raise ValueError("is not an https URL: write all of it, e.g. https://login.example.net/v2.0")
    return value


Https = Annotated[str, AfterValidator(_check_https)]
"""A URL with TLS, or of this machine alone, and perhaps a path."""


def _check_redirect(value: str) -> str:
    if not (_is_https(value) or _is_local(value)):
        raise ValueError("is not where a browser may go: use an https URL, or http://localhost:8250/oidc/callback")
    return value


RedirectUri = Annotated[str, AfterValidator(_check_redirect)]
"""Where a browser is sent back to. (RFC 8252: "OAuth 2.0 for Native Apps")"""
