"""Certificates that a vault signs itself."""

import base64
import datetime
import ipaddress
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12

from .errors import AzureError
from .keys import PrivateKey, described, new_key
from .store import Document

PEM = "application/x-pem-file"
PFX = "application/x-pkcs12"


@dataclass(frozen=True)
class Issued:
    """A certificate, its key, and the secret that holds both."""

    certificate: bytes
    """DER."""

    thumbprint: bytes
    """SHA-1."""

    key: Document
    """As a vault keeps keys."""

    secret: str
    """PEM of both, or base64 of a PFX without a password."""

    content_type: str
    """Of the secret."""

    valid: tuple[int, int]
    """From when until when, in seconds since 1970."""


def issue(policy: Document, now: float) -> Issued:
    """Sign a certificate as its policy says. (Microsoft Learn: "About Azure Key Vault certificates")

    :param policy: Its policy.
    :param now: The vault's time, in seconds since 1970.
    """
    wanted = policy.get("x509_props") or {}
    properties = policy.get("key_props") or {}
    kept = new_key({**properties, "kty": properties.get("kty") or "RSA"})
    key: PrivateKey = load_pem_private_key(kept["private"].encode(), None)  # pyright: ignore[reportAssignmentType] - made above
    try:
        subject = x509.Name.from_rfc4514_string(wanted.get("subject") or "")
    except ValueError as error:
        raise AzureError(400, "BadParameter", f"Property policy has invalid value: X509 subject ({error})") from None
    at = datetime.datetime.fromtimestamp(int(now), datetime.UTC)
    first = at - datetime.timedelta(minutes=10)
    last = at + datetime.timedelta(days=round(int(wanted.get("validity_months") or 12) * 365.25 / 12))
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(first)
        .not_valid_after(last)
    )
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    issuer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
    # Azure's have these three too, and strict clients ask for them.
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(identifier, critical=False).add_extension(issuer, critical=False)
    if names := _names(wanted.get("sans") or {}):
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    certificate = builder.sign(key, hashes.SHA256())
    content_type = (policy.get("secret_props") or {}).get("contentType") or PFX
    exportable = properties.get("exportable", True)
    return Issued(
        certificate.public_bytes(serialization.Encoding.DER),
        certificate.fingerprint(hashes.SHA1()),  # noqa: S303 - x5t is one
        described(key, kept["request"]),
        _secret(certificate, key if exportable else None, content_type),
        content_type,
        (int(first.timestamp()), int(last.timestamp())),
    )


def _names(sans: Document) -> list[x509.GeneralName]:
    return [
        *(x509.DNSName(name) for name in sans.get("dns_names") or ()),
        *(x509.RFC822Name(name) for name in sans.get("emails") or ()),
        *(x509.IPAddress(ipaddress.ip_address(name)) for name in sans.get("ips") or ()),
    ]


def _secret(certificate: x509.Certificate, key: PrivateKey | None, content_type: str) -> str:
    if content_type == PEM:
        private = described(key, {})["private"] if key else ""
        return private + certificate.public_bytes(serialization.Encoding.PEM).decode()
    whole = pkcs12.serialize_key_and_certificates(None, key, certificate, None, serialization.NoEncryption())
    return base64.b64encode(whole).decode()
