"""How Azure's servers are asked: within bounds of size and time."""
# pyright: reportUnknownMemberType=false
# azure-core types its transport sparsely.

from typing import Any

import requests
from azure.core.pipeline.transport import RequestsTransport

from ..cancellation import pause
from ..response_limits import BoundedAdapter
from ..retry import CONNECT_SECONDS, READ_SECONDS

IN_ALL_SECONDS = 60
"""How long a request may take with all of its repetitions."""

_LONGEST_PAUSE = 8.0

ANY_METHOD: dict[str, Any] = {"retry_on_methods": ("GET", "PUT", "DELETE", "POST", "PATCH")}
"""The option of a request that may be sent twice: by themselves the clients repeat no POST or PATCH after a connection
that was cut."""

UNEXPECTED = (ValueError, TypeError, AttributeError, KeyError, RecursionError)
"""What Microsoft's clients raise of a response that is not Azure's: they take it for granted that it is."""


class BoundedTransport(RequestsTransport):
    """Connections that end a response which is too large or too slow, and believe no `Retry-After` beyond 8 s."""

    def __init__(self) -> None:
        session = requests.Session()
        for scheme in ("https://", "http://"):
            session.mount(scheme, BoundedAdapter())
        super().__init__(session=session, connection_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS)

    def sleep(self, duration: float) -> None:
        """Pause before a repetition, unless the engine cancels the update."""
        pause(min(duration, _LONGEST_PAUSE), "Azure answers")


def build_client_options() -> dict[str, Any]:
    """Build the options of one of Microsoft's clients or credentials.

    By themselves they would wait five minutes for each response, read what there is, and try again three times.
    """
    return {"transport": BoundedTransport(), "timeout": IN_ALL_SECONDS}


def describe_unexpected(who: str, error: Exception, *, asked: str = "") -> str:
    """Describe a response that is not Azure's, of which one of Microsoft's clients raised one of `UNEXPECTED`.

    :param who: Whose it is.
    :param error: What the client raised; its text may quote the response, and is omitted.
    :param asked: For what the request was, as `, asked for certificate 'tls'`.
    """
    return f"{who} answered as Azure does not ({type(error).__name__}){asked}: see what stands before it"
