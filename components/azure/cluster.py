"""An AKS cluster: made with what Strongroom needs of it, or found."""

import base64
from collections.abc import Mapping
from typing import Annotated, Any

import pulumi
from pulumi_azure_native import containerservice

from ..args import Args, Input
from ..field_types import SECRET
from .cluster_args import ClusterName, NewCluster
from .errors import UnsuitableResourceError
from .types import ResourceGroup

ADDON = "azureKeyvaultSecretsProvider"


class AksClusterArgs(Args):
    """The arguments of an `AksCluster`."""

    cluster_name: ClusterName
    """The cluster's name."""

    resource_group: Input[ResourceGroup]
    """The resource group that it is in."""

    new: NewCluster | None = None
    """How to make it; if omitted, it exists, and is looked up."""


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

    def __init__(self, name: str, args: AksClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the cluster.

        :param name: The component's name in the stack.
        :param args: Its arguments.
        """
        super().__init__("strongroom:index:AksCluster", name, None, opts)
        known = pulumi.InvokeOutputOptions(parent=self)
        made = _create(name, args, args.new, self) if args.new else None
        found = made or containerservice.get_managed_cluster_output(
            resource_group_name=args.resource_group, resource_name=args.cluster_name, opts=known
        )
        self.issuer = found.oidc_issuer_profile.apply(lambda profile: _read_issuer(args.cluster_name, profile))
        identity = found.addon_profiles.apply(_read_addon_identity)
        self.addon_client_id = identity.apply(lambda ids: ids[0])
        self.addon_principal_id = identity.apply(lambda ids: ids[1])
        credentials = containerservice.list_managed_cluster_user_credentials_output(
            resource_group_name=args.resource_group,
            resource_name=made.name if made else args.cluster_name,
            opts=known,
        )
        self.kubeconfig = pulumi.Output.secret(
            credentials.kubeconfigs.apply(
                lambda entries: base64.b64decode(entries[0].value).decode() if entries else ""
            )
        )
        self.register_outputs({"issuer": self.issuer})


def _create(
    name: str, args: AksClusterArgs, new: NewCluster, parent: pulumi.Resource
) -> containerservice.ManagedCluster:
    addon = containerservice.ManagedClusterAddonProfileArgs(
        enabled=new.addon,
        config={"enableSecretRotation": "true", "rotationPollInterval": new.rotation_poll_interval}
        if new.addon
        else None,
    )
    return containerservice.ManagedCluster(
        name,
        resource_name_=args.cluster_name,
        resource_group_name=args.resource_group,
        location=new.location,
        tags=new.tags,
        dns_prefix=args.cluster_name,
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


def _read_issuer(cluster: str, profile: containerservice.outputs.ManagedClusterOIDCIssuerProfileResponse | None) -> str:
    if profile is None or not profile.issuer_url:
        raise UnsuitableResourceError(
            f"The cluster {cluster!r} has no OIDC issuer, which workload identity needs: "
            f"`az aks update --name {cluster} --enable-oidc-issuer --enable-workload-identity`"
        )
    return profile.issuer_url


def _read_addon_identity(
    profiles: Mapping[str, containerservice.outputs.ManagedClusterAddonProfileResponse] | None,
) -> tuple[str, str]:
    profile = (profiles or {}).get(ADDON)
    # A preview of a new cluster has no identity yet.
    identity: Any = getattr(profile, "identity", None)
    return (identity.client_id or "", identity.object_id or "") if identity else ("", "")
