"""Identities that exist already: the node's, the AKS add-on's, a service principal's."""

from collections.abc import Collection
from typing import Annotated, Literal

import pulumi
import pulumi_kubernetes as kubernetes

from ...field_types import SECRET
from ...workload import Workload
from ..access import Principal
from .base import WorkloadIdentity

CREDENTIALS_LABEL = {"secrets-store.csi.k8s.io/used": "true"}
"""What the driver looks for on a Secret that it may read. (Azure Key Vault provider docs: "Service Principal")"""


class NodeIdentity:
    """An identity of the cluster's nodes: every pod on a node can read what any workload declares."""

    shared = True

    def __init__(
        self,
        mode: Literal["addon", "node", "system-assigned"],
        principal_id: pulumi.Input[str],
        client_id: pulumi.Input[str] = "",
    ) -> None:
        """
        :param mode: Whose it is.
        :param principal_id: Its object id.
        :param client_id: Its client id; empty for the node's system-assigned one.
        """
        self.mode = mode
        self._principal = Principal(mode, principal_id)
        self._client_id = client_id

    def of(self, workload: Workload) -> WorkloadIdentity:
        """The node's identity. (Azure Key Vault provider docs: "User-assigned Managed Identity")"""
        del workload
        return WorkloadIdentity(
            principal=self._principal,
            # No clientID: it would make the provider look for a service account token.
            parameters={"useVMManagedIdentity": "true", "userAssignedIdentityID": self._client_id},
            audience="",
            client_id=self._client_id,
        )


class ServicePrincipal:
    """A service principal, whose client id and secret are in a Kubernetes Secret of each workload's namespace."""

    mode = "service-principal"
    shared = True

    def __init__(
        self,
        principal_id: pulumi.Input[str],
        secret_name: str,
        parent: pulumi.Resource,
        *,
        client_id: str = "",
        client_secret: Annotated[pulumi.Input[str] | None, SECRET] = None,
        namespaces: Collection[pulumi.Resource] = (),
    ) -> None:
        """
        :param principal_id: The service principal's object id.
        :param secret_name: The Secret's name.
        :param parent: What the Secrets belong to.
        :param client_id: The service principal's client id.
        :param client_secret: Its secret, for Strongroom to make the Secrets with; left out, they are there.
        :param namespaces: What must exist before the Secrets.
        """
        self._principal = Principal("service-principal", principal_id)
        self._secret_name = secret_name
        self._client_id = client_id
        self._client_secret = client_secret
        self._opts = pulumi.ResourceOptions(parent=parent, depends_on=list(namespaces))
        self._made: dict[str, kubernetes.core.v1.Secret] = {}

    def of(self, workload: Workload) -> WorkloadIdentity:
        """The service principal. (Azure Key Vault provider docs: "Service Principal")"""
        # akv2k8s reads by itself: nothing in the workload's namespace needs the password.
        mounting = workload.delivery.kind != "akv2k8s"
        made = self._credentials(workload.namespace) if mounting else None
        return WorkloadIdentity(
            principal=self._principal,
            parameters={},
            audience="",
            client_id=self._client_id,
            node_publish_secret=self._secret_name if mounting else None,
            requires=[made] if made else [],
        )

    def _credentials(self, namespace: str) -> kubernetes.core.v1.Secret | None:
        if self._client_secret is None:
            return None
        if namespace not in self._made:
            self._made[namespace] = kubernetes.core.v1.Secret(
                f"{namespace}/{self._secret_name}",
                metadata={"name": self._secret_name, "namespace": namespace, "labels": CREDENTIALS_LABEL},
                string_data={"clientid": self._client_id, "clientsecret": pulumi.Output.secret(self._client_secret)},
                opts=pulumi.ResourceOptions.merge(
                    self._opts, pulumi.ResourceOptions(additional_secret_outputs=["data", "stringData"])
                ),
            )
        return self._made[namespace]
