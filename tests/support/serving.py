"""Servers of tests, on loopback."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from socketserver import BaseServer

_SECONDS = 0.01
"""Between two looks whether to stop; the library's own half a second is longer than most tests."""


class QuietServer(ThreadingHTTPServer):
    """A server of HTTP that says nothing of clients that are gone, and waits for none when it closes."""

    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""


@contextmanager
def serving(server: BaseServer) -> Iterator[None]:
    """Serve in the background until the block ends, and close."""
    thread = threading.Thread(target=server.serve_forever, args=(_SECONDS,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
