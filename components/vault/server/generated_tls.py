"""A Vault server's CA and certificate, made by the stack."""

from collections.abc import Sequence

import pulumi
import pulumi_tls
from pulumi_kubernetes.core.v1 import Secret

from .tls import CA_FILE, CERTIFICATE_FILE, KEY_FILE, GeneratedTls, build_secret_name, list_dns_names


def generate_certificate(
    name: str, namespace: str, tls: GeneratedTls, also: Sequence[str], opts: pulumi.ResourceOptions
) -> tuple[Secret, pulumi.Output[str], pulumi.Output[str]]:
    """Declare the server's Secret; return it with the PEM of the CA and of the certificate.

    :param name: The server's name.
    :param namespace: Its namespace.
    :param tls: How long they are valid.
    :param also: More names that the certificate must bear.
    :param opts: Options of each resource.
    """
    authority_key = pulumi_tls.PrivateKey(f"{name}-ca", algorithm="ECDSA", ecdsa_curve="P256", opts=opts)
    authority = pulumi_tls.SelfSignedCert(
        f"{name}-ca",
        private_key_pem=authority_key.private_key_pem,
        subject={"common_name": f"{name}.{namespace} CA"},
        is_ca_certificate=True,
        max_path_length=0,
        set_subject_key_id=True,
        allowed_uses=["cert_signing", "crl_signing"],
        validity_period_hours=tls.validity_hours * 10,
        # As long as a certificate lives that it may have signed on the day before.
        early_renewal_hours=tls.validity_hours + tls.renew_before_hours,
        opts=opts,
    )
    key = pulumi_tls.PrivateKey(f"{name}-tls", algorithm="ECDSA", ecdsa_curve="P256", opts=opts)
    request = pulumi_tls.CertRequest(
        f"{name}-tls",
        private_key_pem=key.private_key_pem,
        subject={"common_name": name},
        dns_names=[*list_dns_names(name, namespace), *also],
        ip_addresses=["127.0.0.1"],
        opts=opts,
    )
    certificate = pulumi_tls.LocallySignedCert(
        f"{name}-tls",
        cert_request_pem=request.cert_request_pem,
        ca_private_key_pem=authority_key.private_key_pem,
        ca_cert_pem=authority.cert_pem,
        set_subject_key_id=True,
        allowed_uses=["digital_signature", "key_encipherment", "server_auth", "client_auth"],
        validity_period_hours=tls.validity_hours,
        early_renewal_hours=tls.renew_before_hours,
        opts=opts,
    )
    secret = Secret(
        f"{name}-tls",
        type="kubernetes.io/tls",
        metadata={"name": build_secret_name(name, tls), "namespace": namespace},
        string_data={
            CERTIFICATE_FILE: certificate.cert_pem,
            KEY_FILE: key.private_key_pem,
            CA_FILE: authority.cert_pem,
        },
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(additional_secret_outputs=["data", "stringData"])
        ),
    )
    return secret, authority.cert_pem, certificate.cert_pem
