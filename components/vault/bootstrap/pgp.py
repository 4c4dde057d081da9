"""PGP public keys of people who hold shares.

(Vault docs: "Using PGP, GPG, and Keybase")
"""

import base64
import binascii
from collections.abc import Sequence


def decode_keys(armoured: Sequence[str]) -> list[str]:
    """Keys as Vault takes them, base64 of their binary form.

    :param armoured: As `gpg --export --armor` writes them.
    :raises ValueError: One that is no such key.
    """
    return [_decode_key(number, key) for number, key in enumerate(armoured, 1)]


def _decode_key(number: int, armoured: str) -> str:
    lines = [line.strip() for line in armoured.strip().splitlines()]
    error = ValueError(f"PGP key {number} is not a public key as `gpg --export --armor` writes it")
    if len(lines) < 4 or lines[0] != "-----BEGIN PGP PUBLIC KEY BLOCK-----" or "" not in lines:
        raise error
    # Headers end at an empty line; a line that begins with '=' is the checksum. (RFC 9580, "Forming ASCII Armor")
    body = [line for line in lines[lines.index("") + 1 :] if not line.startswith(("=", "-----"))]
    try:
        return base64.b64encode(base64.b64decode("".join(body), validate=True)).decode()
    except binascii.Error:
        raise error from None
