"""Connections carried from one network namespace to another: a socket stays in the one that it was made in."""

import asyncio
import contextlib
import socket
from collections.abc import Callable

Address = tuple[str, int]

_CHUNK = 2**16


async def carry(connection: socket.socket, target: Address) -> None:
    """Carry all that comes by `connection` to `target`, and back, until both are done."""
    connection.setblocking(False)
    with contextlib.suppress(OSError):
        here = await asyncio.open_connection(sock=connection)
        try:
            there = await asyncio.open_connection(*target)
        except OSError:
            here[1].transport.abort()
            return
        try:
            await asyncio.gather(_copy(here[0], there[1]), _copy(there[0], here[1]))
        finally:
            for _, writer in (here, there):
                writer.transport.abort()


async def accept(listener: socket.socket, on_connection: Callable[[socket.socket], None]) -> None:
    """Hand each connection that `listener` gets to `on_connection`, for ever."""
    loop = asyncio.get_running_loop()
    listener.setblocking(False)
    while True:
        connection, _ = await loop.sock_accept(listener)
        on_connection(connection)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(_CHUNK):
        writer.write(chunk)
        await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()
