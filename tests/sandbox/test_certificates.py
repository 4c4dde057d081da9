"""The sandbox's certificate authority."""

import ssl
from pathlib import Path

from cryptography import x509

from sandbox.certificates import Authority, write_private


def test_certificates_are_made_once_and_their_keys_are_private(tmp_path: Path) -> None:
    first = Authority(tmp_path / "c").pair("server")
    content = first.certificate.read_bytes()
    again = Authority(tmp_path / "c").pair("server")

    assert again.certificate.read_bytes() == content
    assert first.key.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "c" / "ca.key").stat().st_mode & 0o777 == 0o600


def test_a_certificate_is_signed_by_the_authority_for_loopback(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "c")
    pair = authority.pair("admin", common_name="me", organization="system:masters")
    certificate = x509.load_pem_x509_certificate(pair.certificate.read_bytes())

    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.certificate.read_bytes()))
    assert certificate.subject.rfc4514_string() == "O=system:masters,CN=me"
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    ssl.create_default_context(cafile=str(authority.certificate)).load_cert_chain(pair.certificate, pair.key)


def test_a_private_file_is_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    write_private(file, "one")
    write_private(file, "two")

    assert file.read_text() == "two"
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]
