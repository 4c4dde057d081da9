"""What a Vault server in the cluster may be told to be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .choices import Mode, server_faults
from .seal import Seal, ShamirSeal
from .storage import RaftStorage, Storage, Volume
from .tls import Tls, service_name


@dataclass(frozen=True)
class Resources:
    """What each pod is given. Memory is both requested and the limit; a limit of CPU would only slow it down."""

    cpu: str = "500m"
    """CPU that is requested."""

    memory: str = "1Gi"
    """Memory."""


@dataclass(frozen=True)
class Spread:
    """How pods are kept apart. (Kubernetes docs: "Pod Topology Spread Constraints")"""

    over: Sequence[str] = ("topology.kubernetes.io/zone",)
    """Node labels over whose values pods are spread evenly, as far as nodes allow."""

    one_a_node: bool = True
    """Never two pods on one node; `False` for a cluster with fewer nodes than replicas."""


@dataclass(frozen=True)
class Ingress:
    """A way in from outside, with TLS. The controller must speak HTTPS to Vault: its annotations say so."""

    host: str
    """The host name."""

    tls_secret: str
    """The Secret with the host's certificate."""

    class_name: str | None = None
    """The ingress class; the cluster's default where it is left out."""

    annotations: Mapping[str, str] = field(default_factory=dict[str, str])
    """E.g. `nginx.ingress.kubernetes.io/backend-protocol: HTTPS`."""


@dataclass(frozen=True)
class Monitor:
    """A ServiceMonitor of the Prometheus operator, whose CRDs must be there.

    Metrics are then readable without a token by whoever reaches the port. (Vault docs: "Telemetry")
    """

    interval: str = "30s"
    """How often it is scraped."""

    labels: Mapping[str, str] = field(default_factory=lambda: {"release": "prometheus"})
    """Labels by which the operator finds it."""


@dataclass(frozen=True)
class Image:
    """Vault's image."""

    repository: str = "hashicorp/vault"
    """Its repository; a mirror's."""

    tag: str | None = None
    """Its tag; the chart's where it is left out."""

    pull_secrets: Sequence[str] = ()
    """Secrets in the server's namespace by which it is pulled."""


@dataclass(frozen=True)
class VaultServerArgs:
    """A Vault server. The defaults are production's, save that `tls` has none."""

    name: str = "vault"
    """Name of the release and of its services."""

    namespace: str = "vault"
    """The namespace that it is in; it must exist."""

    mode: Mode = "ha"
    """What it is."""

    replicas: int = 3
    """How many pods `ha` has. Of raft peers an odd number, of which more than half must live."""

    tls: Tls | None = None
    """Where its certificate is from; left out, it speaks plain HTTP."""

    also_named: Sequence[str] = ()
    """More names that its certificate is to bear, where it is not supplied."""

    seal: Seal = field(default_factory=ShamirSeal)
    """What opens it after a start."""

    storage: Storage = field(default_factory=RaftStorage)
    """Where it keeps its data."""

    audit: Volume | None = field(default_factory=Volume)
    """Where a file audit device may write, below /vault/audit; the volume alone enables none."""

    resources: Resources = field(default_factory=Resources)
    """What each pod is given."""

    spread: Spread = field(default_factory=Spread)
    """How pods are kept apart."""

    max_unavailable: int = 1
    """How many pods of `ha` may be drained at the same time."""

    ui: bool = False
    """Whether it serves its user interface."""

    ingress: Ingress | None = None
    """A way in from outside."""

    monitor: Monitor | None = None
    """Whether Prometheus scrapes it."""

    image: Image = field(default_factory=Image)
    """Its image."""

    extra_values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Values of the chart, merged last: what they say wins, lists are replaced."""

    @property
    def scheme(self) -> str:
        """`https`, or `http` without TLS."""
        return "https" if self.tls else "http"

    @property
    def address(self) -> str:
        """URL of it in the cluster."""
        return f"{self.scheme}://{service_name(self.name, self.namespace)}:8200"

    @property
    def pods(self) -> list[str]:
        """Names of its pods."""
        return [f"{self.name}-{number}" for number in range(self.replicas if self.mode == "ha" else 1)]

    @property
    def peers(self) -> list[str]:
        """URLs by which its pods reach each other."""
        return [f"{self.scheme}://{pod}.{self.name}-internal:8200" for pod in self.pods]


def faults(server: VaultServerArgs, production: bool) -> list[tuple[str, str]]:
    """What is wrong with `server`: each field's name, and what to tell of it.

    :param production: Refuse the dev server and plain HTTP.
    """
    return server_faults(
        mode=server.mode,
        replicas=server.replicas,
        max_unavailable=server.max_unavailable,
        raft=isinstance(server.storage, RaftStorage),
        tls=server.tls is not None,
        sealed=not isinstance(server.seal, ShamirSeal),
        production=production,
    )
