"""Workload identity: a user-assigned identity, and a federated credential that ties it to a service account."""

from dataclasses import dataclass

import pulumi
from pulumi_azure_native import managedidentity

from ...derived_names import derive_name
from ...workload import Workload
from ..access import Principal
from ..options import MOST_FEDERATED, too_many
from .base import CLIENT_ANNOTATION, TENANT_ANNOTATION, USE_LABEL, Federation, WorkloadIdentity

_LONGEST = 120


@dataclass(frozen=True)
class Place:
    """Where identities are made."""

    resource_group: pulumi.Input[str]
    location: str | None
    """The resource group's where it is left out."""

    tenant_id: str


class OwnIdentities:
    """A user-assigned identity for each workload, with one federated credential."""

    mode = "workload-identity"
    shared = False

    def __init__(self, place: Place, issuer: pulumi.Input[str], parent: pulumi.Resource) -> None:
        """
        :param place: Where they are made.
        :param issuer: The cluster's OIDC issuer.
        :param parent: What they belong to.
        """
        self._place = place
        self._issuer = issuer
        self._child = pulumi.ResourceOptions(parent=parent)

    def of(self, workload: Workload) -> WorkloadIdentity:
        """A new identity, tied to the workload's service account and to nothing else."""
        federation = Federation(self._issuer, workload.namespace, workload.name)
        identity = user_assigned(
            workload.path, identity_name(federation.namespace, federation.service_account), self._place, self._child
        )
        credential = federate(identity.name, self._place, federation, self._child)
        return tied(workload.path, identity, federation, self._place.tenant_id, credential)


class SharedIdentity:
    """One user-assigned identity for all workloads: each of them can read what any of them declares."""

    mode = "shared"
    shared = True

    def __init__(
        self,
        place: Place,
        issuer: pulumi.Input[str],
        parent: pulumi.Resource,
        *,
        name: str,
        existing: bool = False,
    ) -> None:
        """
        :param place: Where it is.
        :param issuer: The cluster's OIDC issuer.
        :param parent: What it belongs to.
        :param name: The identity's name.
        :param existing: Whether it is there already.
        """
        self._place = place
        self._issuer = issuer
        self._child = pulumi.ResourceOptions(parent=parent)
        self._last: pulumi.Resource | None = None
        self._count = 0
        self._identity = (
            managedidentity.get_user_assigned_identity_output(
                resource_group_name=place.resource_group,
                resource_name=name,
                opts=pulumi.InvokeOutputOptions(parent=parent),
            )
            if existing
            else user_assigned(name, name, place, self._child)
        )

    def of(self, workload: Workload) -> WorkloadIdentity:
        """The shared identity, tied to the workload's service account too.

        Its credentials are written one after another: Azure refuses to write two at once.

        :raises ValueError: There are 20 already.
        """
        self._count += 1
        if self._count > MOST_FEDERATED:
            raise ValueError(f"{workload.path}: {too_many(self._count)}")
        federation = Federation(self._issuer, workload.namespace, workload.name)
        options = pulumi.ResourceOptions.merge(
            self._child, pulumi.ResourceOptions(depends_on=[self._last] if self._last else [])
        )
        self._last = federate(self._identity.name, self._place, federation, options)
        return tied("shared", self._identity, federation, self._place.tenant_id, self._last)


Identity = managedidentity.UserAssignedIdentity | pulumi.Output[managedidentity.GetUserAssignedIdentityResult]


def user_assigned(
    name: str, resource_name: str, place: Place, opts: pulumi.ResourceOptions
) -> managedidentity.UserAssignedIdentity:
    """A new user-assigned identity."""
    return managedidentity.UserAssignedIdentity(
        name,
        resource_name_=resource_name,
        resource_group_name=place.resource_group,
        location=place.location,
        opts=opts,
    )


def federate(
    identity: pulumi.Input[str], place: Place, federation: Federation, opts: pulumi.ResourceOptions
) -> managedidentity.FederatedIdentityCredential:
    """Tie the identity named `identity` to a service account."""
    namespace, account = federation.namespace, federation.service_account
    return managedidentity.FederatedIdentityCredential(
        f"{namespace}/{account}",
        federated_identity_credential_resource_name=credential_name(federation),
        resource_name_=identity,
        resource_group_name=place.resource_group,
        issuer=federation.issuer,
        subject=federation.subject,
        audiences=[federation.audience],
        opts=opts,
    )


def tied(
    key: str, identity: Identity, federation: Federation, tenant_id: str, credential: pulumi.Resource
) -> WorkloadIdentity:
    """What a workload is that `federation` ties to `identity`."""
    return WorkloadIdentity(
        principal=Principal(key, identity.principal_id),
        parameters={"clientID": identity.client_id},
        audience=federation.audience,
        client_id=identity.client_id,
        federation=federation,
        service_account_annotations={CLIENT_ANNOTATION: identity.client_id, TENANT_ANNOTATION: tenant_id},
        pod_labels={USE_LABEL: "true"},
        requires=[credential],
    )


def identity_name(namespace: str, account: str) -> str:
    """Build the name of an identity that is one service account's alone; the stack keeps environments apart."""
    return derive_name(pulumi.get_stack(), namespace, account, separator="_", limit=_LONGEST)


def credential_name(federation: Federation) -> str:
    """Build the name of the federated credential of a service account."""
    return derive_name(federation.namespace, federation.service_account, separator="_", limit=_LONGEST)
