"""Identity bindings, an AKS preview: an identity that a cluster may use, and RBAC that says for whom."""

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_azure_native import containerservice

from ...args import Input
from ...derived_names import derive_name
from ...workload import Workload
from ..cluster_args import ClusterName
from ..options import BINDING_AUDIENCE
from ..types import ResourceGroup
from .base import Federation, IdentitiesArgs, WorkloadIdentity
from .workload_identity import IdentityLocation, declare_identity, describe_federated, name_identity

_GROUP = "cid.wi.aks.azure.com"
_VERB = "use-managed-identity"


class IdentityBindings(IdentitiesArgs):
    """A user-assigned identity for each workload, bound to the cluster rather than to an issuer.

    AKS makes the one federated credential; a ClusterRole names the service account that may use the identity.
    (Microsoft Learn: "Set up identity bindings on Azure Kubernetes Service (AKS) (preview)")
    """

    mode = "identity-binding"
    shared = False

    place: IdentityLocation
    """Where identities are made."""

    cluster: ClusterName
    """The AKS cluster's name."""

    cluster_group: Input[ResourceGroup]
    """Its resource group."""

    def identify(self, workload: Workload, parent: pulumi.Resource) -> WorkloadIdentity:
        """Make an identity that the workload's service account may use in this cluster."""
        child = pulumi.ResourceOptions(parent=parent)
        identity = declare_identity(workload.path, name_identity(workload.namespace, workload.name), self.place, child)
        binding = containerservice.IdentityBinding(
            workload.path,
            identity_binding_name=name_binding(workload.namespace, workload.name),
            resource_group_name=self.cluster_group,
            resource_name_=self.cluster,
            properties=containerservice.IdentityBindingPropertiesArgs(
                managed_identity=containerservice.IdentityBindingManagedIdentityProfileArgs(resource_id=identity.id)
            ),
            opts=child,
        )
        role = kubernetes.rbac.v1.ClusterRole(
            f"{workload.path}/identity",
            metadata={"name": f"strongroom:identity:{workload.namespace}:{workload.name}"},
            rules=[{"api_groups": [_GROUP], "resources": [identity.client_id], "verbs": [_VERB]}],
            opts=child,
        )
        allowed = kubernetes.rbac.v1.ClusterRoleBinding(
            f"{workload.path}/identity",
            metadata={"name": f"strongroom:identity:{workload.namespace}:{workload.name}"},
            role_ref={
                "api_group": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": role.metadata.name,
            },
            subjects=[
                {"kind": "ServiceAccount", "name": workload.service_account_name, "namespace": workload.namespace}
            ],
            opts=child,
        )
        federation = Federation("", workload.namespace, workload.service_account_name, BINDING_AUDIENCE)
        known = describe_federated(workload.path, identity, federation, self.place.tenant_id, binding)
        return WorkloadIdentity(
            principal=known.principal,
            parameters={**known.parameters, "useAzureTokenProxy": "true"},
            audience=BINDING_AUDIENCE,
            client_id=known.client_id,
            service_account_annotations=known.service_account_annotations,
            pod_labels=known.pod_labels,
            pod_annotations={"azure.workload.identity/use-identity-binding": "true"},
            requires=[binding, allowed],
        )


def name_binding(namespace: str, account: str) -> str:
    """Build the name of a service account's binding, of which a cluster has one list."""
    return derive_name(namespace, account, separator="-", limit=63)
