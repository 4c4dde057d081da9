"""Where a Vault server in the cluster has its certificate from."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

CERTIFICATE_FILE = "tls.crt"
KEY_FILE = "tls.key"
CA_FILE = "ca.crt"

_API = "cert-manager.io/v1"
_CA_LIFE = "87600h"
_READY = {"pulumi.com/waitFor": "condition=Ready"}
"""The certificate's Secret must exist before pods mount it. (Pulumi Kubernetes provider docs: "Await behavior")"""


@dataclass(frozen=True)
class SuppliedTls:
    """A Secret that exists, with `tls.crt`, `tls.key` and `ca.crt`.

    Its certificate must bear the names of `names_of`, and the address 127.0.0.1.
    """

    secret: str
    """The Secret's name, in the server's namespace."""


@dataclass(frozen=True)
class CertManagerTls:
    """A certificate that cert-manager issues and renews. (cert-manager docs: "Certificate resource", "CA")

    Vault rereads its certificate only when it is told to, by a restart or SIGHUP: see to that before the old one ends.
    """

    issuer: str | None = None
    """The issuer; left out, a CA of this server's own is made in the cluster, and its key never leaves it."""

    issuer_kind: str = "ClusterIssuer"
    """`ClusterIssuer`, or `Issuer` for one in the server's namespace. It must write `ca.crt` to the Secret."""

    issuer_group: str = "cert-manager.io"
    """API group of the issuer; another one for an external issuer."""

    duration: str = "8760h"
    """How long a certificate is valid, as a Go duration."""

    renew_before: str = "720h"
    """How long before its end it is renewed, as a Go duration."""


Tls = SuppliedTls | CertManagerTls


def names_of(name: str, namespace: str) -> list[str]:
    """Names that the certificate of the server `name` must bear: its services' and its pods'."""
    services = [name, f"{name}-active", f"{name}-standby", f"{name}-ui", f"*.{name}-internal"]
    ends = ["", f".{namespace}", f".{namespace}.svc", f".{namespace}.svc.cluster.local"]
    return [*(f"{service}{end}" for service in services for end in ends), "localhost"]


def secret_of(name: str, tls: Tls) -> str:
    """The Secret that the server `name` has its certificate from."""
    return tls.secret if isinstance(tls, SuppliedTls) else f"{name}-tls"


def issued(
    name: str, namespace: str, tls: CertManagerTls, also: Sequence[str], opts: pulumi.ResourceOptions
) -> list[pulumi.Resource]:
    """What makes cert-manager write the server's Secret.

    :param name: The server's name.
    :param namespace: Its namespace.
    :param tls: Who issues.
    :param also: More names that it must bear.
    :param opts: Options of each resource.
    """
    made: list[pulumi.Resource] = []
    issuer = {"name": tls.issuer, "kind": tls.issuer_kind, "group": tls.issuer_group}
    if tls.issuer is None:
        issuer = {"name": f"{name}-ca", "kind": "Issuer", "group": "cert-manager.io"}
        made = _authority(name, namespace, issuer, opts)
    certificate = CustomResource(
        f"{name}-tls",
        api_version=_API,
        kind="Certificate",
        metadata={"name": f"{name}-tls", "namespace": namespace, "annotations": _READY},
        spec={
            "secretName": f"{name}-tls",
            "duration": tls.duration,
            "renewBefore": tls.renew_before,
            "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
            "usages": ["server auth", "client auth"],
            "dnsNames": [*names_of(name, namespace), *also],
            "ipAddresses": ["127.0.0.1"],
            "issuerRef": issuer,
        },
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=made)),
    )
    return [*made, certificate]


def _authority(
    name: str, namespace: str, issuer: dict[str, str], opts: pulumi.ResourceOptions
) -> list[pulumi.Resource]:
    first = CustomResource(
        f"{name}-self-signed",
        api_version=_API,
        kind="Issuer",
        metadata={"name": f"{name}-self-signed", "namespace": namespace},
        spec={"selfSigned": {}},
        opts=opts,
    )
    authority = CustomResource(
        f"{name}-ca",
        api_version=_API,
        kind="Certificate",
        metadata={"name": f"{name}-ca", "namespace": namespace, "annotations": _READY},
        spec={
            "isCA": True,
            "commonName": f"{name}.{namespace} CA",
            "secretName": f"{name}-ca",
            "duration": _CA_LIFE,
            "privateKey": {"algorithm": "ECDSA", "size": 256},
            "issuerRef": {"name": f"{name}-self-signed", "kind": "Issuer", "group": "cert-manager.io"},
        },
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[first])),
    )
    signs = CustomResource(
        f"{name}-ca-issuer",
        api_version=_API,
        kind="Issuer",
        metadata={"name": issuer["name"], "namespace": namespace},
        spec={"ca": {"secretName": f"{name}-ca"}},
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[authority])),
    )
    return [first, authority, signs]
