"""What answers in place of Azure's directory or of a vault: each is one line that says so, within bounds."""

import json
import re
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest
from azure.core.credentials import AccessToken

from sandbox.certificates import Authority
from strongroom.components.azure import access_probe as gate
from strongroom.components.azure import client
from strongroom.components.azure.client import BoundedTransport
from strongroom.components.response_limits import read_bounded
from strongroom.ops.errors import OpsError
from strongroom.ops.pulumi.stack import DeclaredObject, DeployedStack, DeployedWorkload, KeyVaultStore
from strongroom.ops.store.base import DeniedError
from strongroom.ops.store.key_vault import KeyVault, KeyVaultSession
from tests.components.test_response_limits import MEGABYTE, Handler
from tests.support.serving import QuietServer, serving

ROOT = Path(__file__).parents[3]
BODIES = {
    "page": b"<html>log in</html>",
    "nothing": b"",
    "null": b"null",
    "list": b"[]",
    "number": b"7",
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "strange": b'{"id": 7, "attributes": [], "value": {}}',
}
WITHOUT_END = ("bomb", "endless", "trickle")


class Server(QuietServer):
    says = ""


class Says(Handler):
    """Responds to everything with what the server is to say."""

    def do_GET(self) -> None:  # noqa: N802 - the protocol's name
        server = self.server
        assert isinstance(server, Server)
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if server.says in BODIES:
            self._send(BODIES[server.says])
        else:
            getattr(self, server.says)()

    do_POST = do_GET  # noqa: N815 - the protocol's name


class Known:
    """A credential that has a token already."""

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        del scopes, options
        return AccessToken("x", int(time.time()) + 3600)


class Store:
    def __init__(self, url: str) -> None:
        self.store = KeyVaultStore.model_construct(url=url)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@contextmanager
def served(server: Server, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server that Microsoft's clients trust."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.certificate))
    pair = authority.pair("server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    with serving(server):
        yield f"https://127.0.0.1:{server.server_port}"


@pytest.fixture(params=[*BODIES, *WITHOUT_END])
def address(request: pytest.FixtureRequest, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server that says something else than Azure would, and bounds that a test reaches soon."""
    monkeypatch.setattr(read_bounded, "__defaults__", (4 * MEGABYTE, 0.3))
    monkeypatch.setattr(client, "IN_ALL_SECONDS", 1)
    monkeypatch.setattr(client, "_LONGEST_PAUSE", 0.05)
    server = Server(("127.0.0.1", 0), Says)
    server.says = request.param
    with served(server, authority, monkeypatch) as url:
        yield url


class Cuts(Handler):
    """Cuts the connection of each request the first time, and then refuses it."""

    met: ClassVar[set[tuple[str, str]]] = set()

    def do_GET(self) -> None:  # noqa: N802 - the protocol's name
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = (self.command, self.path)
        if asked not in self.met:
            self.met.add(asked)
            self.close_connection = True
            return
        inner = {"code": "ForbiddenByRbac"}
        content = json.dumps({"error": {"code": "Forbidden", "message": "no", "innererror": inner}}).encode()
        self.send_response(403)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_DELETE = do_PATCH = do_POST = do_PUT = do_GET  # noqa: N815 - the protocol's names


def test_a_request_whose_connection_is_cut_is_sent_again(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Cuts, "met", set())
    objects = tuple(DeclaredObject(name=kind, object=f"o-{kind}", type=kind) for kind in ("secret", "key", "cert"))
    workload = DeployedWorkload.model_construct(name="orders", namespace="shop", objects=objects)
    stack = DeployedStack.model_construct(workloads=(workload,))
    with served(Server(("127.0.0.1", 0), Cuts), authority, monkeypatch) as url:
        store = KeyVaultStore.model_construct(url=url, identity_mode="workload-identity", access="rbac")
        session = KeyVaultSession(KeyVault(stack, store, cast("Any", None)), cast("Any", Known()), "id")
        attempts = [call for limit in session.list_denied_checks(workload) for call in limit.attempts.values()]
        for call in attempts:
            with pytest.raises(DeniedError):
                call()

    assert {method for method, _ in Cuts.met} == {"GET", "PUT", "PATCH", "POST", "DELETE"}


def test_a_vault_that_is_none_is_reported_in_one_line_and_has_refused_nothing(address: str) -> None:
    session = KeyVaultSession(cast("KeyVault", Store(address)), cast("Any", Known()), "id")
    started = time.monotonic()
    with pytest.raises(OpsError) as caught:
        session.read(("secret", "o"))

    assert "\n" not in str(caught.value)
    assert not isinstance(caught.value, DeniedError)
    assert time.monotonic() - started < 10


def test_the_gate_tells_a_directory_that_is_none_in_one_line(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "_request_token", lambda _: "jwt")  # pyright: ignore[reportUnknownLambdaType]
    props = {
        "tenantId": "00000000-0000-0000-0000-000000000000",
        "clientId": "c",
        "authority": address.removeprefix("https://"),
        "vaultUrl": address,
        "objects": ["secrets/o"],
        "byValue": True,
        "namespace": "shop",
        "serviceAccount": "orders",
        "timeout": 0,
    }
    started = time.monotonic()
    with pytest.raises(gate.NotReadyError) as caught:
        gate.wait(props)

    assert "\n" not in str(caught.value)
    assert time.monotonic() - started < 15


def test_a_pause_that_a_server_asks_for_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    monkeypatch.setattr(client, "pause", lambda seconds, until: slept.append(seconds))
    BoundedTransport().sleep(3600)

    assert slept == [8]


def test_every_client_of_azures_is_bounded() -> None:
    made = re.compile(r"(?<!class )\b(Secret|Key|Certificate|KeyVaultManagement)Client\(|\b\w+Credential\(")
    unbounded = {
        str(file.relative_to(ROOT))
        for folder in ("components", "ops", "stacks")
        for file in (ROOT / folder).rglob("*.py")
        if "from azure" in (text := file.read_text())
        and len(made.findall(text)) != text.count("**build_client_options()")
    }

    assert unbounded == set()
