"""What answers in Vault's place: each is one line that says so, never a refusal and never a traceback."""

import os
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from strongroom.ops.errors import AbsentError, OpsError
from strongroom.ops.pulumi.stack import VaultStore
from strongroom.ops.store.base import DeniedError
from strongroom.ops.store.sampler import Sampler
from strongroom.ops.store.vault import VaultSession, list_vault_clients
from strongroom.ops.store.vault_operator import VaultOperator
from tests.support.serving import serving

LOGIN = b'{"auth": {"client_token": "hvs.x", "policies": []}}'
DEEP = b"[" * 100_000 + b"]" * 100_000
NOT_VAULTS = [
    (200, b"<html>log in</html>"),
    (200, b""),
    (200, b"null"),
    (200, b"[]"),
    (200, b"7"),
    (200, DEEP),
    (200, b'{"data": null}'),
    (200, b'{"data": {"data": []}}'),
    (403, b"<html>Forbidden</html>"),
    (403, b""),
    (403, b'["permission denied"]'),
    (403, b'{"message": "permission denied"}'),
    (403, DEEP),
    (400, b'{"errors": ["missing path"]}'),
    (404, b"<html>not here</html>"),
    (503, b"<html>busy</html>"),
]


class Server(ThreadingHTTPServer):
    """Lets everybody in, and then says what it is given."""

    def __init__(self, answer: tuple[int, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer


class Handler(BaseHTTPRequestHandler):
    def answer(self) -> None:
        server = self.server
        assert isinstance(server, Server)
        status, content = (200, LOGIN) if self.path.endswith("/login") else server.answer
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = answer  # noqa: N815 - the protocol's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass


@pytest.fixture(params=NOT_VAULTS, ids=lambda answer: f"{answer[0]}-{answer[1][:20].decode()}")
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[VaultStore]:
    monkeypatch.setattr("strongroom.ops.store.vault.make_retry", lambda: 0)
    # These servers speak HTTP, and to read the system's CAs takes longer than all else.
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
    server = Server(request.param)
    with serving(server):
        address = f"http://127.0.0.1:{server.server_port}"
        yield VaultStore(kind="vault", address=address, mount="m", auth_path="kubernetes", audience="vault")


def session(store: VaultStore) -> VaultSession:
    parameters = {"roleName": "shop.orders", "vaultAuthMountPath": "kubernetes"}
    return VaultSession(Sampler([]), store, parameters, "jwt", list_vault_clients(store))


def test_a_workload_is_reported_in_one_line_and_was_not_refused(store: VaultStore) -> None:
    with pytest.raises(OpsError) as reported:
        session(store).read_keys("m/data/o")

    assert "\n" not in str(reported.value)
    assert not isinstance(reported.value, DeniedError)


def test_a_proxys_page_is_no_sealed_vault(store: VaultStore) -> None:
    with pytest.raises(OpsError) as reported:
        session(store).read_keys("m/data/o")

    assert "sealed" not in str(reported.value)


def test_the_operator_is_reported_in_one_line(store: VaultStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAULT_TOKEN", "hvs.x")
    reported = ""
    try:
        assert VaultOperator(store).read("sys/policies/acl/x") == {"data": []}
    except OpsError as error:
        reported = str(error)

    assert "\n" not in reported


def test_a_token_that_ends_while_it_is_looked_for_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAULT_TOKEN", "hvs.x")
    server = Server((500, b'{"errors": ["1 error occurred:\\n\\t* invalid accessor\\n\\n"]}'))
    monkeypatch.setattr("strongroom.ops.store.vault.make_retry", lambda: 0)
    with serving(server), pytest.raises(AbsentError):
        store = VaultStore(
            kind="vault",
            address=f"http://127.0.0.1:{server.server_port}",
            mount="m",
            auth_path="kubernetes",
            audience="vault",
        )
        VaultOperator(store).query("auth/token/lookup-accessor", accessor="x")
