"""What answers in the API server's place: each is one line that says so, and never a traceback."""

import json
import ssl
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from sandbox.certificates import Authority
from strongroom.ops.cluster.client import ClusterClient
from strongroom.ops.errors import OpsError, UnreachableError
from strongroom.ops.pulumi.stack import Cluster
from strongroom.ops.verify.cluster_reader import ClusterReader
from tests.support.serving import QuietServer, serving

CALLS: list[Callable[[Cluster], Any]] = [
    lambda cluster: ClusterReader(cluster).get("namespace shop", "/api/v1/namespaces/shop")["metadata"]["name"].strip(),
    lambda cluster: ClusterReader(cluster).list("Roles", "/apis/rbac.authorization.k8s.io/v1/roles"),
    lambda cluster: ClusterClient(cluster).read_provider_class("shop", "orders"),
    lambda cluster: ClusterClient(cluster).request_token("shop", "orders", "vault"),
]


class Handler(BaseHTTPRequestHandler):
    status, content = 200, b""

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(self.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        self.wfile.write(self.content)

    do_GET = do_POST = answer  # noqa: N815 - the protocol's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass


def cluster(home: Path, address: str, authority: Path | None = None) -> Cluster:
    """The kubeconfig of a cluster at `address`."""
    trusted = {"certificate-authority": str(authority)} if authority else {}
    file = home / "kubeconfig"
    document = {
        "clusters": [{"name": "c", "cluster": {"server": address, **trusted}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "c",
    }
    file.write_text(json.dumps(document))
    return Cluster(kubeconfig=str(file))


@pytest.mark.parametrize("content", [b"<html>", b"", b"null", b"[]", b"7", b"[" * 100_000, b'{"items": [7]}'])
@pytest.mark.parametrize("call", CALLS)
def test_a_response_that_is_not_the_api_servers_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, call: Callable[[Cluster], Any]
) -> None:
    monkeypatch.setattr(Handler, "content", content)
    server = QuietServer(("127.0.0.1", 0), Handler)
    with serving(server), pytest.raises((OpsError, KeyError)) as reported:
        call(cluster(tmp_path, f"http://127.0.0.1:{server.server_port}"))

    if content != b'{"items": [7]}':
        assert isinstance(reported.value, OpsError)
        assert "\n" not in str(reported.value)


def test_a_certificate_that_is_not_trusted_is_named_at_once(tmp_path: Path) -> None:
    ours, other = Authority(tmp_path / "ours"), Authority(tmp_path / "other")
    pair = other.pair("kube-apiserver")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    server = QuietServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    started = time.monotonic()
    with serving(server), pytest.raises(UnreachableError, match="certificate is not trusted"):
        address = f"https://127.0.0.1:{server.server_port}"
        ClusterClient(cluster(tmp_path, address, ours.certificate)).read_provider_class("shop", "orders")

    assert time.monotonic() - started < 5
