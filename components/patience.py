"""How long clients put up with a server that is slow, busy or away."""

from collections.abc import Collection, Mapping
from typing import Any

from urllib3.util.retry import Retry

CONNECT_SECONDS = 5
"""How long a connection may take to be made."""

READ_SECONDS = 10
"""How long an answer may take."""

OF_AZURE: Mapping[str, Any] = {"connection_timeout": CONNECT_SECONDS, "read_timeout": READ_SECONDS}
"""The same for Microsoft's clients, which would wait five minutes; they try again by themselves, three times."""

BUSY = frozenset({429, 502, 503, 504})
"""Answers of a server, or of what stands before it, that may be another in a moment."""

_LONGEST_PAUSE = 8


def patience(*, read: bool | None = None, busy: Collection[int] = BUSY) -> Retry:
    """Tries a request again that a server was too busy for, or that didn't reach it: 5 times, in a quarter of a minute.

    The pauses grow from half a second to 8 seconds, with some chance in them; a server that says in `Retry-After` when
    to come back is believed, up to the longest pause. What a server answers last is given back as it is. (RFC 9110,
    section 10.2.3, "Retry-After"; RFC 6585, section 4, "429 Too Many Requests")

    :param read: `False` for requests that must not be sent twice, as one whose answer was lost may have been carried
        out.
    :param busy: The answers that say that a server is busy.
    """
    return Retry(
        5,
        read=read,
        backoff_factor=0.5,
        backoff_max=_LONGEST_PAUSE,
        backoff_jitter=0.3,
        retry_after_max=_LONGEST_PAUSE,
        status_forcelist=busy,
        allowed_methods=None,
        raise_on_status=False,
    )
