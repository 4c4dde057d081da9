"""Tokens that look like a service account's, and are not."""

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import RSAAlgorithm

_HOUR = 3600


def forgeries(token: str, signing_key: Path, neighbour: str) -> dict[str, str]:
    """Forgeries of `token`, by what is wrong with each.

    :param token: A good token.
    :param signing_key: The cluster's own key: what it signs is wrong in its claims alone.
    :param neighbour: Another service account, as a subject.
    """
    header, claims = jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})
    own: Any = load_pem_private_key(signing_key.read_bytes(), None)
    strange = rsa.generate_private_key(65537, 2048)
    now = int(time.time())
    head, body, signature = token.split(".")

    def signed(key: Any, claims: Any = claims, **headers: Any) -> str:
        return jwt.encode(claims, key, "RS256", headers={"kid": header["kid"], **headers})

    def claiming(**changes: Any) -> str:
        return signed(own, {name: value for name, value in {**claims, **changes}.items() if value is not None})

    def symmetric(algorithm: str, key: bytes, digest: Any) -> str:
        reported = f"{_part({**header, 'alg': algorithm})}.{body}"
        return f"{reported}.{_base64(hmac.new(key, reported.encode(), digest).digest())}"

    published = own.public_key()
    pem = published.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    der = published.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return {
        "another key signed it": signed(strange),
        "another key signed it, and says which": signed(strange, kid="strange"),
        "another key signed it, and is in its header": signed(strange, jwk=_public(strange)),
        "another key signed it, which its header says where to find": signed(strange, jku="https://127.0.0.1:1/jwks"),
        "nothing signed it": f"{_part({'alg': 'none', 'typ': 'JWT'})}.{body}.",
        "nothing signed it, in capitals": f"{_part({**header, 'alg': 'NONE'})}.{body}.",
        "its signature is omitted": f"{head}.{body}.",
        "its signature is changed": f"{head}.{body}.{signature[:-8]}AAAAAAAA",
        "the public key signed it, as a password": symmetric("HS256", pem, hashlib.sha256),
        "the public key signed it, in DER": symmetric("HS512", der, hashlib.sha512),
        "its subject was changed": f"{head}.{_part({**claims, 'sub': neighbour})}.{signature}",
        "its end was changed": f"{head}.{_part({**claims, 'exp': now + 9 * _HOUR})}.{signature}",
        "another issuer gave it": claiming(iss="https://kubernetes.default.svc.example.net"),
        "an issuer with a slash more gave it": claiming(iss=f"{claims['iss']}/"),
        "it is for nobody": claiming(aud=None),
        "it is for somebody else": claiming(aud=["strongroom-nowhere"]),
        "it has expired": claiming(iat=now - 2 * _HOUR, nbf=now - 2 * _HOUR, exp=now - _HOUR),
        "it begins tomorrow": claiming(nbf=now + 24 * _HOUR, exp=now + 25 * _HOUR),
        "it is half of one": token[: len(token) // 2],
        "it is empty": "",
        "it is no token": "not a token",
    }


def _public(key: rsa.RSAPrivateKey) -> Any:
    return RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)


def _part(content: Any) -> str:
    return _base64(json.dumps(content, separators=(",", ":")).encode())


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
