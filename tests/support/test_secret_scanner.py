"""The scanner finds a secret however it was written, and nothing else."""

import base64
import gzip
import html
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from .secret_scanner import Canary, SecretScanner, fresh, of_key, of_token

VALUES = st.text(st.characters(exclude_categories=["Cs"]), min_size=24, max_size=60).filter(
    lambda text: len(set(text)) > 6
)
AROUND = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)

WAYS: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "reversed": lambda text: text[::-1],
    "in base64": lambda text: base64.b64encode(text.encode()).decode(),
    "in lines of base64": lambda text: base64.encodebytes(text.encode()).decode(),
    "in base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode(),
    "in hexadecimal digits": lambda text: text.encode().hex(),
    "in a path": lambda text: quote(text, safe=""),
    "in a query": lambda text: urlencode({"q": text}),
    "in JSON": lambda text: json.dumps({"a": [text]}),
    "in JSON in JSON": lambda text: json.dumps({"dataJson": json.dumps({"a": text})}, ensure_ascii=False),
    "in an exception": lambda text: repr(ValueError([text])),
    "on a page": html.escape,
}


@pytest.mark.parametrize("way", WAYS)
@given(value=VALUES, before=AROUND, after=AROUND)
def test_a_secret_is_found_whatever_surrounds_it(way: str, value: str, before: str, after: str) -> None:
    if way in {"in an exception", "reversed"}:
        before = after = ""  # the choice of quotes depends on all of it; so do combining characters' bytes
        value = "".join(character for character in value if character.isascii()).replace("'", "")
        value += "0123456789abcdefghijklmn"

    found = SecretScanner([Canary("it", value)]).text("here", WAYS[way](before + value + after))

    assert {sighting.canary for sighting in found} == {"it"}


@given(VALUES, st.integers(min_value=18))
def test_a_secret_that_is_cut_off_is_found(value: str, length: int) -> None:
    assert SecretScanner([Canary("it", value)]).text("log", f"failed with {value[:length]}…")


@given(st.text(max_size=400))
def test_what_is_not_secret_is_not_found(text: str) -> None:
    assert SecretScanner([fresh("it")]).text("here", text) == []


@pytest.mark.parametrize("private", [ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)])
def test_a_private_key_is_found_in_every_format_and_its_public_half_is_not(private: ec.EllipticCurvePrivateKey) -> None:
    def written(format_: serialization.PrivateFormat, encoding: serialization.Encoding) -> bytes:
        return private.private_bytes(encoding, format_, serialization.NoEncryption())

    pem, formats = serialization.Encoding.PEM, serialization.PrivateFormat
    scanner = SecretScanner([of_key("it", written(formats.PKCS8, pem).decode())])

    for content in (
        written(formats.PKCS8, pem),
        written(formats.TraditionalOpenSSL, pem),
        written(formats.PKCS8, serialization.Encoding.DER),
        base64.b64encode(written(formats.PKCS8, pem)),
        written(formats.PKCS8, serialization.Encoding.DER).hex().encode(),
    ):
        assert scanner.text("key", content)
    public = private.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert scanner.text("certificate", public) == []


def test_of_a_token_the_signature_is_secret() -> None:
    scanner = SecretScanner([of_token("it", "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJlLW9mLWl0")])

    assert scanner.text("log", "Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJlLW9mLWl0")
    assert scanner.text("log", "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9.") == []


def test_files_are_looked_into_and_so_are_their_names(tmp_path: Path) -> None:
    inside, outside = fresh("inside"), Canary("outside", "0123456789abcdef")
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "checkpoint.json.gz").write_bytes(gzip.compress(json.dumps(inside.value).encode()))
    (tmp_path / "0123456789abcdef").touch()
    (tmp_path / "nothing").write_text("to see")

    found = SecretScanner([inside, outside]).files([tmp_path])

    assert {(sighting.place, sighting.canary) for sighting in found} == {
        (f"{tmp_path.name}/below/checkpoint.json.gz", "inside"),
        (f"the name of a file in {tmp_path.name}", "outside"),
    }


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJlLW9mLWl0c2VsZg", "a signed token"),
        ("X-Vault-Token: hvs.CAESIJ0123456789abcdefghijklmnop", "a token of Vault"),
        ("-----BEGIN EC PRIVATE KEY-----", "a private key"),
    ],
)
def test_secrets_that_nobody_knew_are_reported_by_their_shape(text: str, kind: str) -> None:
    assert {sighting.canary for sighting in SecretScanner([]).text("log", text)} == {kind}
    assert SecretScanner([]).text("log", "a hvs.short one, eyJ.eyJ., BEGIN PUBLIC KEY") == []


def test_a_value_that_would_be_found_by_chance_is_refused() -> None:
    with pytest.raises(ValueError, match="password is too short to be hunted"):
        SecretScanner([Canary("password", "hunter2")])


def test_a_canary_does_not_tell_its_value() -> None:
    canary = fresh("it")

    assert SecretScanner([canary]).text("here", f"{canary!r} {[canary]}") == []
