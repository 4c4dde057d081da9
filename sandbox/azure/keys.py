"""Keys of a vault."""

import base64
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from .errors import AzureError
from .store import Document

_CURVES: dict[str, type[ec.EllipticCurve]] = {
    "P-256": ec.SECP256R1,
    "P-384": ec.SECP384R1,
    "P-521": ec.SECP521R1,
    "P-256K": ec.SECP256K1,
}
_SIZES = (2048, 3072, 4096)
_RSA_OPERATIONS = ["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"]
_EC_OPERATIONS = ["sign", "verify"]

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def new_key(request: Document) -> Document:
    """Make a key pair as `request` asks for it, with its private half in PEM."""
    kind = request.get("kty")
    if kind in {"RSA", "RSA-HSM"}:
        size = int(request.get("key_size") or 2048)
        if size not in _SIZES:
            raise AzureError(400, "BadParameter", f"Key size {size} is not supported: use one of {_SIZES}.")
        key: PrivateKey = rsa.generate_private_key(65537, size)
    elif kind in {"EC", "EC-HSM"}:
        curve = request.get("crv") or "P-256"
        if curve not in _CURVES:
            raise AzureError(400, "BadParameter", f"Curve {curve} is not supported: use one of {', '.join(_CURVES)}.")
        key = ec.generate_private_key(_CURVES[curve]())
    else:
        raise AzureError(400, "BadParameter", f"Key type {kind} is not supported: use RSA, RSA-HSM, EC or EC-HSM.")
    asked = {name: request.get(name) for name in ("kty", "key_size", "crv") if request.get(name) is not None}
    return described(key, asked)


def described(key: PrivateKey, request: Document) -> Document:
    """Return a key as it is kept."""
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {"request": request, "private": private.decode()}


def public_half(kept: Document, operations: list[str] | None) -> Document:
    """Return a kept key's public half, as a JSON web key."""
    key = serialization.load_pem_private_key(kept["private"].encode(), None)
    kind = kept["request"]["kty"]
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.public_key().public_numbers()
        half: dict[str, Any] = {"n": _number(numbers.n), "e": _number(numbers.e)}
        default = _RSA_OPERATIONS
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        point = key.public_key().public_numbers()
        size = (key.curve.key_size + 7) // 8
        half = {"crv": kept["request"].get("crv") or "P-256", "x": _number(point.x, size), "y": _number(point.y, size)}
        default = _EC_OPERATIONS
    else:
        raise AzureError(500, "InternalError", "A key of an unknown kind is kept here.")
    return {"kty": kind, "key_ops": operations or default, **half}


def _number(value: int, size: int | None = None) -> str:
    length = size or (value.bit_length() + 7) // 8
    return base64.urlsafe_b64encode(value.to_bytes(length, "big")).rstrip(b"=").decode()
