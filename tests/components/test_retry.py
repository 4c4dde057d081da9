"""Requests to a server that is busy, or away."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from strongroom.components import retry as module
from strongroom.components.retry import make_retry
from strongroom.components.vault.bootstrap import initialise
from tests.support.serving import serving


class Busy(ThreadingHTTPServer):
    """Gives each request the next of `answers`, the last one for ever."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[tuple[int, str | None]] = [(200, None)]
        self.asked = 0


class Handler(BaseHTTPRequestHandler):
    def answer(self) -> None:
        server = self.server
        assert isinstance(server, Busy)
        status, after = server.answers[min(server.asked, len(server.answers) - 1)]
        server.asked += 1
        if status == 0:
            self.close_connection = True
            return
        self.send_response(status)
        if after:
            self.send_header("Retry-After", after)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = do_PUT = answer  # noqa: N815 - the protocol's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass


@pytest.fixture
def server() -> Iterator[Busy]:
    made = Busy()
    with serving(made):
        yield made


def asked(server: Busy, retries: Retry, method: str = "GET") -> int:
    session = requests.Session()
    session.mount("http://", HTTPAdapter(max_retries=retries))
    return session.request(method, f"http://127.0.0.1:{server.server_port}/", timeout=5).status_code


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were waited, without waiting them."""
    waited: list[float] = []
    monkeypatch.setattr(module, "pause", lambda seconds, until: waited.append(seconds))
    return waited


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
@pytest.mark.parametrize("status", sorted(module.BUSY))
def test_a_server_that_is_busy_is_asked_again(server: Busy, pauses: list[float], method: str, status: int) -> None:
    server.answers = [(status, None), (status, None), (200, None)]

    assert asked(server, make_retry(), method) == 200
    assert server.asked == 3


def test_pauses_grow_and_end(server: Busy, pauses: list[float]) -> None:
    server.answers = [(503, None)]

    assert asked(server, make_retry()) == 503
    assert server.asked == 6
    assert sum(pauses) < 20
    assert [int(pause) for pause in pauses] == [0, 1, 2, 4, 8]


@pytest.mark.parametrize(("says", "waited"), [("3", 3), ("86400", 8)])
def test_a_server_says_when_to_come_back_within_bounds(
    server: Busy, pauses: list[float], says: str, waited: int
) -> None:
    server.answers = [(429, says), (200, None)]

    assert asked(server, make_retry()) == 200
    assert pauses == [waited]


def test_a_connection_that_breaks_is_made_again(server: Busy, pauses: list[float]) -> None:
    server.answers = [(0, None), (200, None)]

    assert asked(server, make_retry(), "POST") == 200


def test_what_must_not_be_done_twice_is_asked_again_only_where_nothing_was_done(
    server: Busy, pauses: list[float]
) -> None:
    server.answers = [(429, None), (0, None), (200, None)]

    with pytest.raises(requests.ConnectionError):
        asked(server, make_retry(read=False), "PUT")
    assert server.asked == 2


@pytest.mark.parametrize(("answers", "asked_times"), [([429, 503, 200], 3), ([502, 200], 1), ([504, 200], 1)])
def test_a_vault_is_asked_to_initialise_again_only_where_it_did_nothing(
    server: Busy, pauses: list[float], answers: list[int], asked_times: int
) -> None:
    server.answers = [(status, None) for status in answers]

    assert asked(server, initialise._RETRY, "PUT") == answers[asked_times - 1]
    assert server.asked == asked_times


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_an_answer_is_an_answer(server: Busy, status: int) -> None:
    server.answers = [(status, None)]

    assert asked(server, make_retry()) == status
    assert server.asked == 1
