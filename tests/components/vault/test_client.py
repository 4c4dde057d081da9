"""How a node of a Vault is reached."""

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import requests

from sandbox.certificates import Authority
from strongroom.components.vault.client import VaultNode, create_session


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VaultNode]:
    """A node whose certificate is for the name `vault`, by a CA of its own."""
    authority = Authority(tmp_path_factory.mktemp("ca"))
    pair = authority.pair("vault", names=["vault"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    with HTTPServer(("127.0.0.1", 0), _Answers) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"https://127.0.0.1:{server.server_port}"
        yield VaultNode(address=address, ca_certificate=authority.certificate.read_text(), tls_server_name="vault")
        server.shutdown()


def asked(node: VaultNode) -> int:
    return create_session(node).get(node.address, timeout=5).status_code


def test_a_node_is_trusted_by_its_certificate(node: VaultNode, tmp_path: Path) -> None:
    assert asked(node) == 204
    other = Authority(tmp_path).certificate.read_text()
    for wrong in (
        node.model_copy(update={"ca_certificate": None}),
        node.model_copy(update={"ca_certificate": other}),
        node.model_copy(update={"tls_server_name": "another"}),
    ):
        with pytest.raises(requests.exceptions.SSLError):
            asked(wrong)
