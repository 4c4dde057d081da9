"""The arguments of a Vault server in the cluster."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field, InstanceOf

from ...cross_checks import skip_invalid
from ...durations import GoDuration
from ...field_types import Declaration, DnsLabel, ImageName, Switch, Text, Whole, require_match
from ...hosts import DnsName, Host
from ..options import Mode
from .seal import AzureKeyVaultSeal, ShamirSeal, TransitSeal
from .storage import Quantity, RaftStorage, Storage, Volume
from .tls import Tls, build_service_name

_TAG = "is not an image's tag: use letters, digits, '-', '_' and '.', and quotes around a number, e.g. \"1.20\""

ReleaseName = Annotated[
    str,
    require_match(
        r"[a-z]([-a-z0-9]{0,51}[a-z0-9])?",
        "is not a legal name of a release and its services: use 1 to 53 lower-case letters, digits and '-', with a "
        "letter first and no '-' last",
    ),
]
"""A Helm release's name that begins names of services. (Helm docs: "Helm Install"; RFC 1035)"""


class Resources(Declaration):
    """What each pod is given. Memory is both requested and the limit; a limit of CPU would only slow it down."""

    cpu: Quantity = "500m"
    """CPU that is requested."""

    memory: Quantity = "1Gi"
    """Memory."""


class Spread(Declaration):
    """How pods are kept apart.

    (Kubernetes docs: "Pod Topology Spread Constraints")
    """

    over: tuple[Text, ...] = ("topology.kubernetes.io/zone",)
    """Node labels over whose values pods are spread evenly, as far as nodes allow."""

    one_a_node: Switch = True
    """Never two pods on one node; `False` for a cluster with fewer nodes than replicas."""


class Ingress(Declaration):
    """A way in from outside, with TLS. The controller must speak HTTPS to Vault: its annotations say so."""

    host: Host
    """The host name."""

    tls_secret: DnsLabel
    """The Secret with the host's certificate."""

    class_name: Text | None = None
    """The ingress class; if omitted, the cluster's default."""

    annotations: Mapping[str, str] = {}
    """E.g. `nginx.ingress.kubernetes.io/backend-protocol: HTTPS`."""


class Monitor(Declaration):
    """A ServiceMonitor of the Prometheus operator, whose CRDs must be there.

    Metrics are then readable without a token by anyone who reaches the port. (Vault docs: "Telemetry")
    """

    interval: GoDuration = "30s"
    """How often it is scraped."""

    labels: Mapping[str, str] = {"release": "prometheus"}
    """Labels by which the operator finds it."""


class Image(Declaration):
    """Vault's image."""

    repository: ImageName = "hashicorp/vault"
    """Its repository; a mirror's."""

    tag: Annotated[str, require_match(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", _TAG)] | None = None
    """Its tag; if omitted, the chart's."""

    pull_secrets: tuple[DnsLabel, ...] = ()
    """Secrets in the server's namespace by which it is pulled."""


class VaultServerShape(Declaration):
    """A Vault server, save what opens it. The defaults are production's, save that `tls` has none."""

    name: ReleaseName = "vault"
    """Name of the release and of its services."""

    namespace: DnsLabel = "vault"
    """The namespace that it is in. A stack makes it, unless `kubernetes.existingNamespaces` names it."""

    mode: Mode = "ha"
    """What it is."""

    replicas: Annotated[Whole, Field(le=99)] = 3
    """How many pods `ha` has. Of raft peers an odd number, of which more than half must live."""

    tls: Tls | None = None
    """Where its certificate is from; if omitted, it speaks plain HTTP."""

    also_named: tuple[DnsName, ...] = ()
    """More names that its certificate is to bear, where it is not supplied."""

    storage: Storage = RaftStorage()
    """Where it keeps its data."""

    audit: Volume | None = Volume()
    """Where a file audit device may write, below /vault/audit; the volume alone enables none."""

    resources: Resources = Resources()
    """What each pod is given."""

    spread: Spread = Spread()
    """How pods are kept apart."""

    max_unavailable: Annotated[Whole, Field(ge=0, le=99)] = 1
    """How many pods of `ha` may be drained at the same time."""

    ui: Switch = False
    """Whether it serves its user interface."""

    ingress: Ingress | None = None
    """A way in from outside."""

    monitor: Monitor | None = None
    """Whether Prometheus scrapes it."""

    image: Image = Image()
    """Its image."""

    extra_values: Mapping[str, Any] = {}
    """Values of the chart, merged last: what they say wins, lists are replaced."""

    @property
    def scheme(self) -> str:
        """`https`, or `http` without TLS."""
        return "https" if self.tls else "http"

    @property
    def address(self) -> str:
        """URL of it in the cluster."""
        return f"{self.scheme}://{build_service_name(self.name, self.namespace)}:8200"

    @property
    def pods(self) -> list[str]:
        """Names of its pods."""
        return [f"{self.name}-{number}" for number in range(self.replicas if self.mode == "ha" else 1)]

    @property
    def peers(self) -> list[str]:
        """URLs by which its pods reach each other."""
        return [f"{self.scheme}://{pod}.{self.name}-internal:8200" for pod in self.pods]


class VaultServerSpec(VaultServerShape):
    """A Vault server, and what opens it."""

    # The client id of a seal's identity may be an output, of which pydantic knows nothing.
    seal: InstanceOf[ShamirSeal] | InstanceOf[AzureKeyVaultSeal] | InstanceOf[TransitSeal] = ShamirSeal()
    """What opens it after a start."""


def check_server(server: VaultServerShape, *, sealed: bool, production: bool) -> Iterator[tuple[str, str]]:
    """List what is wrong with `server`: each field's name in stack files, and what is wrong with it.

    :param sealed: Whether a key elsewhere opens it.
    :param production: Refuse the dev server and plain HTTP.
    """
    yield from _check_mode(server, sealed, production)
    yield from _check_replicas(server)


@skip_invalid
def _check_mode(server: VaultServerShape, sealed: bool, production: bool) -> Iterator[tuple[str, str]]:
    if server.mode != "dev":
        if production and not server.tls:
            yield "tls", "TLS is required, since production refuses plain HTTP: set the certificate's source"
        return
    if production:
        yield "mode", "'dev' keeps everything in memory and has a known token: use standalone or ha"
    if server.tls:
        yield "tls", "The dev server speaks plain HTTP: omit it, or use another mode"
    if sealed:
        yield "seal", "The dev server starts unsealed: omit it, or use another mode"
    if not isinstance(server.storage, RaftStorage):
        yield "storage", "The dev server keeps everything in memory: omit it, or use another mode"


@skip_invalid
def _check_replicas(server: VaultServerShape) -> Iterator[tuple[str, str]]:
    if server.mode != "ha":
        return
    raft, replicas, unavailable = isinstance(server.storage, RaftStorage), server.replicas, server.max_unavailable
    most = (replicas - 1) // 2 if raft else replicas - 1
    if raft and (replicas < 3 or replicas % 2 == 0):
        yield "replicas", f"{replicas}: use an odd number from 3 on, so that a majority survives a loss"
    elif replicas < 2:
        yield "replicas", f"{replicas}: use 2 or more, so that one takes over from another"
    elif not 1 <= unavailable <= most:
        yield (
            "maxUnavailable",
            f"{unavailable} of {replicas}: use 1 or more, so that nodes can be drained, and leave "
            + ("more than half of the peers" if raft else "one pod"),
        )
