"""Identities that exist already: the node's, the AKS add-on's, a service principal's."""

from collections.abc import Sequence
from typing import Annotated, Literal

import pulumi
import pulumi_kubernetes as kubernetes
from pydantic import PrivateAttr

from ...args import Input
from ...field_types import SECRET, DnsLabel
from ...workload import Workload
from ..access import Principal
from ..types import Guid, OptionalGuid
from .base import IdentitiesArgs, WorkloadIdentity

CREDENTIALS_LABEL = {"secrets-store.csi.k8s.io/used": "true"}
"""What the driver looks for on a Secret that it may read. (Azure Key Vault provider docs: "Service Principal")"""


class NodeIdentity(IdentitiesArgs):
    """An identity of the cluster's nodes: every pod on a node can read what any workload declares."""

    shared = True

    mode: Literal["addon", "node", "system-assigned"]
    """Whose it is."""

    principal_id: Input[Guid]
    """Its object id."""

    client_id: Input[OptionalGuid] = ""
    """Its client id; empty for the node's system-assigned one."""

    def identify(self, workload: Workload, parent: pulumi.Resource) -> WorkloadIdentity:
        """Return the node's identity (Azure Key Vault provider docs: "User-assigned Managed Identity")."""
        del workload, parent
        return WorkloadIdentity(
            principal=Principal(self.mode, self.principal_id),
            # No clientID: it would make the provider look for a service account token.
            parameters={"useVMManagedIdentity": "true", "userAssignedIdentityID": self.client_id},
            audience="",
            client_id=self.client_id,
        )


class ServicePrincipal(IdentitiesArgs):
    """A service principal, whose client id and secret are in a Kubernetes Secret of each workload's namespace."""

    mode = "service-principal"
    shared = True

    principal_id: Input[Guid]
    """The service principal's object id."""

    secret_name: DnsLabel
    """The Secret's name."""

    client_id: OptionalGuid = ""
    """The service principal's client id."""

    client_secret: Annotated[Input[str] | None, SECRET] = None
    """Its secret, to make the Secrets of; if omitted, they must exist."""

    namespaces: Sequence[pulumi.Resource] = ()
    """What must exist before the Secrets."""

    _made: dict[str, kubernetes.core.v1.Secret] = PrivateAttr(default_factory=dict[str, kubernetes.core.v1.Secret])

    def identify(self, workload: Workload, parent: pulumi.Resource) -> WorkloadIdentity:
        """Return the service principal (Azure Key Vault provider docs: "Service Principal")."""
        # akv2k8s reads by itself: nothing in the workload's namespace needs the password.
        mounting = workload.delivery.kind != "akv2k8s"
        made = self._declare_credentials(workload.namespace, parent) if mounting else None
        return WorkloadIdentity(
            principal=Principal(self.mode, self.principal_id),
            parameters={},
            audience="",
            client_id=self.client_id,
            node_publish_secret=self.secret_name if mounting else None,
            requires=[made] if made else [],
        )

    def _declare_credentials(self, namespace: str, parent: pulumi.Resource) -> kubernetes.core.v1.Secret | None:
        if self.client_secret is None:
            return None
        if namespace not in self._made:
            self._made[namespace] = kubernetes.core.v1.Secret(
                f"{namespace}/{self.secret_name}",
                metadata={"name": self.secret_name, "namespace": namespace, "labels": CREDENTIALS_LABEL},
                string_data={"clientid": self.client_id, "clientsecret": pulumi.Output.secret(self.client_secret)},
                opts=pulumi.ResourceOptions(
                    parent=parent,
                    depends_on=list(self.namespaces),
                    additional_secret_outputs=["data", "stringData"],
                ),
            )
        return self._made[namespace]
