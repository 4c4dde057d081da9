"""What is cut out of text that a cluster or a person gave, before it is shown."""

import re

_HIDDEN = "[redacted]"
_SECRETS = (
    # A JWT, whole or cut off: its header is JSON, and so begins with `{"`.
    re.compile(r"()eyJ[A-Za-z0-9_=-]{6,}(?:\.[A-Za-z0-9_=-]*)*"),
    # Vault's tokens. (Vault docs: "Tokens")
    re.compile(r"()\bhv[sbr]\.[A-Za-z0-9_.-]{6,}"),
    re.compile(r"()\b[sbr]\.[A-Za-z0-9]{24,}"),
    re.compile(r"(Bearer )[^\s\"',;]+", re.IGNORECASE),
    re.compile(r"((?:client_?secret|password)[\\\"']*[=:]\s*[\\\"']*)(?!failed to )[^\s\"',;&\\]+", re.IGNORECASE),
    re.compile(r"((?:token|jwt|assertion)[\\\"']*[=:]\s*[\\\"']+)[^\s\"',;&\\]+", re.IGNORECASE),
)


def redacted(text: str) -> str:
    """`text` without tokens and passwords, as far as their form tells."""
    for pattern in _SECRETS:
        text = pattern.sub(rf"\1{_HIDDEN}", text)
    return text
