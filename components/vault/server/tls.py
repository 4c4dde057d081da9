"""Where a Vault server in the cluster has its certificate from."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field

from ...cross_checks import cross_check
from ...durations import GoDuration, check_order
from ...field_types import Declaration, DnsLabel, Text, Whole

CERTIFICATE_FILE = "tls.crt"
KEY_FILE = "tls.key"
CA_FILE = "ca.crt"


class GeneratedTls(Declaration):
    """A CA of this server's own, and a certificate that it signs, made by the stack and renewed by it.

    Both keys are secrets in the stack's state. `pulumi up` renews what is about to end, so run it more often than
    that; pods that can unseal themselves are then rolled. (Pulumi registry: "TLS")
    """

    kind: Literal["generated"] = "generated"
    """Which source: `generated`."""

    validity_hours: Annotated[Whole, Field(ge=1, le=87600)] = 8760
    """How long a certificate is valid; the CA ten times as long."""

    renew_before_hours: Annotated[Whole, Field(ge=1, le=87600)] = 720
    """How long before its end a certificate is renewed, by the first update after that."""

    @cross_check
    def _check_renewal(self) -> Iterator[tuple[str, str]]:
        yield from check_order(self, "renew_before_hours", "validity_hours", equal=False)


class CertManagerTls(Declaration):
    """A certificate that cert-manager issues and renews.

    Vault rereads its certificate only on a restart or SIGHUP: see to that before the old one ends. (cert-manager docs:
    "Certificate resource", "CA")
    """

    kind: Literal["cert-manager"] = "cert-manager"
    """Which source: `cert-manager`."""

    issuer: Text | None = None
    """The issuer; if omitted, a CA of this server's own is made in the cluster, and its key never leaves it."""

    issuer_kind: Text = "ClusterIssuer"
    """`ClusterIssuer`, or `Issuer` for one in the server's namespace. It must write `ca.crt` to the Secret."""

    issuer_group: Text = "cert-manager.io"
    """API group of the issuer; another one for an external issuer."""

    duration: GoDuration = "8760h"
    """How long a certificate is valid, as a Go duration."""

    renew_before: GoDuration = "720h"
    """How long before its end it is renewed, as a Go duration."""

    ca_certificate: str | None = None
    """PEM of the CA, as clients are to trust it; if omitted, it is read from the Secret, and the certificate's key
    is then a secret in the stack's state too."""

    @cross_check
    def _check_renewal(self) -> Iterator[tuple[str, str]]:
        yield from check_order(self, "renew_before", "duration", equal=False)


class SuppliedTls(Declaration):
    """A Secret that exists, with `tls.crt`, `tls.key` and `ca.crt`; its certificate bears its services' names."""

    kind: Literal["supplied"] = "supplied"
    """Which source: `supplied`."""

    secret: DnsLabel
    """The Secret's name, in the server's namespace."""

    ca_certificate: str | None = None
    """PEM of the CA, as clients are to trust it; if omitted, it is read from the Secret, and the certificate's key
    is then a secret in the stack's state too."""


TLS: Mapping[str, type[Declaration]] = {
    "generated": GeneratedTls,
    "cert-manager": CertManagerTls,
    "supplied": SuppliedTls,
}
"""Where a certificate may be from, by its kind."""

Tls = Annotated[GeneratedTls | CertManagerTls | SuppliedTls, Field(discriminator="kind")]
"""Where a certificate is from."""


def build_service_name(name: str, namespace: str) -> str:
    """Build the name by which all the cluster knows the server `name`."""
    return f"{name}.{namespace}.svc"


def list_dns_names(name: str, namespace: str) -> list[str]:
    """List the names that the certificate of the server `name` must bear: its services' and its pods'."""
    services = [name, f"{name}-active", f"{name}-standby", f"{name}-ui", f"*.{name}-internal"]
    ends = ["", f".{namespace}", f".{namespace}.svc", f".{namespace}.svc.cluster.local"]
    return [*(f"{service}{end}" for service in services for end in ends), "localhost"]


def build_secret_name(name: str, tls: Tls) -> str:
    """Return the name of the Secret that the server `name` has its certificate from."""
    return tls.secret if isinstance(tls, SuppliedTls) else f"{name}-tls"
