"""Options of a PKI engine, without loading a provider."""

from typing import Annotated

from ..certificates import DnsName
from ..databases import ENGINE_SEGMENT
from ..field_types import Declaration, require_match


class PkiOptions(Declaration):
    """A PKI engine that exists and can issue certificates."""

    path: Annotated[
        str, require_match(ENGINE_SEGMENT, "is not one segment of letters, digits, '-' and '_', e.g. pki")
    ] = "pki"
    """Where it is mounted."""

    cluster_domain: DnsName = "cluster.local"
    """The domain of the cluster's services."""
