"""Azure Key Vault as a backend."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from ..args import Args, Input
from ..backend import Grant
from ..certificates import NO_CERTIFICATES
from ..databases import NO_DATABASES
from ..durations import Seconds
from ..errors import InvalidArgumentsError
from ..field_types import Text
from ..paths import NO_PATHS
from ..workload import Secret, Workload
from .access import READERS, declare_access_policy, declare_role_assignment
from .access_gate import AccessReady
from .clouds import PUBLIC, Cloud
from .identities.base import Identities, WorkloadIdentity
from .key_vault import KeyVault, read_version
from .objects import (
    ObjectKind,
    VaultObject,
    check_certificate,
    check_readable,
    find_vault_object,
    format_objects,
    name_vault_object,
)
from .options import AUDIENCES, RoleScope
from .types import Guid


class ReadinessGate(Args):
    """How a pod waits until its access has taken effect, with what asks the cluster for a token."""

    kubeconfig: Input[str] | None = None
    """The cluster's kubeconfig: a file, or its text; the user's own, if omitted."""

    context: Text | None = None
    """Its context."""

    timeout: Seconds = 300
    """How long to wait, in seconds."""


class AzureKeyVaultBackendArgs(Args):
    """The arguments of an `AzureKeyVaultBackend`."""

    vault: KeyVault
    """The vault that holds the objects."""

    identities: Identities
    """Who workloads are to Azure."""

    tenant_id: Guid
    """The Microsoft Entra tenant."""

    cloud: Cloud = PUBLIC
    """The cloud."""

    role_scope: RoleScope = "object"
    """How far a role reaches: the object, or the whole vault, which warns."""

    gate: ReadinessGate | None = None
    """Wait before pods until their access has taken effect; if omitted, they don't."""

    workloads: Sequence[Workload] = ()
    """Every workload of the stack, where they share an identity and access policies decide: one policy then speaks for
    all of them."""


class AzureKeyVaultBackend(pulumi.ComponentResource):
    """An Azure Key Vault that gives each workload an identity, and that identity the objects that it declares.

    With role-based access each object is granted by itself, by the one role that its kind needs. Access policies can't
    be narrower than a kind of object, and so warn.
    """

    description: pulumi.Output[Mapping[str, Any]]
    """What the command `strongroom` reads from the state: where the store is, and what workloads are to it."""

    def __init__(self, name: str, args: AzureKeyVaultBackendArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Keep the vault and the identity mode; each workload's grant is declared as it is asked for.

        :param name: The component's name in the stack.
        :param args: Its arguments.
        """
        super().__init__("strongroom:index:AzureKeyVaultBackend", name, None, opts)
        self._args = args
        self._vault = args.vault
        self._identities = args.identities
        # States written before it was the backend's child have it beside the backend.
        former = pulumi.Alias(parent=(opts and opts.parent) or pulumi.ROOT_STACK_RESOURCE)
        below = pulumi.ResourceOptions(parent=self, aliases=[former])
        self._identities_parent = pulumi.ComponentResource("strongroom:index:AzureIdentities", name, None, below)
        self._identities_parent.register_outputs({})
        self._granted: dict[tuple[str, str], pulumi.Resource] = {}
        self._meant: dict[tuple[str, str], tuple[str, str | None]] = {}
        self._warn()
        self.description = pulumi.Output.from_input(self.describe())
        self.register_outputs({"description": self.description})

    def describe(self) -> dict[str, Any]:
        """Describe where the store is and what workloads are to it, for the command `strongroom`."""
        mode = self._identities.mode
        return {
            "kind": "azure-key-vault",
            "tenantId": self._args.tenant_id,
            "authority": self._args.cloud.authority,
            "vault": self._vault.name,
            "url": self._vault.url,
            "access": self._vault.access,
            "identityMode": mode,
            "audience": {str(each): audience for each, audience in AUDIENCES.items()}.get(mode, ""),
        }

    def grant(self, workload: Workload) -> Grant:
        """Make the identity of `workload` and what lets it read its objects.

        :raises InvalidArgumentsError: A secret that Key Vault can't serve, one that would be another's object, or an
            identity that can't serve one more workload.
        """
        if workload.paths:
            raise InvalidArgumentsError(f"{workload.path}: paths: {NO_PATHS}")
        if workload.databases:
            raise InvalidArgumentsError(f"{workload.path}: databases: {NO_DATABASES}")
        if workload.certificates:
            raise InvalidArgumentsError(f"{workload.path}: certificates: {NO_CERTIFICATES}")
        for secret in workload.secrets:
            kept = (check_certificate(secret, *each) for each in self._vault.certificates.items())
            if issue := check_readable(secret) or next(filter(None, kept), None):
                raise InvalidArgumentsError(f"{workload.path}: secret {secret.name!r} {issue}")
            self._check_name_is_free(workload, secret)
        identity = self._identities.identify(workload, self._identities_parent)
        objects = sorted({find_vault_object(secret) for secret in workload.secrets})
        granted = self._allow(workload, identity, objects)
        kept = {item: self._vault.objects[item] for item in objects if item in self._vault.objects}
        required = [*identity.requires, *granted, *dict.fromkeys(kept.values())]
        restarting = {find_vault_object(secret) for secret in workload.restarting}
        return Grant(
            provider="azure",
            parameters=self._build_place()
            | dict(identity.parameters)
            | {"tenantID": self._args.tenant_id, "objects": format_objects(workload.secrets)},
            audience=identity.audience,
            identity={
                "mode": self._identities.mode,
                "clientId": identity.client_id,
                **({"secret": identity.node_publish_secret} if identity.node_publish_secret else {}),
            },
            service_account_annotations=identity.service_account_annotations,
            pod_labels=identity.pod_labels,
            pod_annotations=identity.pod_annotations,
            node_publish_secret=identity.node_publish_secret,
            versions={
                f"{item.kind}/{item.name}": read_version(written)
                for item, written in kept.items()
                if item in restarting
            },
            requires=[*required, *self._declare_gate(workload, identity, objects, required)],
        )

    def _check_name_is_free(self, workload: Workload, secret: Secret) -> None:
        meant = (secret.object, secret.key)
        name = name_vault_object(*meant)
        other = self._meant.setdefault((secret.type, name.lower()), meant)
        if other != meant:
            raise InvalidArgumentsError(
                f"{workload.path}: secret {secret.name!r} is the object {name!r}, and so is {other[0]!r}"
                f"{f' with key {other[1]!r}' if other[1] else ''}, which another secret declares: rename one"
            )

    def _build_place(self) -> dict[str, pulumi.Input[str]]:
        place: dict[str, pulumi.Input[str]] = {"keyvaultName": self._vault.name}
        if self._args.cloud != PUBLIC:
            place["cloudName"] = self._args.cloud.name
        if self._args.cloud.environment_file:
            place["cloudEnvFileName"] = self._args.cloud.environment_file
        return place

    def _allow(
        self, workload: Workload, identity: WorkloadIdentity, objects: Sequence[VaultObject]
    ) -> list[pulumi.Resource]:
        if workload.revoked:
            return []
        child = pulumi.ResourceOptions(parent=self)
        principal = identity.principal
        if self._vault.access == "policies":
            if (principal.key, "") not in self._granted:
                sharing = [each for each in self._args.workloads if not each.revoked]
                speaking = sharing if self._identities.shared else [workload]
                self._granted[principal.key, ""] = declare_access_policy(
                    self._vault.vault_id,
                    self._vault.resource_group,
                    self._args.tenant_id,
                    principal,
                    _list_kinds(speaking),
                    listed=_list_kinds(speaking, with_history=True),
                    opts=child,
                )
            return [self._granted[principal.key, ""]]
        made: list[pulumi.Resource] = []
        for item in objects:
            role, target = READERS[item.kind], item if self._args.role_scope == "object" else None
            place = f"{item.kind}/{item.name}" if target else role.id
            # Workloads that share an identity share its assignments: Azure refuses a second one alike.
            if (principal.key, place) not in self._granted:
                self._granted[principal.key, place] = declare_role_assignment(
                    self._vault.name, self._vault.vault_id, principal, role, target, opts=child
                )
            made.append(self._granted[principal.key, place])
        return list(dict.fromkeys(made))

    def _declare_gate(
        self,
        workload: Workload,
        identity: WorkloadIdentity,
        objects: Sequence[VaultObject],
        granted: Sequence[pulumi.Resource],
    ) -> list[pulumi.Resource]:
        gate = self._args.gate
        if gate is None or identity.federation is None:
            return []
        return [
            AccessReady(
                workload.path,
                federation=identity.federation,
                client_id=identity.client_id,
                tenant_id=self._args.tenant_id,
                cloud=self._args.cloud,
                vault_url=self._vault.url,
                objects=objects,
                by_value=self._vault.access == "policies",
                kubeconfig=gate.kubeconfig,
                context=gate.context,
                timeout=gate.timeout,
                granted=granted,
                opts=pulumi.ResourceOptions(parent=self),
            )
        ]

    def _warn(self) -> None:
        if self._identities.shared:
            pulumi.log.warn(
                f"identity.mode {self._identities.mode!r} makes all workloads one principal: each can read what any of "
                "them declares. workload-identity gives each its own",
                self,
            )
        if self._vault.access == "policies":
            pulumi.log.warn(
                "Access policies can't be narrower than a kind of object: a workload that declares one secret can read "
                "every secret of the vault. access: rbac grants each object by itself",
                self,
            )
        elif self._args.role_scope == "vault":
            pulumi.log.warn(
                "roleScope 'vault' gives roles at the whole vault: Key Vault Secrets User reads every secret in it, "
                "and so does Key Vault Certificate User, which keys and certificates need. roleScope 'object' doesn't",
                self,
            )


def _list_kinds(workloads: Sequence[Workload], *, with_history: bool = False) -> set[ObjectKind]:
    """List the kinds of what workloads read.

    :param with_history: Only of what they read older versions of.
    """
    read = [secret for workload in workloads for secret in workload.secrets]
    return {find_vault_object(secret).kind for secret in read if secret.version_history > 1 or not with_history}
