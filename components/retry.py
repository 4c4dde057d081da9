"""How long clients put up with a server that is slow, busy or away."""

from collections.abc import Collection
from typing import Any

from urllib3.exceptions import MaxRetryError, SSLError
from urllib3.util.retry import Retry

from .cancellation import pause

CONNECT_SECONDS = 5
"""How long a connection may take to be made."""

READ_SECONDS = 10
"""How long an answer may take."""

BUSY = frozenset({429, 502, 503, 504})
"""Answers of a server, or of what stands before it, that may be another in a moment."""

_LONGEST_PAUSE = 8


def make_retry(*, read: bool | None = None, busy: Collection[int] = BUSY) -> Retry:
    """Make what tries a request again for which a server was too busy, or which didn't reach it.

    It tries 5 times, in a quarter of a minute.

    The pauses grow from half a second to 8 seconds, with some chance in them; a server that says in `Retry-After` when
    to come back is believed, up to the longest pause. What a server answers last is given back as it is. (RFC 9110,
    section 10.2.3, "Retry-After"; RFC 6585, section 4, "429 Too Many Requests")

    :param read: `False` for requests that must not be sent twice, as one whose answer was lost may have been carried
        out.
    :param busy: The answers that say that a server is busy.
    """
    return _Retry(
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


class _Retry(Retry):
    """Tries no certificate twice: one that is not trusted is not trusted later. Its pauses end with a cancellation."""

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: Any = None,
        error: Exception | None = None,
        _pool: Any = None,
        _stacktrace: Any = None,
    ) -> Retry:
        if isinstance(error, SSLError):
            raise MaxRetryError(_pool, url or "", error) from error
        return super().increment(method, url, response, error, _pool, _stacktrace)

    def sleep(self, response: Any = None) -> None:
        asked = self.get_retry_after(response) if response and self.respect_retry_after_header else None
        pause(asked or self.get_backoff_time(), "a server answers")
