"""Options of a PKI engine, without loading a provider."""

from collections.abc import Iterator
from typing import Annotated

from ..certificates import DnsName
from ..cross_checks import Location, cross_check
from ..databases import ENGINE_SEGMENT
from ..durations import Seconds, check_order, format_seconds
from ..field_types import Declaration, Text, require_match

EngineSegment = Annotated[
    str, require_match(ENGINE_SEGMENT, "is not one segment of letters, digits, '-' and '_', e.g. pki")
]
"""Where a PKI engine is mounted."""


class PkiAuthority(Declaration):
    """A root and an issuer below it, whose keys are made in Vault and never leave it."""

    common_name: Text
    """The issuer's name; the root's is that with `root` at its end."""

    root_path: EngineSegment = "pki-root"
    """Where the root's engine is mounted."""

    root_ttl: Seconds = 315360000
    """How long the root is valid; ten years if omitted."""

    ttl: Seconds = 157680000
    """How long the issuer is valid; five years if omitted."""

    @cross_check
    def _check_lives(self) -> Iterator[tuple[str, str]]:
        yield from check_order(self, "ttl", "root_ttl", show=format_seconds, equal=False)


class PkiOptions(Declaration):
    """A PKI engine that issues workloads' certificates."""

    path: EngineSegment = "pki"
    """Where it is mounted."""

    authority: PkiAuthority | None = None
    """Have the stack mount it and make its issuer, and a root above that. If omitted, it exists and can issue."""

    cluster_domain: DnsName = "cluster.local"
    """The domain of the cluster's services."""

    @cross_check
    def _check_paths(self) -> Iterator[tuple[Location, str]]:
        if self.authority and self.authority.root_path == self.path:
            yield ("authority", "rootPath"), f"{self.path!r} is the path of the issuer's engine too: use another"
