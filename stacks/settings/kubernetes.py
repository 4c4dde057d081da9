"""What a stack may say of the cluster."""

from collections.abc import Iterator
from typing import Annotated, Literal

from strongroom.components.azure.cluster_args import ClusterName, ClusterShape
from strongroom.components.azure.types import ResourceGroup
from strongroom.components.cross_checks import cross_check
from strongroom.components.field_types import Declaration, DnsLabel, LocalFile, Switch, Text, require_match
from strongroom.components.rotation import PollInterval
from strongroom.components.urls import Issuer

_ACCOUNT = "is not an account: write namespace/name, e.g. kube-system/backup"


class AksSettings(ClusterShape):
    """The AKS cluster that the workloads run on: made here, or found. Issuer and add-on's identity come from it."""

    name: ClusterName
    """Its name."""

    resource_group: ResourceGroup | None = None
    """Its resource group; defaults to the backend's."""

    create: Switch = False
    """Make it, with the OIDC issuer, workload identity and, with `install: addon`, the Key Vault add-on."""

    @cross_check
    def _check_existing(self) -> Iterator[tuple[str, str]]:
        for name in ClusterShape.model_fields:
            if not self.create and name in self.model_fields_set and getattr(self, name, None) is not None:
                yield name, "This setting is allowed with create: true only: an existing cluster is not changed"


class KubernetesSettings(Declaration):
    """The cluster that the workloads run on."""

    kubeconfig: LocalFile | None = None
    """File with the kubeconfig; if omitted, KUBECONFIG or ~/.kube/config."""

    context: Text | None = None
    """The kubeconfig's context; defaults to its current one."""

    install: Literal["helm", "addon", "existing"] = "existing"
    """Who owns what deliveries need in the cluster, its one CSI driver above all: Strongroom (`helm`), AKS (`addon`) or
    somebody else (`existing`)."""

    providers: tuple[Literal["azure", "vault"], ...] = ()
    """With `helm`: CSI providers to install besides the backend's own, for other stacks of the cluster."""

    audiences: tuple[Text, ...] = ()
    """With `helm`: audiences that the driver requests tokens of besides the backend's own, for other stacks of the
    cluster."""

    rotation_poll_interval: PollInterval = "2m"
    """How old a mounted secret may be before it is read again, at most 2m: a driver that polls less often lets a pod
    start without its secrets when their store hangs. Where Strongroom, or AKS for the stack, installs the driver."""

    oidc_issuer: Issuer | None = None
    """The cluster's OIDC issuer, for workload identity; the AKS cluster's where `aks` names one."""

    aks: AksSettings | None = None
    """The AKS cluster, where it is one."""

    existing_namespaces: tuple[DnsLabel, ...] = ("default",)
    """Namespaces that exist already; every other one is created."""

    reserved_accounts: tuple[Annotated[str, require_match(r"[a-z0-9-]{1,63}/[a-z0-9-]{1,63}", _ACCOUNT)], ...] = ()
    """Accounts, written `namespace/name`, that workloads may bear although they are not theirs alone: `default`, those
    in `kube-*` namespaces, and those of controllers. Each is refused if omitted."""

    wait_for_rollout: Switch = True
    """Whether an update waits until the pods are ready."""

    @cross_check
    def _check_others(self) -> Iterator[tuple[str, str]]:
        for name in ("providers", "audiences"):
            if self.install != "helm" and getattr(self, name):
                yield name, f"This setting is allowed with install 'helm' only, and install is {self.install!r}"
