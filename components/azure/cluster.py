"""An AKS cluster: made with what Strongroom needs of it, or found."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import pulumi
from pulumi_azure_native import containerservice

from ..field_types import SECRET
from ..rotation import check_poll_interval

ADDON = "azureKeyvaultSecretsProvider"


@dataclass(frozen=True)
class NewCluster:
    """A cluster that the stack makes."""

    location: str | None = None
    """Its region; the resource group's where it is left out."""

    kubernetes_version: str | None = None
    """Its version; the region's default where it is left out."""

    nodes: int = 3
    """How many nodes its system pool has."""

    vm_size: str = "Standard_D4s_v5"
    """The size of its nodes."""

    zones: Sequence[str] = ("1", "2", "3")
    """The availability zones that they are spread over."""

    subnet_id: str | None = None
    """The subnet that they are in; a network of the cluster's own where it is left out."""

    addon: bool = True
    """Whether it has the Key Vault add-on: the driver and Azure's provider, kept up to date by AKS."""

    rotation_poll_interval: str = "2m"
    """How old a mounted secret may be before the add-on reads it again, as a Go duration of at most 2m."""

    tags: Mapping[str, str] | None = None
    """Its tags."""


class AksCluster(pulumi.ComponentResource):
    """An AKS cluster with an OIDC issuer, workload identity and the Key Vault add-on with rotation.

    Its nodes' network is Azure CNI overlay with Cilium; it upgrades itself along the stable channel.
    (Microsoft Learn: "Deploy and configure an AKS cluster with Microsoft Entra Workload ID", "Use the Azure Key Vault
    provider for Secrets Store CSI Driver in an AKS cluster")
    """

    issuer: pulumi.Output[str]
    """Its OIDC issuer, exactly as its tokens have it."""

    kubeconfig: Annotated[pulumi.Output[str], SECRET]
    """A kubeconfig of a user of the cluster; secret."""

    addon_client_id: pulumi.Output[str]
    """The client id of the add-on's identity; empty without the add-on."""

    addon_principal_id: pulumi.Output[str]
    """Its object id; empty without the add-on."""

    def __init__(
        self,
        name: str,
        *,
        cluster_name: str,
        resource_group: pulumi.Input[str],
        new: NewCluster | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        :param name: The component's name in the stack.
        :param cluster_name: The cluster's name.
        :param resource_group: The resource group that it is in.
        :param new: How to make it; left out, it exists, and is looked up.
        :raises ValueError: Its add-on would poll too seldom.
        """
        if new and (fault := check_poll_interval(new.rotation_poll_interval)):
            raise ValueError(f"AksCluster {name!r}: rotation_poll_interval {new.rotation_poll_interval!r} {fault}")
        super().__init__("strongroom:index:AksCluster", name, None, opts)
        known = pulumi.InvokeOutputOptions(parent=self)
        made = _made(name, cluster_name, resource_group, new, self) if new else None
        found = made or containerservice.get_managed_cluster_output(
            resource_group_name=resource_group, resource_name=cluster_name, opts=known
        )
        self.issuer = found.oidc_issuer_profile.apply(lambda profile: _issuer(cluster_name, profile))
        identity = found.addon_profiles.apply(_addon_identity)
        self.addon_client_id = identity.apply(lambda ids: ids[0])
        self.addon_principal_id = identity.apply(lambda ids: ids[1])
        credentials = containerservice.list_managed_cluster_user_credentials_output(
            resource_group_name=resource_group,
            resource_name=made.name if made else cluster_name,
            opts=known,
        )
        self.kubeconfig = pulumi.Output.secret(
            credentials.kubeconfigs.apply(
                lambda entries: base64.b64decode(entries[0].value).decode() if entries else ""
            )
        )
        self.register_outputs({"issuer": self.issuer})


def _made(
    name: str, cluster_name: str, resource_group: pulumi.Input[str], new: NewCluster, parent: pulumi.Resource
) -> containerservice.ManagedCluster:
    addon = containerservice.ManagedClusterAddonProfileArgs(
        enabled=new.addon,
        config={"enableSecretRotation": "true", "rotationPollInterval": new.rotation_poll_interval}
        if new.addon
        else None,
    )
    return containerservice.ManagedCluster(
        name,
        resource_name_=cluster_name,
        resource_group_name=resource_group,
        location=new.location,
        tags=new.tags,
        dns_prefix=cluster_name,
        kubernetes_version=new.kubernetes_version,
        enable_rbac=True,
        identity=containerservice.ManagedClusterIdentityArgs(
            type=containerservice.ResourceIdentityType.SYSTEM_ASSIGNED
        ),
        oidc_issuer_profile=containerservice.ManagedClusterOIDCIssuerProfileArgs(enabled=True),
        security_profile=containerservice.ManagedClusterSecurityProfileArgs(
            workload_identity=containerservice.ManagedClusterSecurityProfileWorkloadIdentityArgs(enabled=True)
        ),
        addon_profiles={ADDON: addon},
        auto_upgrade_profile=containerservice.ManagedClusterAutoUpgradeProfileArgs(
            upgrade_channel="stable", node_os_upgrade_channel="NodeImage"
        ),
        network_profile=containerservice.ContainerServiceNetworkProfileArgs(
            network_plugin="azure",
            network_plugin_mode="overlay",
            network_dataplane="cilium",
            network_policy="cilium",
        ),
        agent_pool_profiles=[
            containerservice.ManagedClusterAgentPoolProfileArgs(
                name="system",
                mode="System",
                count=new.nodes,
                vm_size=new.vm_size,
                os_type="Linux",
                availability_zones=list(new.zones),
                vnet_subnet_id=new.subnet_id,
            )
        ],
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _issuer(cluster: str, profile: containerservice.outputs.ManagedClusterOIDCIssuerProfileResponse | None) -> str:
    if profile is None or not profile.issuer_url:
        raise pulumi.RunError(
            f"The cluster {cluster!r} has no OIDC issuer, which workload identity needs: "
            f"`az aks update --name {cluster} --enable-oidc-issuer --enable-workload-identity`"
        )
    return profile.issuer_url


def _addon_identity(
    profiles: Mapping[str, containerservice.outputs.ManagedClusterAddonProfileResponse] | None,
) -> tuple[str, str]:
    profile = (profiles or {}).get(ADDON)
    # A preview of a new cluster has no identity yet.
    identity: Any = getattr(profile, "identity", None)
    return (identity.client_id or "", identity.object_id or "") if identity else ("", "")
