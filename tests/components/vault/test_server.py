"""What is declared for a Vault server in the cluster."""

import pytest
import yaml

from components.charts import VAULT, Chart
from components.vault.server import VaultServer
from components.vault.tls import CertManagerTls, SuppliedTls
from components.vault.wanted import Server
from tests.conftest import Declare

RELEASE = "kubernetes:helm.sh/v3:Release"
CERTIFICATE = "kubernetes:cert-manager.io/v1:Certificate"
ISSUER = "kubernetes:cert-manager.io/v1:Issuer"


def test_helm_installs_the_pinned_chart_and_does_not_wait(declare: Declare) -> None:
    recorder = declare(lambda: VaultServer("store", server=Server(tls=SuppliedTls("certificate"))))
    release = recorder.one(RELEASE).inputs

    assert (release["chart"], release["version"], release["repositoryOpts"]) == (
        "vault",
        VAULT.version,
        {"repo": VAULT.repository},
    )
    assert (release["name"], release["namespace"], release["skipAwait"]) == ("vault", "vault", True)
    assert not release.get("atomic")
    assert recorder.all(CERTIFICATE) == []


def test_a_mirror_takes_the_charts_place(declare: Declare) -> None:
    mirror = Chart("vault", "https://charts.example.net", "0.32.0")
    recorder = declare(lambda: VaultServer("store", server=Server(tls=SuppliedTls("certificate")), chart=mirror))

    assert recorder.one(RELEASE).inputs["repositoryOpts"] == {"repo": "https://charts.example.net"}


def test_a_ca_of_its_own_is_made_in_the_cluster_before_the_server(declare: Declare) -> None:
    recorder = declare(lambda: VaultServer("store", server=Server(tls=CertManagerTls())))
    certificate = recorder.one(CERTIFICATE, "vault-tls")
    authority = recorder.one(CERTIFICATE, "vault-ca").inputs["spec"]

    assert authority["isCA"] is True
    assert certificate.inputs["spec"]["issuerRef"] == {"name": "vault-ca", "kind": "Issuer", "group": "cert-manager.io"}
    assert recorder.one(ISSUER, "vault-ca-issuer").inputs["spec"] == {"ca": {"secretName": authority["secretName"]}}
    assert "vault-ca-issuer" in certificate.dependencies
    assert "vault-tls" in recorder.one(RELEASE).dependencies
    assert certificate.inputs["metadata"]["annotations"] == {"pulumi.com/waitFor": "condition=Ready"}


def test_a_certificate_bears_every_name_that_the_server_is_called_by(declare: Declare) -> None:
    server = Server(namespace="secrets", tls=CertManagerTls(issuer="corporate"), also_named=["vault.example.net"])
    recorder = declare(lambda: VaultServer("store", server=server))
    spec = recorder.one(CERTIFICATE).inputs["spec"]

    assert spec["issuerRef"] == {"name": "corporate", "kind": "ClusterIssuer", "group": "cert-manager.io"}
    assert {
        "*.vault-internal",
        "vault.secrets.svc",
        "vault-active.secrets.svc",
        "localhost",
        "vault.example.net",
    } <= set(spec["dnsNames"])
    assert spec["ipAddresses"] == ["127.0.0.1"]
    assert recorder.all(ISSUER) == []
    mounted = recorder.one(RELEASE).inputs["values"]["server"]["volumes"]
    assert mounted[0]["secret"]["secretName"] == spec["secretName"]


def test_addresses_are_given_back(declare: Declare) -> None:
    made: list[VaultServer] = []
    declare(lambda: made.append(VaultServer("store", server=Server(tls=SuppliedTls("certificate")))))

    assert made[0].address == "https://vault.vault.svc:8200"
    assert made[0].peers[2] == "https://vault-2.vault-internal:8200"


def test_what_is_wrong_is_told_at_once(declare: Declare) -> None:
    with pytest.raises(ValueError, match=r"'store': tls: .* plain HTTP.*; replicas: 2: use an odd number"):
        declare(lambda: VaultServer("store", server=Server(replicas=2)))
    recorder = declare(lambda: VaultServer("store", server=Server(mode="dev"), production=False))
    assert yaml.safe_load(yaml.safe_dump(recorder.one(RELEASE).inputs["values"]))["server"]["dev"] == {"enabled": True}
