"""A server that is slow and fails now and then: stands before a real one, and bears a certificate of the sandbox's."""

import asyncio
import contextlib
import random
import ssl
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal
from urllib.parse import urlsplit

from sandbox.certificates import Authority, Pair
from sandbox.ports import HOST

Fault = Literal["busy", "unavailable", "reset", "slow", "lost"]
FAULTS: tuple[Fault, ...] = ("busy", "unavailable", "reset", "slow")

_ANSWERS = {
    "busy": b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\n",
    "unavailable": b"HTTP/1.1 503 Service Unavailable\r\n",
}
_SLOW_SECONDS = 2.0
_MOST_IN_A_ROW = 2


class FaultyServer:
    """Passes requests on to a server, save those that it fails."""

    def __init__(
        self,
        target: str,
        authority: Authority,
        served: Pair,
        *,
        share: float,
        seed: int = 0,
        faults: Sequence[Fault] = FAULTS,
        client: Pair | None = None,
        spared: int = 0,
    ) -> None:
        """
        :param target: The URL of the server behind.
        :param authority: Who signed that server's certificate.
        :param served: The certificate to serve with.
        :param share: Which share of the requests fails: 1.0 is all of them; below, no more than two in a row.
        :param seed: Draws the faults.
        :param faults: Of which kinds they are; a `lost` answer is one to a request that was carried out.
        :param client: The certificate to ask with.
        :param spared: How many requests pass before anything fails.
        """
        self.met: Counter[str] = Counter()
        """How often each fault was met."""

        self._host, self._to = urlsplit(target).hostname, urlsplit(target).port
        self._share, self._faults, self._random = share, faults, random.Random(seed)  # noqa: S311 - to be repeated
        self._in_a_row, self._spared = 0, spared
        self._next: list[Fault] = []
        self._served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._served.load_cert_chain(served.certificate, served.key)
        self._asking = ssl.create_default_context(cafile=str(authority.certificate))
        if client:
            self._asking.load_cert_chain(client.certificate, client.key)
        self.port = 0

    @property
    def address(self) -> str:
        """Its URL."""
        return f"https://{HOST}:{self.port}"

    @contextlib.contextmanager
    def serving(self) -> Iterator["FaultyServer"]:
        """Serve, in a thread of its own."""
        loop, ready = asyncio.new_event_loop(), threading.Event()

        async def serve() -> None:
            server = await asyncio.start_server(self._serve, HOST, 0, ssl=self._served)
            self.port = server.sockets[0].getsockname()[1]
            ready.set()

        def run() -> None:
            loop.create_task(serve())
            loop.run_forever()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        ready.wait(10)
        try:
            yield self
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join(10)

    def _draw(self) -> Fault | None:
        self._spared -= 1
        if self._spared >= 0:
            return None
        if self._random.random() >= self._share or (self._share < 1 and self._in_a_row >= _MOST_IN_A_ROW):
            self._in_a_row = 0
            return None
        self._in_a_row += 1
        if not self._next:
            self._next = self._random.sample(self._faults, len(self._faults))
        return self._next.pop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # One request a connection, so that each is drawn for by itself.
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
            length = [int(line.partition(b":")[2]) for line in lines if line.lower().startswith(b"content-length:")]
            body = await reader.readexactly(length[0] if length else 0)
            fault = self._draw()
            self.met[fault or "none"] += 1
            if fault == "reset":
                writer.transport.abort()
                return
            if fault in _ANSWERS:
                writer.write(_ANSWERS[fault] + b"Content-Length: 0\r\nConnection: close\r\n\r\n")
            else:
                if fault == "slow":
                    await asyncio.sleep(_SLOW_SECONDS)
                request = b"\r\n".join([lines[0], b"Connection: close", *lines[1:]]) + body
                answer = await self._asked(request)
                if fault == "lost":
                    writer.transport.abort()
                    return
                writer.write(answer)
            await writer.drain()
            writer.close()

    async def _asked(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(self._host, self._to, ssl=self._asking)
        writer.write(request)
        answer = await reader.read(-1)
        writer.close()
        return answer
