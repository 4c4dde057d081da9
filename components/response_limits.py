"""Bounds on what a server may send: how much, and for how long."""

import time
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError, ProtocolError

LARGEST = 32 * 1024 * 1024
"""Bytes. etcd takes documents of 1.5 MB, and a page of a list has five hundred."""

LONGEST = 20.0
"""Seconds that a response may take in all."""

_PIECE = 16 * 1024


def read_bounded(response: Any, largest: int = LARGEST, longest: float = LONGEST) -> bytes:
    """Read what urllib3's `response` has, decompressed.

    :raises urllib3.exceptions.ProtocolError: It is larger, or takes longer, than allowed.
    """
    end, pieces, size = time.monotonic() + longest, list[bytes](), 0
    try:
        while piece := response.read1(_PIECE, decode_content=True):
            size += len(piece)
            pieces.append(piece)
            if size > largest:
                raise ProtocolError(f"the response is larger than {largest} bytes")
            if time.monotonic() > end:
                raise ProtocolError(f"the response took more than {longest:g} s")
    finally:
        # What is left of it must not be read by the next request.
        (response.release_conn if response.closed else response.close)()
    return b"".join(pieces)


class BoundedAdapter(HTTPAdapter):
    """Connections of requests that read each response at once, within bounds."""

    def send(self, request: Any, stream: bool = False, *args: Any, **options: Any) -> requests.Response:
        """Send a request.

        :raises requests.ConnectionError: The response is larger, or takes longer, than allowed.
        """
        del stream
        response = super().send(request, True, *args, **options)
        try:
            content = read_bounded(response.raw)
        except HTTPError as error:
            raise requests.ConnectionError(str(error), request=request) from None
        response.headers = CaseInsensitiveDict(
            {name: value for name, value in response.headers.items() if name.lower() != "content-encoding"}
        )
        response._content = content  # pyright: ignore[reportPrivateUsage]
        response._content_consumed = True  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue]
        return response
