"""Detection of plaintext secrets, by name, by the shape of known tokens, or by randomness."""

import math
import re
from collections import Counter
from itertools import pairwise

_NAME = re.compile(
    r"(PASSWD|PASSWORD|PASSPHRASE|(^|_)(PASS|PWD|SECRET|TOKEN|APIKEY|CREDENTIALS?|(API|ACCESS|PRIVATE|SIGNING"
    r"|ENCRYPTION|ACCOUNT)_?KEY|CONNECTION_?STRING|DSN))(_?[0-9]+)?$"
)
_SHAPES = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|\b(hv[sbr]\.[A-Za-z0-9_-]{20}|s\.[A-Za-z0-9]{24}\b)"  # Vault
    r"|://[^/\s:@]*:[^/\s:@]+@"  # a password in a URL
    r"|\b(gh[pousr]_[A-Za-z0-9]{30}|github_pat_[A-Za-z0-9_]{30}|glpat-[A-Za-z0-9_-]{20}|npm_[A-Za-z0-9]{30})"
    r"|\b(AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[A-Za-z0-9_-]{35}|\bxox[abeoprs]-[A-Za-z0-9-]{10}"
    r"|\b[rs]k_(live|test)_[A-Za-z0-9]{16}|\bSG\.[A-Za-z0-9_-]{16,}\.|\bdop_v1_[a-f0-9]{40}|\bpul-[a-f0-9]{40}"
    r"|\bsk-[A-Za-z0-9_-]{20}"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\."  # a JWT
    r"|\b(AccountKey|SharedAccessKey|SharedAccessSignature|Password|Pwd)\s*=\s*[^;\s]{6}"
    r"|[?&](sig|token|password|api_?key|access_?token)=[^&\s]{6}",
    re.IGNORECASE,
)
_ASSIGNED = re.compile(
    r"""(?:^|[\s'";&(])(?:(?:--?)?([A-Za-z_][A-Za-z0-9_.-]*)=|--?([A-Za-z][A-Za-z0-9_.-]*)\s+)['"]?([^\s'"-][^\s'"]*)"""
)
_OPTION = re.compile(r"--?([A-Za-z][A-Za-z0-9_.-]*)")
_REFERENCE = re.compile(r"\$[({A-Za-z_]|^[./~]|^file:|@(akv|azurekeyvault)", re.IGNORECASE)
"""References to a value: a variable, a file, a marker."""

_RANDOM = re.compile(r"[A-Za-z0-9+/=_-]{20,}")
_KNOWN_RANDOM = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|sha(1|256|512)[:-][A-Za-z0-9+/=]+"
    r"|-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----",
    re.IGNORECASE | re.DOTALL,
)
"""Random text that is no secret: identifiers, digests, certificates."""

_DIGEST_NAME = re.compile(r"(COMMIT|SHA[0-9]*|DIGEST|REVISION|CHECKSUM|HASH|CERTIFICATE|CERT|CA)$")
_BITS = 3.7
_CHANGES = 0.45
"""Bits a character, and changes between capitals, small letters and digits a character, from which a text of 20 or more
looks generated. Words run together, as in `MyServiceName2`, change less often; what is random, at six in ten."""

_HEXADECIMAL = re.compile(r"[0-9a-f]{32,}", re.IGNORECASE)


def is_secret_name(name: str) -> bool:
    """Return whether a variable or an option of that name holds a secret."""
    return _NAME.search(re.sub(r"[-.]", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)).upper()) is not None


def has_token(value: str) -> bool:
    """Return whether a text contains the shape of a known token, key or password."""
    return _SHAPES.search(value) is not None


def is_secret_value(name: str, value: str) -> bool:
    """Return whether a text looks like a secret, whatever its name.

    :param name: Its name; digests and commits are random, and no secrets.
    """
    if has_token(value):
        return True
    return not _DIGEST_NAME.search(name.upper()) and any(
        map(_is_random, _RANDOM.findall(_KNOWN_RANDOM.sub(" ", value)))
    )


def is_secret_argument(previous: str, word: str) -> bool:
    """Return whether a word of a command line contains a secret.

    :param previous: The word before it, which may be the option of this value.
    """
    before = _OPTION.fullmatch(previous)
    if before and is_secret_name(before[1]) and word and not word.startswith("-") and not _REFERENCE.search(word):
        return True
    found = _ASSIGNED.findall(word)
    return any(
        is_secret_name(assigned or option) and not _REFERENCE.search(value) for assigned, option, value in found
    ) or is_secret_value("", word)


def _is_random(word: str) -> bool:
    if _HEXADECIMAL.fullmatch(word):
        return len(set(word)) > 8
    kinds = ["9" if letter.isdigit() else "A" if letter.isupper() else "a" for letter in word if letter.isalnum()]
    if len(set(kinds)) < 3:
        return False
    changes = sum(one != other for one, other in pairwise(kinds))
    counts = Counter(word).values()
    bits = -sum(count / len(word) * math.log2(count / len(word)) for count in counts)
    return bits >= _BITS and changes >= _CHANGES * len(kinds)
