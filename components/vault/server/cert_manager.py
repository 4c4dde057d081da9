"""A Vault server's certificate by cert-manager."""

from collections.abc import Sequence

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from .tls import CertManagerTls, build_secret_name, list_dns_names

_API = "cert-manager.io/v1"
_CA_LIFE = "87600h"
_READY = {"pulumi.com/waitFor": "condition=Ready"}
"""The certificate's Secret must exist before pods mount it. (Pulumi Kubernetes provider docs: "Await behavior")"""


def request_certificate(
    name: str, namespace: str, tls: CertManagerTls, also: Sequence[str], opts: pulumi.ResourceOptions
) -> CustomResource:
    """Declare the certificate, after its issuer, so that cert-manager writes the server's Secret.

    :param name: The server's name.
    :param namespace: Its namespace.
    :param tls: Who issues.
    :param also: More names that it must bear.
    :param opts: Options of each resource.
    """
    before: list[pulumi.Resource] = []
    issuer = {"name": tls.issuer, "kind": tls.issuer_kind, "group": tls.issuer_group}
    if tls.issuer is None:
        issuer = {"name": f"{name}-ca", "kind": "Issuer", "group": "cert-manager.io"}
        before = [_declare_authority(name, namespace, opts)]
    return CustomResource(
        f"{name}-tls",
        api_version=_API,
        kind="Certificate",
        metadata={"name": f"{name}-tls", "namespace": namespace, "annotations": _READY},
        spec={
            "secretName": build_secret_name(name, tls),
            "duration": tls.duration,
            "renewBefore": tls.renew_before,
            "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
            "usages": ["digital signature", "key encipherment", "server auth", "client auth"],
            "dnsNames": [*list_dns_names(name, namespace), *also],
            "ipAddresses": ["127.0.0.1"],
            "issuerRef": issuer,
        },
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=before)),
    )


def _declare_authority(name: str, namespace: str, opts: pulumi.ResourceOptions) -> pulumi.Resource:
    """Declare a CA of the server's own, as an issuer."""
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
    return CustomResource(
        f"{name}-ca-issuer",
        api_version=_API,
        kind="Issuer",
        metadata={"name": f"{name}-ca", "namespace": namespace},
        spec={"ca": {"secretName": f"{name}-ca"}},
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[authority])),
    )
