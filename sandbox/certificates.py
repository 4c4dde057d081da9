"""The sandbox's own certificate authority."""

import datetime
import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFE = datetime.timedelta(days=365)
_RENEWED_BEFORE = datetime.timedelta(days=7)


def write_private(path: Path, content: bytes | str) -> None:
    """Write a file that only its owner can read, and put it in place whole."""
    partial = path.with_name(f"{path.name}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
    partial.replace(path)


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path


class Authority:
    """A certificate authority in a directory, made there when it is missing or no longer accepted by clients."""

    def __init__(self, directory: Path) -> None:
        """
        :param directory: Where its files are kept.
        """
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.certificate = directory / "ca.crt"
        self._key = directory / "ca.key"
        if not self.certificate.is_file() or not _is_accepted(self.certificate):
            self._create()

    def pair(
        self,
        name: str,
        *,
        common_name: str | None = None,
        organization: str | None = None,
        names: Sequence[str] = (),
        addresses: Sequence[str] = (),
    ) -> Pair:
        """A certificate for servers on loopback and for clients, made when it is missing or lacks an address.

        :param name: Its file name.
        :param common_name: Its subject, and the user's name to the API server; `name` where it is left out.
        :param organization: The subject's organisation, and the user's group to the API server.
        :param names: DNS names that it bears besides loopback's.
        :param addresses: IP addresses that it bears besides loopback's.
        """
        pair = Pair(self._directory / f"{name}.crt", self._directory / f"{name}.key")
        if not pair.certificate.is_file() or not _bears(pair.certificate, addresses):
            key = ec.generate_private_key(ec.SECP256R1())
            authority = x509.load_pem_x509_certificate(self.certificate.read_bytes())
            signer = serialization.load_pem_private_key(self._key.read_bytes(), None)
            issuer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(_key_identifier(authority))
            certificate = (
                _builder(_name(common_name or name, organization), authority.subject, key.public_key())
                .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
                .add_extension(_usage("digital_signature"), critical=True)
                .add_extension(issuer, critical=False)
                .add_extension(_alternatives(names, addresses), critical=False)
                .add_extension(
                    x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
                    critical=False,
                )
                .sign(signer, hashes.SHA256())  # pyright: ignore[reportArgumentType] - our own key is an EC key
            )
            write_private(pair.key, _pem_key(key))
            write_private(pair.certificate, certificate.public_bytes(serialization.Encoding.PEM))
        return pair

    def signing_key(self, name: str) -> tuple[Path, Path]:
        """A private and a public RSA key for signing tokens, made when they are missing."""
        private, public = self._directory / f"{name}.key", self._directory / f"{name}.pub"
        if not public.is_file():
            key = rsa.generate_private_key(65537, 2048)
            write_private(private, _pem_key(key))
            write_private(
                public,
                key.public_key().public_bytes(
                    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
                ),
            )
        return private, public

    def _create(self) -> None:
        # What an older authority signed is worth nothing now; keys that sign tokens stay.
        for certificate in self._directory.glob("*.crt"):
            if certificate != self.certificate:
                certificate.unlink()
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("Strongroom sandbox")
        certificate = (
            _builder(name, name, key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage("digital_signature", "key_cert_sign", "crl_sign"), critical=True)
            .sign(key, hashes.SHA256())
        )
        write_private(self._key, _pem_key(key))
        write_private(self.certificate, certificate.public_bytes(serialization.Encoding.PEM))


def _is_accepted(certificate: Path) -> bool:
    """Check what clients ask of an authority that `Authority` made, in this version or in an earlier one.

    Python 3.13's checks are strict (RFC 5280): without a subject key identifier it is refused.
    """
    made = x509.load_pem_x509_certificate(certificate.read_bytes())
    if made.not_valid_after_utc < datetime.datetime.now(datetime.UTC) + _RENEWED_BEFORE:
        return False
    try:
        _key_identifier(made)
    except x509.ExtensionNotFound:
        return False
    return True


def _bears(certificate: Path, addresses: Sequence[str]) -> bool:
    if not addresses:
        return True
    made = x509.load_pem_x509_certificate(certificate.read_bytes())
    borne = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {*map(ipaddress.ip_address, addresses)} <= {*borne.get_values_for_type(x509.IPAddress)}


def _key_identifier(certificate: x509.Certificate) -> x509.SubjectKeyIdentifier:
    return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(common_name: str, organization: str | None = None) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(parts)


def _alternatives(names: Sequence[str], addresses: Sequence[str]) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName(
        [
            x509.DNSName("localhost"),
            x509.DNSName("kubernetes.default.svc"),
            *map(x509.DNSName, names),
            *(x509.IPAddress(ipaddress.ip_address(address)) for address in ("127.0.0.1", *addresses)),
        ]
    )


def _usage(*uses: str) -> x509.KeyUsage:
    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{use: use in uses for use in every})


def _pem_key(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
