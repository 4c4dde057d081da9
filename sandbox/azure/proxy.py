"""The proxy that brings clients to the emulator under Azure's own names, and nowhere else."""

import asyncio
import contextlib

from ..ports import HOST
from .clouds import cloud_of

_LONGEST = 8192
_REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"


class Proxy:
    """Tunnels to the emulator for Azure's hosts; every other host is refused. (RFC 9110, section 9.3.6)"""

    def __init__(self, emulator: int) -> None:
        """
        :param emulator: The emulator's TLS port.
        """
        self._emulator = emulator

    async def serve(self, port: int) -> None:
        """Listen until cancelled."""
        server = await asyncio.start_server(self._tunnel, HOST, port, limit=_LONGEST)
        async with server:
            await server.serve_forever()

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            head = await reader.readuntil(b"\r\n\r\n")
            method, _, rest = head.decode("latin-1").partition(" ")
            host, _, port = rest.split(" ", 1)[0].rpartition(":")
            if method == "CONNECT" and port == "443" and cloud_of(host):
                there, back = await asyncio.open_connection(HOST, self._emulator)
                writer.write(_OPEN)
                await asyncio.gather(_pour(reader, back), _pour(there, writer))
            else:
                writer.write(_REFUSED)
        await _close(writer)


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    await _close(writer)


async def _close(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        writer.close()
        await writer.wait_closed()
