"""What is reported of a server that doesn't answer as it should."""

import contextlib
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from sandbox.certificates import Authority
from sandbox.errors import NotReadyError
from sandbox.process import Process
from sandbox.servers.health import fetch_health, require_success


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    made = Process("one", tmp_path)
    made.start(["sleep", "60"], os.environ)
    yield made
    made.stop()


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """Where a TLS server listens whose certificate another authority signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    pair = Authority(tmp_path / "other").pair("server")
    context.load_cert_chain(pair.certificate, pair.key)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with contextlib.suppress(OSError):
                context.wrap_socket(listening.accept()[0], server_side=True)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(5)


def test_a_certificate_that_is_not_trusted_is_reported_as_the_client_says_it(
    process: Process, port: int, tmp_path: Path
) -> None:
    trusted = str(Authority(tmp_path / "mine").certificate)

    with pytest.raises(NotReadyError, match=r"^certificate verify failed: \S.*"):
        fetch_health(process, f"https://127.0.0.1:{port}/", verify=trusted, timeout=5)


def test_a_port_where_nothing_listens_is_reported_in_two_words(process: Process) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with pytest.raises(NotReadyError, match=r"^Connection refused$"):
        fetch_health(process, f"http://127.0.0.1:{port}/", timeout=5)


def test_a_server_that_has_ended_is_not_asked(process: Process) -> None:
    process.stop()

    with pytest.raises(NotReadyError, match="it doesn't run"):
        fetch_health(process, "http://127.0.0.1:1/", timeout=5)


def test_what_an_unwell_server_responds_is_reported() -> None:
    response = requests.Response()
    response.status_code, response._content = 500, b"[-]etcd failed\n"

    with pytest.raises(NotReadyError, match=r"^it responds 500 \[-\]etcd failed$"):
        require_success(response)
