"""What is declared for a Vault server in the cluster."""

import asyncio
import hashlib

import pytest
import yaml

from strongroom.components.helm.charts import VAULT, Chart
from strongroom.components.vault.server.args import VaultServerSpec
from strongroom.components.vault.server.server import VaultServer, VaultServerArgs
from strongroom.components.vault.server.tls import CertManagerTls, GeneratedTls, SuppliedTls
from tests.support.recording import Declare

RELEASE = "kubernetes:helm.sh/v3:Release"
CERTIFICATE = "kubernetes:cert-manager.io/v1:Certificate"
ISSUER = "kubernetes:cert-manager.io/v1:Issuer"


def test_helm_installs_the_pinned_chart_and_does_not_wait(declare: Declare) -> None:
    recorder = declare(
        lambda: VaultServer("store", VaultServerArgs(server=VaultServerSpec(tls=SuppliedTls(secret="certificate"))))
    )
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
    mirror = Chart(name="vault", repository="https://charts.example.net", version="0.32.0")
    recorder = declare(
        lambda: VaultServer(
            "store", VaultServerArgs(server=VaultServerSpec(tls=SuppliedTls(secret="certificate")), chart=mirror)
        )
    )

    assert recorder.one(RELEASE).inputs["repositoryOpts"] == {"repo": "https://charts.example.net"}


def test_a_ca_of_its_own_is_made_in_the_cluster_before_the_server(declare: Declare) -> None:
    recorder = declare(lambda: VaultServer("store", VaultServerArgs(server=VaultServerSpec(tls=CertManagerTls()))))
    certificate = recorder.one(CERTIFICATE, "vault-tls")
    authority = recorder.one(CERTIFICATE, "vault-ca").inputs["spec"]

    assert authority["isCA"] is True
    assert certificate.inputs["spec"]["issuerRef"] == {"name": "vault-ca", "kind": "Issuer", "group": "cert-manager.io"}
    assert recorder.one(ISSUER, "vault-ca-issuer").inputs["spec"] == {"ca": {"secretName": authority["secretName"]}}
    assert "vault-ca-issuer" in certificate.dependencies
    assert "vault-tls" in recorder.one(RELEASE).dependencies
    assert certificate.inputs["metadata"]["annotations"] == {"pulumi.com/waitFor": "condition=Ready"}


def test_a_certificate_bears_every_name_that_the_server_is_called_by(declare: Declare) -> None:
    server = VaultServerSpec(
        namespace="secrets", tls=CertManagerTls(issuer="corporate"), also_named=("vault.example.net",)
    )
    recorder = declare(lambda: VaultServer("store", VaultServerArgs(server=server)))
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


def test_a_ca_that_the_stack_makes_signs_the_certificate_and_a_new_one_starts_pods_anew(declare: Declare) -> None:
    made: list[VaultServer] = []
    server = VaultServerSpec(tls=GeneratedTls(), also_named=("vault.example.net",))
    recorder = declare(lambda: made.append(VaultServer("store", VaultServerArgs(server=server))))
    certificate = recorder.one("tls:index/locallySignedCert:LocallySignedCert").inputs
    secret = recorder.one("kubernetes:core/v1:Secret")

    assert certificate["caCertPem"] == "certPem of vault-ca"
    assert certificate["caPrivateKeyPem"] == "privateKeyPem of vault-ca"
    assert {"vault.vault.svc", "*.vault-internal", "vault.example.net"} <= set(
        recorder.one("tls:index/certRequest:CertRequest").inputs["dnsNames"]
    )
    assert secret.inputs["stringData"] == {
        "tls.crt": "certPem of vault-tls",
        "tls.key": "privateKeyPem of vault-tls",
        "ca.crt": "certPem of vault-ca",
    }
    assert "stringData" in secret.secret_inputs
    release = recorder.one(RELEASE)
    assert "vault-tls" in release.dependencies
    fingerprint = hashlib.sha256(b"certPem of vault-tls").hexdigest()
    assert release.inputs["values"]["server"]["annotations"] == {"strongroom/certificate": fingerprint}
    authority = made[0].ca_certificate
    assert authority is not None
    assert asyncio.run(authority.future()) == "certPem of vault-ca"


def test_the_authority_of_another_certificate_is_read_unless_it_is_given(declare: Declare) -> None:
    made: list[VaultServer] = []
    for tls in (SuppliedTls(secret="certificate"), CertManagerTls()):
        recorder = declare(
            lambda tls=tls: made.append(VaultServer("store", VaultServerArgs(server=VaultServerSpec(tls=tls))))
        )
        assert asyncio.run(made[-1].ca_certificate.future()) == "authority"
    recorder = declare(
        lambda: made.append(
            VaultServer(
                "store",
                VaultServerArgs(server=VaultServerSpec(tls=SuppliedTls(secret="certificate", ca_certificate="PEM"))),
            )
        )
    )
    assert recorder.all("kubernetes:core/v1:Secret") == []
    assert asyncio.run(made[-1].ca_certificate.future()) == "PEM"


def test_addresses_are_given_back(declare: Declare) -> None:
    made: list[VaultServer] = []
    declare(
        lambda: made.append(
            VaultServer("store", VaultServerArgs(server=VaultServerSpec(tls=SuppliedTls(secret="certificate"))))
        )
    )

    assert made[0].address == "https://vault.vault.svc:8200"
    assert made[0].peers[2] == "https://vault-2.vault-internal:8200"


def test_what_is_wrong_is_reported_at_once(declare: Declare) -> None:
    with pytest.raises(ValueError, match=r"server.tls: .* plain HTTP.*\n  server.replicas: 2: use an odd number"):
        declare(lambda: VaultServer("store", VaultServerArgs(server=VaultServerSpec(replicas=2))))
    recorder = declare(
        lambda: VaultServer("store", VaultServerArgs(server=VaultServerSpec(mode="dev"), production=False))
    )
    assert yaml.safe_load(yaml.safe_dump(recorder.one(RELEASE).inputs["values"]))["server"]["dev"] == {"enabled": True}
