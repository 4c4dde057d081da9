"""Names that are derived for a server, from what a user named."""

import hashlib
import re

_DIGITS = 16
_DIGESTED = re.compile(rf".*-[0-9a-f]{{{_DIGITS}}}", re.DOTALL)
_PLAIN = r"[a-z0-9{extra}]([a-z0-9{extra}-]*[a-z0-9{extra}])?"


def derive_name(*parts: str, separator: str, limit: int, extra: str = "") -> str:
    """Build the one name that stands for `parts`, and for no others, on a server that may fold case.

    Parts that are plain are joined as they are. All others, those that hold the separator, and those that are too long
    together, keep what is legible of them and get a digest of the whole. A plain name that looks as if it had a digest
    gets one too.

    :param parts: What the name is derived from, in order.
    :param separator: What stands between them, one character that the server allows.
    :param limit: The longest name that the server allows.
    :param extra: Characters that the server allows in a part, beside `a` to `z`, digits and, not at an end, `-`.
    """
    joined = separator.join(parts)
    part = re.compile(_PLAIN.format(extra=re.escape(extra)))
    ambiguous = len(parts) > 1 and any(separator in each for each in parts)
    if (
        len(joined) <= limit
        and not ambiguous
        and all(part.fullmatch(each) for each in parts)
        and not _DIGESTED.fullmatch(joined)
    ):
        return joined
    # Lengths keep ("a", "b") and ("a/b",) apart, whatever the parts hold.
    whole = "".join(f"{len(each)}:{each}" for each in parts)
    digest = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
    illegal = re.compile(rf"[^a-z0-9{re.escape(extra)}]+")
    legible = separator.join(illegal.sub("-", each.lower()).strip("-") for each in parts)
    kept = legible[: limit - _DIGITS - 1].strip(f"-{separator}") or "x"
    return f"{kept}-{digest}"
