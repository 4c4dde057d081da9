"""What the directory answers where an issuer's metadata or keys can't be read."""

import json
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sandbox.azure.directory import Directory, Issuer
from sandbox.azure.errors import TokenError
from sandbox.azure.store import Store
from sandbox.ports import HOST
from tests.support.serving import serving

TENANT, CLIENT, ISSUER = "the-tenant", "the-client", "https://cluster.example.net"


@pytest.mark.parametrize(
    "response",
    [None, b"<html>sign in to the network</html>", json.dumps({"issuer": "https://another.example.net"}).encode()],
    ids=["nobody listens", "a page of a proxy", "another issuer"],
)
def test_an_issuer_that_cannot_be_read_is_the_directorys_own_error(tmp_path: Path, response: bytes | None) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(response or b"")

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with HTTPServer((HOST, 0), Handler) as server, ExitStack() as opened:
        address = f"http://{HOST}:{server.server_port}"
        if response is None:
            server.server_close()
        else:
            opened.enter_context(serving(server))
        with pytest.raises(TokenError) as read:
            by_assertion(tmp_path, address)

    assert read.value.status == 400
    assert read.value.body()["error"] == "invalid_request"
    assert str(read.value) == "AADSTS50166: Request to External OIDC endpoint failed."


def by_assertion(home: Path, address: str) -> str:
    """Ask for a token by a service account's, whose issuer publishes its keys at `address`."""
    key = rsa.generate_private_key(65537, 2048)
    file = home / "directory.key"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    store = Store(home / "store")
    identity = {"id": "/identity", "properties": {"clientId": CLIENT, "principalId": "a principal"}}
    store.put("/identity", "Microsoft.ManagedIdentity/userAssignedIdentities", identity)
    issuer = Issuer(ISSUER, address, home / "authority.crt", ("", ""))
    assertion = jwt.encode({"iss": ISSUER}, key, algorithm="RS256", headers={"kid": "a key"})
    return Directory(store, TENANT, file, {ISSUER: issuer}, 0).by_assertion(TENANT, CLIENT, assertion, "an audience")
