"""The certificate of the API server, and the CA that a stack gives its Vault for it."""

import ssl
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.certificates import Authority
from strongroom.ops.check.api_server import check_certificate
from strongroom.ops.findings import Finding
from strongroom.stacks.load import parse
from strongroom.stacks.settings.root import Settings
from tests.support.serving import serving


class Quiet(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that hangs up."""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="module")
def host(authority: Authority) -> Iterator[str]:
    """An API server with a certificate of that CA for 127.0.0.1, which answers at all addresses of this machine."""
    pair = authority.pair("kube-apiserver")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    server = Quiet(("", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    with serving(server):
        yield f"https://127.0.0.1:{server.server_port}"


def found(tmp_path: Path, host: str, kubeconfig_ca: Path, auth: dict[str, Any] | None = None) -> list[Finding]:
    """What is found of a stack whose kubeconfig has that CA."""
    kubeconfig = tmp_path / "kubeconfig"
    cluster = {"server": host, "certificate-authority": str(kubeconfig_ca)}
    document = {
        "clusters": [{"name": "c", "cluster": cluster}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "c",
    }
    kubeconfig.write_text(yaml.safe_dump(document))
    settings: Settings = parse(
        {
            "backend": {"kind": "vault", "address": "https://vault.example.net:8200", "auth": auth or {}},
            "kubernetes": {"kubeconfig": str(kubeconfig)},
            "workloads": [],
        },
        stack="dev",
    )
    return list(check_certificate(settings))


@pytest.mark.parametrize("auth", [{}, {"kubernetesHost": "HOST"}])
def test_a_host_with_a_certificate_of_the_kubeconfigs_ca_is_ok(
    tmp_path: Path, authority: Authority, host: str, auth: dict[str, Any]
) -> None:
    (seen,) = found(tmp_path, host, authority.certificate, dict.fromkeys(auth, host))

    assert (seen.state, seen.seen) == ("ok", f"the CA that Vault is given verifies the certificate of {host}")


def test_another_ca_or_name_is_broken_with_the_settings_that_mend_it(
    tmp_path: Path, authority: Authority, host: str
) -> None:
    other = Authority(tmp_path / "other").certificate
    (ca,) = found(
        tmp_path, host, authority.certificate, {"kubernetesHost": host, "kubernetesCaCertificate": str(other)}
    )
    (name,) = found(tmp_path, host, authority.certificate, {"kubernetesHost": host.replace("127.0.0.1", "127.0.0.2")})

    for seen in (ca, name):
        assert seen.state == "failed"
        assert "does not verify the certificate of https://127.0.0." in seen.seen
        assert "backend.auth.kubernetesCaCertificate" in seen.fix and "kubernetesHost" in seen.fix


def test_without_any_ca_the_systems_own_are_tried(tmp_path: Path, host: str) -> None:
    (seen,) = found(tmp_path, host, tmp_path / "nowhere", {"kubernetesHost": host})

    assert (seen.state, seen.seen.partition(",")[0]) == ("failed", "no CA is given to Vault")


def test_a_host_that_only_vault_reaches_is_not_tried(tmp_path: Path, authority: Authority) -> None:
    (seen,) = found(tmp_path, "https://127.0.0.1:1", authority.certificate)

    assert (seen.state, "which Vault must reach" in seen.seen) == ("skipped", True)


def test_what_asks_no_api_server_is_not_looked_at(tmp_path: Path, authority: Authority) -> None:
    assert found(tmp_path, "https://127.0.0.1:1", authority.certificate, {"create": False}) == []
