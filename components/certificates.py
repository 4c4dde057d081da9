"""Certificates that Vault issues to a workload."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from .cross_checks import Location, cross_check
from .durations import Seconds
from .field_types import Declaration, DnsLabel, FilePath, ListOf, require_match

if TYPE_CHECKING:
    from .workload import Workload

NO_CERTIFICATES = "This setting is allowed with backend 'vault' only: list certificates of Key Vault in secrets"
"""The error of a workload with certificates on Key Vault."""

_ISSUE = re.compile(r"[A-Za-z0-9_-]+/issue/[^/]+")

DnsName = Annotated[
    str,
    require_match(
        r"(?=.{1,253}\Z)[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*",
        "is not a DNS name: use lower-case letters, digits, '-' and '.', e.g. orders.shop.svc",
    ),
]
"""A name in a certificate."""


def is_issue_path(path: str) -> bool:
    """Return whether `path` is one at which a PKI engine issues certificates.

    (Vault docs: "PKI secrets engine (API)")
    """
    return _ISSUE.fullmatch(path) is not None


class CertificateFiles(Declaration):
    """The files that a certificate becomes, all in PEM."""

    certificate: FilePath
    """The file with the certificate and its issuer's, below the workload's mount path."""

    private_key: FilePath
    """The file with the private key."""

    ca: FilePath
    """The file with the CAs to trust: the issuer and those above it."""

    @cross_check
    def _check_names(self) -> Iterator[tuple[Location, str]]:
        if self.private_key == self.certificate:
            yield ("private_key",), f"{self.private_key!r} is the file of certificate too: each needs its own"
        if self.ca in {self.certificate, self.private_key}:
            yield ("ca",), f"{self.ca!r} is another file of this certificate too: each needs its own"


class WorkloadCertificate(Declaration):
    """A certificate for the workload's own service names, for servers and clients, which an agent has issued anew."""

    name: DnsLabel
    """Its name among the workload's."""

    ttl: Annotated[Seconds, Field(ge=60)] = 86400
    """How long it is valid."""

    common_name: DnsName | None = None
    """Its common name; if omitted, `<name>.<namespace>.svc`."""

    alt_names: ListOf[DnsName] | None = None
    """Its other names; if omitted, all that the workload's service has."""

    files: CertificateFiles
    """Where the workload finds it."""


def list_service_names(workload: "Workload", cluster_domain: str) -> Sequence[str]:
    """List the names that a workload's certificates may have: those of a service of its name.

    (Kubernetes docs: "DNS for Services and Pods")
    """
    name = f"{workload.name}.{workload.namespace}"
    return [f"{name}.svc", name, f"{name}.svc.{cluster_domain}"]


def find_foreign_names(
    workload: "Workload", certificate: WorkloadCertificate, cluster_domain: str
) -> Iterator[tuple[Location, str]]:
    """Find names of a certificate that aren't the workload's own: the field, and the error."""
    own = list_service_names(workload, cluster_domain)
    given = [(("commonName",), certificate.common_name or own[0])]
    given += [(("altNames", number), name) for number, name in enumerate(certificate.alt_names or ())]
    for place, name in given:
        if name not in own:
            yield place, f"{name!r} is not a name of this workload's service: use {' or '.join(own)}"
