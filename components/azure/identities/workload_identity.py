"""Workload identity: a user-assigned identity, and a federated credential that federates it to a service account."""

import pulumi
from pulumi_azure_native import managedidentity
from pydantic import PrivateAttr

from ...args import Args, Input
from ...derived_names import derive_name
from ...errors import InvalidArgumentsError
from ...field_types import Switch
from ...urls import Issuer
from ...workload import Workload
from ..access import Principal
from ..options import MOST_FEDERATED, describe_excess
from ..types import Guid, IdentityName, Region, ResourceGroup
from .base import CLIENT_ANNOTATION, TENANT_ANNOTATION, USE_LABEL, Federation, IdentitiesArgs, WorkloadIdentity

_LONGEST = 120


class IdentityLocation(Args):
    """Where identities are made."""

    resource_group: Input[ResourceGroup]
    """The resource group that they are in."""

    location: Region | None = None
    """Their region; the resource group's, if omitted."""

    tenant_id: Guid
    """Their Microsoft Entra tenant."""


class PerWorkloadIdentities(IdentitiesArgs):
    """A user-assigned identity for each workload, with one federated credential."""

    mode = "workload-identity"
    shared = False

    place: IdentityLocation
    """Where they are made."""

    issuer: Input[Issuer]
    """The cluster's OIDC issuer."""

    def identify(self, workload: Workload, parent: pulumi.Resource) -> WorkloadIdentity:
        """Make an identity, federated with the workload's service account and to nothing else."""
        child = pulumi.ResourceOptions(parent=parent)
        federation = Federation(self.issuer, workload.namespace, workload.service_account_name)
        identity = declare_identity(workload.path, name_identity(workload.namespace, workload.name), self.place, child)
        credential = None if workload.revoked else federate(workload.path, identity.name, self.place, federation, child)
        return describe_federated(workload.path, identity, federation, self.place.tenant_id, credential)


class SharedIdentity(IdentitiesArgs):
    """One user-assigned identity for all workloads: each of them can read what any of them declares."""

    mode = "shared"
    shared = True

    place: IdentityLocation
    """Where it is."""

    issuer: Input[Issuer]
    """The cluster's OIDC issuer."""

    name: IdentityName
    """The identity's name."""

    existing: Switch = False
    """Whether it is there already."""

    _credentials: dict[str, pulumi.Resource] = PrivateAttr(default_factory=dict[str, pulumi.Resource])
    """By subject, of which Azure takes one each."""

    _identity: "Identity | None" = PrivateAttr(None)

    def identify(self, workload: Workload, parent: pulumi.Resource) -> WorkloadIdentity:
        """Return the shared identity, federated with the workload's service account too.

        Its credentials are written one after another: Azure refuses to write two at once.

        :raises InvalidArgumentsError: There are 20 already.
        """
        identity = self._identity = self._declare(parent) if self._identity is None else self._identity
        federation = Federation(self.issuer, workload.namespace, workload.service_account_name)
        if federation.subject not in self._credentials and not workload.revoked:
            count = len(self._credentials) + 1
            if count > MOST_FEDERATED:
                raise InvalidArgumentsError(f"{workload.path}: {describe_excess(count)}")
            options = pulumi.ResourceOptions(parent=parent, depends_on=[*self._credentials.values()][-1:])
            name = f"{federation.namespace}/{federation.service_account}"
            self._credentials[federation.subject] = federate(name, identity.name, self.place, federation, options)
        credential = self._credentials.get(federation.subject)
        return describe_federated("shared", identity, federation, self.place.tenant_id, credential)

    def _declare(self, parent: pulumi.Resource) -> "Identity":
        if not self.existing:
            return declare_identity(self.name, self.name, self.place, pulumi.ResourceOptions(parent=parent))
        return managedidentity.get_user_assigned_identity_output(
            resource_group_name=self.place.resource_group,
            resource_name=self.name,
            opts=pulumi.InvokeOutputOptions(parent=parent),
        )


Identity = managedidentity.UserAssignedIdentity | pulumi.Output[managedidentity.GetUserAssignedIdentityResult]


def declare_identity(
    name: str, resource_name: str, place: IdentityLocation, opts: pulumi.ResourceOptions
) -> managedidentity.UserAssignedIdentity:
    """Make a user-assigned identity."""
    return managedidentity.UserAssignedIdentity(
        name,
        resource_name_=resource_name,
        resource_group_name=place.resource_group,
        location=place.location,
        opts=opts,
    )


def federate(
    name: str,
    identity: pulumi.Input[str],
    place: IdentityLocation,
    federation: Federation,
    opts: pulumi.ResourceOptions,
) -> managedidentity.FederatedIdentityCredential:
    """Tie the identity named `identity` to a service account."""
    return managedidentity.FederatedIdentityCredential(
        name,
        federated_identity_credential_resource_name=name_credential(federation),
        resource_name_=identity,
        resource_group_name=place.resource_group,
        issuer=federation.issuer,
        subject=federation.subject,
        audiences=[federation.audience],
        opts=opts,
    )


def describe_federated(
    key: str, identity: Identity, federation: Federation, tenant_id: str, credential: pulumi.Resource | None
) -> WorkloadIdentity:
    """Describe a workload that `federation` federates to `identity`.

    :param credential: What federates it; none of a revoked workload.
    """
    return WorkloadIdentity(
        principal=Principal(key, identity.principal_id),
        parameters={"clientID": identity.client_id},
        audience=federation.audience,
        client_id=identity.client_id,
        federation=federation if credential else None,
        service_account_annotations={CLIENT_ANNOTATION: identity.client_id, TENANT_ANNOTATION: tenant_id},
        pod_labels={USE_LABEL: "true"},
        requires=[*filter(None, [credential])],
    )


def name_identity(namespace: str, workload: str) -> str:
    """Build the name of an identity that is one workload's alone; the stack keeps environments apart."""
    return derive_name(pulumi.get_stack(), namespace, workload, separator="_", limit=_LONGEST)


def name_credential(federation: Federation) -> str:
    """Build the name of the federated credential of a service account."""
    return derive_name(federation.namespace, federation.service_account, separator="_", limit=_LONGEST)
