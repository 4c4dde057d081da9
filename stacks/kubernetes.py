"""What a stack may say of the cluster."""

from typing import Annotated, Literal

from pydantic import Field

from components.names import Declaration, DnsLabel, GoDuration

from .values import Issuer


class AksSettings(Declaration):
    """The AKS cluster that the workloads run on: made here, or found. Issuer and add-on's identity come from it."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?$")]
    """Its name."""

    resource_group: str | None = None
    """Its resource group; the backend's where it is left out."""

    create: bool = False
    """Make it, with the OIDC issuer, workload identity and, with `install: addon`, the Key Vault add-on."""

    location: str | None = None
    """Its region; the resource group's where it is left out."""

    kubernetes_version: str | None = None
    """Its version; the region's default where it is left out."""

    nodes: Annotated[int, Field(ge=1, le=1000)] = 3
    """How many nodes its system pool has."""

    vm_size: str = "Standard_D4s_v5"
    """The size of its nodes."""

    zones: tuple[str, ...] = ("1", "2", "3")
    """The availability zones that they are spread over."""

    subnet_id: str | None = None
    """The subnet that its nodes are in; a network of its own where it is left out."""


class KubernetesSettings(Declaration):
    """The cluster that the workloads run on."""

    kubeconfig: str | None = None
    """File with the kubeconfig; KUBECONFIG or ~/.kube/config where it is left out."""

    context: str | None = None
    """The kubeconfig's context; its current one where it is left out."""

    install: Literal["helm", "addon", "existing"] = "existing"
    """Who owns what deliveries need in the cluster, its one CSI driver above all: Strongroom (`helm`), AKS (`addon`) or
    somebody else (`existing`)."""

    providers: tuple[Literal["azure", "vault"], ...] = ()
    """With `helm`: CSI providers to install besides the backend's own, for other stacks of the cluster."""

    audiences: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """With `helm`: audiences that the driver requests tokens of besides the backend's own, for other stacks of the
    cluster."""

    rotation_poll_interval: GoDuration = "2m"
    """How old a mounted secret may be before it is read again; where Strongroom installs the driver."""

    oidc_issuer: Issuer | None = None
    """The cluster's OIDC issuer, for workload identity; the AKS cluster's where `aks` names one."""

    aks: AksSettings | None = None
    """The AKS cluster, where it is one."""

    existing_namespaces: tuple[DnsLabel, ...] = ("default",)
    """Namespaces that exist already; every other one is created."""

    wait_for_rollout: bool = True
    """Whether an update waits until the pods are ready."""
