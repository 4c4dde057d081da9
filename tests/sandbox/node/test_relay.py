"""Connections between the node's network and this machine's."""

import asyncio
import contextlib
import socket
from collections.abc import Coroutine
from typing import Any

from sandbox.node.relay import Address, accept, carry

HOST = "127.0.0.1"


async def carried(target: Address, client: Coroutine[Any, Any, bytes], listener: socket.socket) -> bytes:
    """What a client of `listener` gets, whose connections are carried to `target`."""
    tasks = [
        asyncio.ensure_future(accept(listener, lambda each: tasks.append(asyncio.ensure_future(carry(each, target)))))
    ]
    try:
        return await asyncio.wait_for(client, 5)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def ask(port: int, content: bytes) -> bytes:
    """Send `content`, say that no more comes, and read all of the answer."""
    reader, writer = await asyncio.open_connection(HOST, port)
    with contextlib.suppress(OSError):
        writer.write(content)
        writer.write_eof()
    try:
        return await reader.read()
    except ConnectionError:
        return b"reset"
    finally:
        writer.close()


def test_all_that_is_sent_is_carried_and_so_is_the_answer_after_its_end() -> None:
    content = bytes(range(256)) * 4096

    async def run() -> bytes:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write((await reader.read())[::-1])
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(answer, HOST, 0)
        target = server.sockets[0].getsockname()[:2]
        with socket.create_server((HOST, 0)) as listener:
            async with server:
                return await carried(target, ask(listener.getsockname()[1], content), listener)

    assert asyncio.run(run()) == content[::-1]


def test_a_connection_to_nobody_is_refused() -> None:
    async def run() -> bytes:
        with socket.create_server((HOST, 0)) as unused:
            target = unused.getsockname()
        with socket.create_server((HOST, 0)) as listener:
            return await carried(target, ask(listener.getsockname()[1], b"x"), listener)

    assert asyncio.run(run()) in {b"reset", b""}
