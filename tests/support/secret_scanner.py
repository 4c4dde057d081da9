"""The one scanner of secrets: known values, every encoding of them, and the places where they must not be."""

import base64
import gzip
import html
import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

_SHORTEST = 12
"""Length from which a value isn't found by chance."""

_PIECE = 18
"""Bytes of the pieces that are looked for: two of them fill less than a line of base64."""

_EMPTY = bytes(512)

_SHAPES: Mapping[str, re.Pattern[bytes]] = {
    "a signed token": re.compile(rb"eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{16,}"),
    "a token of Vault": re.compile(rb"\bhv[sbr]\.[\w-]{24,}"),
    "a private key": re.compile(rb"-----BEGIN (\w+ )?PRIVATE KEY"),
}
"""Secrets that are recognized by their form."""


@dataclass(frozen=True)
class Canary:
    """A secret, by a name that may be reported."""

    name: str
    value: str | bytes

    def __repr__(self) -> str:
        return f"Canary({self.name!r})"

    @property
    def disguises(self) -> Mapping[str, bytes]:
        """What it may look like, by what was done to it.

        :raises ValueError: It is so short that it would be found by chance.
        """
        if len(self.value) < _SHORTEST:
            raise ValueError(f"{self.name} is too short to be hunted: it needs {_SHORTEST} characters")
        if isinstance(self.value, bytes):
            # A key's PEM is in base64 once more in a Kubernetes Secret.
            once = dict(_encodings(self.value))
            lines = {what: form for what, form in once.items() if "in base64 from" in what}
            return once | {f"{what}, {how}": form for what, line in lines.items() for how, form in _base64(line)}
        return dict(_encodings(self.value.encode())) | dict(_spellings(self.value))


def fresh(name: str) -> Canary:
    """A new value, with characters that every encoding writes in another way."""
    return Canary(name, f'{secrets.token_hex(9)} "<&>\\é/+%{secrets.token_hex(9)}')


def of_token(name: str, token: str) -> Canary:
    """A signed token: its signature, since its other parts are everybody's to know."""
    return Canary(name, token.rpartition(".")[2])


def of_key(name: str, pem: str) -> Canary:
    """A private key: the number in it that nobody else knows."""
    key = load_pem_private_key(pem.encode(), None)
    number = key.private_numbers().d if isinstance(key, rsa.RSAPrivateKey) else key.private_numbers().private_value
    return Canary(name, number.to_bytes((number.bit_length() + 7) // 8))


def _encodings(raw: bytes) -> Iterator[tuple[str, bytes]]:
    # Messages are cut, and base64 is broken into lines: of two pieces side by side one is whole.
    size = min(len(raw) // 2, _PIECE)
    pieces = {"start": raw[:size], "middle": raw[size : 2 * size], "end": raw[-size:]}
    for part, piece in (pieces if size >= _SHORTEST else {"whole": raw}).items():
        yield f"{part}, as it is", piece
        yield f"{part}, reversed", piece[::-1]
        yield f"{part}, in hexadecimal digits", piece.hex().encode()
        yield f"{part}, in capital hexadecimal digits", piece.hex().upper().encode()
        for what, form in _base64(piece):
            yield f"{part}, {what}", form


def _base64(raw: bytes) -> Iterator[tuple[str, bytes]]:
    for offset in range(3):
        # What stands before shifts it; characters in which neighbours have a part are omitted.
        aligned = raw[offset : offset + (len(raw) - offset) // 3 * 3]
        yield f"in base64 from {offset}", base64.b64encode(aligned)
        yield f"in base64 for URLs from {offset}", base64.urlsafe_b64encode(aligned)


def _spellings(value: str) -> Iterator[tuple[str, bytes]]:
    quoted = quote(value, safe="")
    yield "percent-encoded", quoted.encode()
    yield "percent-encoded, save slashes", quote(value).encode()
    yield "as a form", quote_plus(value).encode()
    yield "percent-encoded twice", quote(quoted, safe="").encode()
    yield "as Python shows it", repr(value)[1:-1].encode()
    yield "in HTML", html.escape(value).encode()
    for ascii_only in (True, False):
        once = json.dumps(value, ensure_ascii=ascii_only)[1:-1]
        # Go writes these characters in another way.
        for escaped in (once, by_go(once)):
            yield f"in JSON: {ascii_only}, {escaped == once}", escaped.encode()
            twice = json.dumps(escaped, ensure_ascii=ascii_only)[1:-1]
            yield f"in JSON in JSON: {ascii_only}, {escaped == once}", twice.encode()


def by_go(text: str) -> str:
    """JSON by Python's rules as servers in Go write it."""
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


@dataclass(frozen=True, order=True)
class Sighting:
    """A secret where it must not be."""

    place: str
    canary: str
    disguise: str


class SecretScanner:
    """Looks for canaries in texts and files."""

    def __init__(self, canaries: Iterable[Canary]) -> None:
        """
        :param canaries: What to look for.
        :raises ValueError: One of them is too short.
        """
        self._prey: dict[bytes, tuple[str, str]] = {}
        for canary in canaries:
            for disguise, form in canary.disguises.items():
                self._prey.setdefault(form, (canary.name, disguise))

    def __len__(self) -> int:
        """How many forms it looks for."""
        return len(self._prey)

    def text(self, place: str, content: str | bytes) -> list[Sighting]:
        """What is in `content`, which was found at `place`."""
        found = _bytes(content)
        shaped = [Sighting(place, kind, "by its shape") for kind, shape in _SHAPES.items() if shape.search(found)]
        return self.known(place, found) + shaped

    def known(self, place: str, content: str | bytes) -> list[Sighting]:
        """The canaries alone that are in `content`: for places where others' secrets may be."""
        found = _bytes(content)
        return [Sighting(place, *reported) for form, reported in self._prey.items() if form in found]

    def files(self, roots: Iterable[Path]) -> list[Sighting]:
        """What is in the files below `roots`, and in their names; compressed ones are looked into."""
        return [
            sighting
            for root in roots
            for file in root.rglob("*")
            for sighting in (
                *self.text(f"the name of a file in {root.name}", str(file.relative_to(root))),
                *self.text(f"{root.name}/{file.relative_to(root)}", _content(file)),
            )
        ]


def _bytes(content: str | bytes) -> bytes:
    return content.encode(errors="surrogateescape") if isinstance(content, str) else content


def _content(file: Path) -> bytes:
    try:
        content = file.read_bytes() if file.is_file() else b""
    except FileNotFoundError:
        return b""  # a server has just removed it
    if content.startswith(b"\x1f\x8b"):
        return gzip.decompress(content)
    # Databases reserve space: it takes longer to search than all the rest.
    return b"\0".join(filter(None, content.split(_EMPTY)))
