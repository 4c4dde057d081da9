"""A Vault server's certificate, from wherever it comes."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import Secret

from .args import VaultServerArgs
from .cert_manager import issued
from .generated_tls import generated
from .tls import CA_FILE, CertManagerTls, GeneratedTls, Tls, secret_of


@dataclass(frozen=True)
class Certified:
    """What a server needs to know of its certificate."""

    ca_certificate: pulumi.Input[str]
    """PEM of the CA."""

    fingerprint: pulumi.Output[str] | None = None
    """SHA-256 of the certificate, where the stack knows it: pods must start anew when it changes."""

    requires: pulumi.Resource | None = None
    """What must exist before pods mount it."""


def certified(server: VaultServerArgs, tls: Tls, opts: pulumi.ResourceOptions) -> Certified:
    """The certificate of `server`.

    :param server: The server.
    :param tls: Where it is from.
    :param opts: Options of each resource.
    """
    if isinstance(tls, GeneratedTls):
        secret, authority, certificate = generated(server.name, server.namespace, tls, server.also_named, opts)
        return Certified(authority, certificate.apply(lambda pem: hashlib.sha256(pem.encode()).hexdigest()), secret)
    made = (
        issued(server.name, server.namespace, tls, server.also_named, opts) if isinstance(tls, CertManagerTls) else None
    )
    return Certified(tls.ca_certificate or _read(server, tls, made, opts), requires=made)


def _read(
    server: VaultServerArgs, tls: Tls, made: CustomResource | None, opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    place = f"{server.namespace}/{secret_of(server.name, tls)}"
    found = Secret.get(
        f"{server.name}-ca",
        # Of one that is yet to be written, a preview must not ask.
        made.id.apply(lambda _: place) if made else place,
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(additional_secret_outputs=["data", "stringData"])
        ),
    )
    return pulumi.Output.unsecret(found.data.apply(_authority))


def _authority(data: Mapping[str, Any] | None) -> str:
    if not data or CA_FILE not in data:
        raise pulumi.RunError(
            f"The Secret of Vault's certificate has no {CA_FILE}: have its issuer write it, or name the CA's file"
        )
    return base64.b64decode(data[CA_FILE]).decode()
