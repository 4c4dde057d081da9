"""The sandbox's certificate authority."""

import datetime
import ssl
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sandbox.azure.certificates import PEM, issue
from sandbox.certificates import Authority, Pair, write_private


def write_old(directory: Path, *, identified: bool, days: int) -> None:
    """Write what a sandbox has that an earlier version made."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "old")]), datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + datetime.timedelta(days=days))
    if identified:
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    certificate = builder.sign(key, hashes.SHA256())
    (directory / "ca.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    for file in ("ca.key", "vault.crt", "vault.key", "service-account.key", "service-account.pub"):
        (directory / file).write_text("old")


def test_certificates_are_made_once_and_their_keys_are_private(tmp_path: Path) -> None:
    first = Authority(tmp_path / "c").pair("server")
    content = first.certificate.read_bytes()
    again = Authority(tmp_path / "c").pair("server")

    assert again.certificate.read_bytes() == content
    assert first.key.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "c" / "ca.key").stat().st_mode & 0o777 == 0o600


def test_a_certificate_that_lacks_an_address_is_made_anew(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "c")
    before = authority.pair("server").certificate.read_bytes()
    after = authority.pair("server", addresses=["10.96.0.1"]).certificate.read_bytes()
    names = x509.load_pem_x509_certificate(after).extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    assert after != before
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "10.96.0.1"]
    assert authority.pair("server", addresses=["10.96.0.1"]).certificate.read_bytes() == after


def test_a_certificate_is_signed_by_the_authority_for_loopback(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "c")
    pair = authority.pair("admin", common_name="me", organization="system:masters")
    certificate = x509.load_pem_x509_certificate(pair.certificate.read_bytes())

    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.certificate.read_bytes()))
    assert certificate.subject.rfc4514_string() == "CN=me,OU=Strongroom sandbox,O=system:masters"
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    ssl.create_default_context(cafile=str(authority.certificate)).load_cert_chain(pair.certificate, pair.key)


def shake_hands(authority: Path, server: Pair, client: Pair) -> None:
    """Let a server and a client, both of which want the other's certificate, check them as Python 3.13 does."""
    inner, outer = ssl.MemoryBIO(), ssl.MemoryBIO()
    contexts = {side: ssl.SSLContext(side) for side in (ssl.PROTOCOL_TLS_SERVER, ssl.PROTOCOL_TLS_CLIENT)}
    for context, pair in zip(contexts.values(), (server, client), strict=True):
        context.verify_mode = ssl.CERT_REQUIRED
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        context.load_verify_locations(authority)
        context.load_cert_chain(pair.certificate, pair.key)
    serving = contexts[ssl.PROTOCOL_TLS_SERVER].wrap_bio(inner, outer, server_side=True)
    asking = contexts[ssl.PROTOCOL_TLS_CLIENT].wrap_bio(outer, inner, server_hostname="127.0.0.1")
    waiting = [asking, serving]
    for _ in range(10):
        for each in list(waiting):
            try:
                each.do_handshake()
                waiting.remove(each)
            except ssl.SSLWantReadError:
                pass
    assert not waiting


def test_servers_and_clients_pass_the_strict_checks_of_newer_pythons(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "c")

    shake_hands(authority.certificate, authority.pair("etcd"), authority.pair("etcd-client"))


@pytest.mark.parametrize(("identified", "days"), [(False, 100), (True, 1)])
def test_what_an_earlier_version_signed_or_what_soon_expires_is_made_anew(
    tmp_path: Path, identified: bool, days: int
) -> None:
    write_old(tmp_path, identified=identified, days=days)

    authority = Authority(tmp_path)

    shake_hands(authority.certificate, authority.pair("vault"), authority.pair("admin"))
    assert [path.read_text() for path in authority.signing_key("service-account")] == ["old"] * 2


def test_an_authority_that_is_good_is_kept(tmp_path: Path) -> None:
    write_old(tmp_path, identified=True, days=100)
    before = (tmp_path / "ca.crt").read_bytes()

    assert Authority(tmp_path).certificate.read_bytes() == before
    assert (tmp_path / "vault.crt").read_text() == "old"


def test_a_vaults_self_signed_certificate_passes_the_strict_checks(tmp_path: Path) -> None:
    issued = issue(
        {"x509_props": {"subject": "CN=x", "sans": {"ips": ["127.0.0.1"]}}, "secret_props": {"contentType": PEM}},
        time.time(),
    )
    both = tmp_path / "both.pem"
    both.write_text(issued.secret)

    shake_hands(both, Pair(both, both), Pair(both, both))


def test_a_private_file_is_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    write_private(file, "one")
    write_private(file, "two")

    assert file.read_text() == "two"
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]
