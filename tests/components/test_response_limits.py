"""Responses of a server that sends too much, too slowly, or what nobody expects."""

import gzip
import time
from collections.abc import Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler

import pytest
import requests
import urllib3

from strongroom.components import response_limits as module
from strongroom.components.response_limits import BoundedAdapter, read_bounded
from tests.support.serving import QuietServer, serving

MEGABYTE = 1024 * 1024


@cache
def _bomb() -> bytes:
    return gzip.compress(bytes(64 * MEGABYTE))


class Handler(BaseHTTPRequestHandler):
    """Sends what its path names."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        getattr(self, self.path.removeprefix("/"))()

    def bomb(self) -> None:
        self._send(_bomb(), "gzip")

    def zipped(self) -> None:
        self._send(gzip.compress(b'{"a": 1}'), "gzip")

    def plain(self) -> None:
        self._send(b'{"a": 1}')

    def endless(self) -> None:
        self._begin()
        while self._chunk(bytes(MEGABYTE)):
            pass

    def trickle(self) -> None:
        self._begin()
        while self._chunk(b" "):
            time.sleep(0.05)

    def _send(self, content: bytes, encoding: str = "identity") -> None:
        self.send_response(200)
        self.send_header("Content-Encoding", encoding)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _begin(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def _chunk(self, content: bytes) -> bool:
        try:
            self.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
        except OSError:
            return False
        return True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server, and bounds that a test reaches soon."""
    monkeypatch.setattr(read_bounded, "__defaults__", (4 * MEGABYTE, 0.5))
    server = QuietServer(("127.0.0.1", 0), Handler)
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}"


@pytest.fixture
def session() -> requests.Session:
    made = requests.Session()
    made.mount("http://", BoundedAdapter())
    return made


@pytest.mark.parametrize("path", ["plain", "zipped"])
def test_a_response_within_bounds_is_read_as_ever(session: requests.Session, address: str, path: str) -> None:
    for _ in range(2):
        assert session.get(f"{address}/{path}").json() == {"a": 1}


@pytest.mark.parametrize("path", ["bomb", "endless", "trickle"])
def test_a_response_without_end_is_cut_off(session: requests.Session, address: str, path: str) -> None:
    started = time.monotonic()
    with pytest.raises(requests.ConnectionError, match="the response"):
        session.get(f"{address}/{path}", timeout=5)
    assert time.monotonic() - started < 5


def test_a_bomb_is_cut_off_before_it_is_unpacked(address: str) -> None:
    sizes: list[int] = []

    class Counted:
        closed = False

        def __init__(self, response: urllib3.BaseHTTPResponse) -> None:
            self._response = response
            self.close, self.release_conn = response.close, response.release_conn

        def read1(self, amount: int, decode_content: bool) -> bytes:
            piece = self._response.read1(amount, decode_content=decode_content)
            sizes.append(len(piece))
            return piece

    response = urllib3.PoolManager().request("GET", f"{address}/bomb", preload_content=False)
    with pytest.raises(urllib3.exceptions.ProtocolError, match="larger"):
        read_bounded(Counted(response))
    assert sum(sizes) < 4 * MEGABYTE + 1100 * module._PIECE
