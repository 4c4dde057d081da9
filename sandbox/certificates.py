"""The sandbox's own certificate authority."""

import datetime
import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

_NAME = "Strongroom sandbox"
_RENEWED_BEFORE = datetime.timedelta(days=7)


def write_private(path: Path, content: bytes | str) -> None:
    """Write a file that only its owner can read, and put it in place whole."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
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
        """Return a certificate for servers on loopback and for clients; make it if it is missing or lacks an address.

        :param name: Its file name.
        :param common_name: Its subject, and the user's name to the API server; defaults to `name`.
        :param organization: The subject's organisation, and the user's group to the API server.
        :param names: DNS names that it bears besides loopback's.
        :param addresses: IP addresses that it bears besides loopback's.
        """
        pair = Pair(self._directory / f"{name}.crt", self._directory / f"{name}.key")
        if not pair.certificate.is_file() or not _bears(pair.certificate, addresses):
            authority = trustme.CA.from_pem(self.certificate.read_bytes(), self._key.read_bytes())
            leaf = authority.issue_cert(
                "localhost",
                "kubernetes.default.svc",
                *names,
                "127.0.0.1",
                *addresses,
                common_name=common_name or name,
                organization_name=organization or _NAME,
                organization_unit_name=_NAME,
            )
            write_private(pair.key, leaf.private_key_pem.bytes())
            write_private(pair.certificate, leaf.cert_chain_pems[0].bytes())
        return pair

    def signing_key(self, name: str) -> tuple[Path, Path]:
        """Return a private and a public RSA key for signing tokens; make them if they are missing."""
        private, public = self._directory / f"{name}.key", self._directory / f"{name}.pub"
        if not public.is_file():
            key = rsa.generate_private_key(65537, 2048)
            write_private(
                private,
                key.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                ),
            )
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
        made = trustme.CA(path_length=0, organization_name=_NAME, organization_unit_name=_NAME)
        write_private(self._key, made.private_key_pem.bytes())
        write_private(self.certificate, made.cert_pem.bytes())


def _is_accepted(certificate: Path) -> bool:
    """Check what clients ask of an authority that `Authority` made, in this version or in an earlier one.

    Python 3.13's checks are strict (RFC 5280): without a subject key identifier it is refused.
    """
    made = x509.load_pem_x509_certificate(certificate.read_bytes())
    if made.not_valid_after_utc < datetime.datetime.now(datetime.UTC) + _RENEWED_BEFORE:
        return False
    return any(extension.oid == x509.SubjectKeyIdentifier.oid for extension in made.extensions)


def _bears(certificate: Path, addresses: Sequence[str]) -> bool:
    if not addresses:
        return True
    made = x509.load_pem_x509_certificate(certificate.read_bytes())
    borne = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {*map(ipaddress.ip_address, addresses)} <= {*borne.get_values_for_type(x509.IPAddress)}
