"""A Vault server's certificate, of each source."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import Secret

from .args import VaultServerSpec
from .cert_manager import request_certificate
from .generated_tls import generate_certificate
from .tls import CA_FILE, CertManagerTls, GeneratedTls, Tls, build_secret_name


@dataclass(frozen=True)
class ServerCertificate:
    """The facts of a certificate that its server needs."""

    ca_certificate: pulumi.Input[str]
    """PEM of the CA."""

    fingerprint: pulumi.Output[str] | None = None
    """SHA-256 of the certificate, where the stack knows it: pods must start anew when it changes."""

    requires: pulumi.Resource | None = None
    """What must exist before pods mount it."""


def build_certificate(server: VaultServerSpec, tls: Tls, opts: pulumi.ResourceOptions) -> ServerCertificate:
    """Declare the certificate of `server`.

    :param server: The server.
    :param tls: Where it is from.
    :param opts: Options of each resource.
    """
    if isinstance(tls, GeneratedTls):
        secret, authority, certificate = generate_certificate(
            server.name, server.namespace, tls, server.also_named, opts
        )
        return ServerCertificate(
            authority, certificate.apply(lambda pem: hashlib.sha256(pem.encode()).hexdigest()), secret
        )
    requested = (
        request_certificate(server.name, server.namespace, tls, server.also_named, opts)
        if isinstance(tls, CertManagerTls)
        else None
    )
    return ServerCertificate(tls.ca_certificate or _read_authority(server, tls, requested, opts), requires=requested)


def _read_authority(
    server: VaultServerSpec, tls: Tls, requested: CustomResource | None, opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    place = f"{server.namespace}/{build_secret_name(server.name, tls)}"
    secret = Secret.get(
        f"{server.name}-ca",
        # Of one that is yet to be written, a preview must not ask.
        requested.id.apply(lambda _: place) if requested else place,
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(additional_secret_outputs=["data", "stringData"])
        ),
    )
    return pulumi.Output.unsecret(secret.data.apply(_decode_authority))


def _decode_authority(data: Mapping[str, Any] | None) -> str:
    if not data or CA_FILE not in data:
        raise pulumi.RunError(
            f"The Secret of Vault's certificate has no {CA_FILE}: have its issuer write it, or name the CA's file"
        )
    return base64.b64decode(data[CA_FILE]).decode()
