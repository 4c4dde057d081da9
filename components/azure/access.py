"""Who may read which object: role assignments at the object, or access policies."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

import pulumi
from pulumi_azure_native import authorization, keyvault

from .objects import ObjectKind, VaultObject


@dataclass(frozen=True)
class Role:
    """A built-in role (Microsoft Learn: "Azure built-in roles for Security")."""

    name: str
    id: str


SECRETS_USER = Role("Key Vault Secrets User", "4633458b-17de-408a-b874-0445c86b69e6")
CERTIFICATE_USER = Role("Key Vault Certificate User", "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba")
CERTIFICATES_OFFICER = Role("Key Vault Certificates Officer", "a4417e6f-fecd-4de8-b567-7b0420556985")
CRYPTO_SERVICE_ENCRYPTION_USER = Role(
    "Key Vault Crypto Service Encryption User", "e147488a-f6f5-4113-8e2d-b22465e65bf6"
)

READERS: Mapping[ObjectKind, Role] = {
    "secrets": SECRETS_USER,
    "keys": CERTIFICATE_USER,
    "certificates": CERTIFICATE_USER,
}
"""The role that reads an object of each kind. (Microsoft Learn: "Use the Azure Key Vault provider for Secrets Store CSI
Driver in an AKS cluster")"""

_NAMESPACE = uuid.UUID("6f0b9d2c-3b0e-5d5e-9a0d-0c4a6a5d7c11")


@dataclass(frozen=True)
class Principal:
    """Who is given access."""

    key: str
    """Its name in the stack: what makes role assignments' names differ."""

    object_id: pulumi.Input[str]
    """Its object id in Microsoft Entra ID."""

    type: Literal["ServicePrincipal", "User", "Group"] | None = "ServicePrincipal"
    """What it is: without it, a principal that was just made is not found. `None` where that isn't known."""


def declare_role_assignment(
    vault: str,
    vault_id: pulumi.Input[str],
    principal: Principal,
    role: Role,
    target: VaultObject | None,
    *,
    opts: pulumi.ResourceOptions,
) -> authorization.RoleAssignment:
    """Give `principal` a role at one object of a vault, or at all of it where there is no `target`.

    Its name is derived from the stack and what it joins, so that it stays the same; each stack has its own.
    """
    place = f"{target.kind}/{target.name}" if target else ""
    stack = f"{pulumi.get_project()}/{pulumi.get_stack()}"
    name = uuid.uuid5(_NAMESPACE, f"{stack}/{vault}/{place}/{principal.key}/{role.id}".lower())
    suffix = f"/{place}" if place else ""
    scope = pulumi.Output.from_input(vault_id).apply(lambda id_: f"{id_}{suffix}")
    definition = pulumi.Output.from_input(vault_id).apply(
        lambda id_: f"{'/'.join(id_.split('/')[:3])}/providers/Microsoft.Authorization/roleDefinitions/{role.id}"
    )
    return authorization.RoleAssignment(
        f"{principal.key}/{place or 'vault'}/{role.name}",
        role_assignment_name=str(name),
        scope=scope,
        principal_id=principal.object_id,
        principal_type=principal.type,
        role_definition_id=definition,
        description=f"{role.name} for {principal.key}, by Strongroom",
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(delete_before_replace=True)),
    )


def declare_access_policy(
    vault_id: pulumi.Input[str],
    resource_group: pulumi.Input[str],
    tenant: str,
    principal: Principal,
    kinds: Collection[ObjectKind],
    *,
    listed: Collection[ObjectKind],
    opts: pulumi.ResourceOptions,
) -> keyvault.AccessPolicy:
    """Let `principal` get every object of `kinds`: a policy can't be narrower.

    :param listed: Allow `list` of these kinds too, which histories of versions need.
    """
    permissions = {kind: ["get", "list"] if kind in listed else ["get"] for kind in sorted(kinds)}
    return keyvault.AccessPolicy(
        principal.key,
        vault_name=pulumi.Output.from_input(vault_id).apply(lambda id_: id_.rpartition("/")[2]),
        resource_group_name=resource_group,
        policy=keyvault.AccessPolicyEntryArgs(
            tenant_id=tenant, object_id=principal.object_id, permissions=keyvault.PermissionsArgs(**permissions)
        ),
        opts=opts,
    )
