"""aad-pod-identity, which Microsoft has archived: for clusters that have not left it yet."""

from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from ...workload import Workload
from ..access import Principal
from .base import IdentitiesArgs, WorkloadIdentity
from .workload_identity import IdentityLocation, declare_identity

_API = "aadpodidentity.k8s.io/v1"
_USER_ASSIGNED = 0
BINDING_LABEL = "aadpodidbinding"

WARNING = (
    "identity.mode pod-identity uses aad-pod-identity, which is archived and gets no fixes. The way off it: enable the "
    "cluster's OIDC issuer and workload identity (az aks update --enable-oidc-issuer --enable-workload-identity), set "
    "kubernetes.oidcIssuer, and change the mode to workload-identity; the workloads' lines stay as they are"
)


class PodIdentities(IdentitiesArgs):
    """A user-assigned identity for each workload, handed to its pods by their label.

    The cluster's kubelet identity needs `Managed Identity Operator` on each of them, which is not given here.
    (AAD Pod Identity docs: "Concepts")
    """

    mode = "pod-identity"
    shared = False

    place: IdentityLocation
    """Where identities are made."""

    def model_post_init(self, context: Any, /) -> None:
        """Warn of what is archived."""
        del context
        pulumi.log.warn(WARNING)

    def identify(self, workload: Workload, parent: pulumi.Resource) -> WorkloadIdentity:
        """Make an identity, and the two objects that hand it to the workload's pods."""
        child = pulumi.ResourceOptions(parent=parent)
        identity = declare_identity(
            workload.path, f"{pulumi.get_stack()}_{workload.namespace}_{workload.name}", self.place, child
        )
        metadata = {"name": workload.name, "namespace": workload.namespace}
        described = CustomResource(  # pyright: ignore[reportUnknownMemberType] - the SDK leaves two parameters untyped
            f"{workload.path}/azure-identity",
            api_version=_API,
            kind="AzureIdentity",
            metadata=metadata,
            spec={"type": _USER_ASSIGNED, "resourceID": identity.id, "clientID": identity.client_id},
            opts=child,
        )
        bound = CustomResource(  # pyright: ignore[reportUnknownMemberType] - the same
            f"{workload.path}/azure-identity-binding",
            api_version=_API,
            kind="AzureIdentityBinding",
            metadata=metadata,
            spec={"azureIdentity": workload.name, "selector": workload.name},
            opts=child,
        )
        return WorkloadIdentity(
            principal=Principal(workload.path, identity.principal_id),
            parameters={"usePodIdentity": "true"},
            audience="",
            client_id=identity.client_id,
            pod_labels={BINDING_LABEL: workload.name},
            requires=[described, bound],
        )
