"""From settings to components: Azure Key Vault."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_azure_native as azure_native
from pulumi_azure_native import resources
from pydantic import BaseModel

from strongroom.components.azure.backend import AzureKeyVaultBackend, AzureKeyVaultBackendArgs, ReadinessGate
from strongroom.components.azure.clouds import Cloud
from strongroom.components.azure.cluster import AksCluster, AksClusterArgs
from strongroom.components.azure.cluster_args import ClusterShape, NewCluster
from strongroom.components.azure.identities.base import Identities
from strongroom.components.azure.identities.existing import NodeIdentity, ServicePrincipal
from strongroom.components.azure.identities.identity_binding import IdentityBindings
from strongroom.components.azure.identities.pod_identity import PodIdentities
from strongroom.components.azure.identities.workload_identity import (
    IdentityLocation,
    PerWorkloadIdentities,
    SharedIdentity,
)
from strongroom.components.azure.key_vault import Contents, KeyVault, KeyVaultArgs, VaultSecret
from strongroom.components.azure.objects import name_vault_object
from strongroom.components.azure.types import split_vault_id
from strongroom.components.azure.vault_args import ExistingVault, NewVault, SecretAttributes, VaultShape

from ..errors import InvalidSettingsError
from ..settings.azure import AzureKeyVaultSettings, KeyVaultSettings
from ..settings.root import Settings
from ..settings.seeds import list_seeds, to_seed
from .common import Provisioned, declare_cluster_provider, declare_namespaces
from .preflight_vault_name import find_taken_name


def provision_azure(settings: Settings, azure: AzureKeyVaultSettings) -> Provisioned:
    """Declare the Key Vault backend that `settings` describe.

    :raises InvalidSettingsError: The vault's name is taken.
    """
    cloud = azure.services
    if issues := find_taken_name(azure, cloud):
        raise InvalidSettingsError(pulumi.get_stack(), issues)
    provider = azure_native.Provider(
        "azure",
        tenant_id=azure.tenant_id,
        subscription_id=azure.subscription_id,
        environment=None if azure.azure_stack else cloud.environment,
        location=azure.location,
    )
    in_azure = pulumi.ResourceOptions(providers=[provider])
    group = _declare_group(azure, in_azure)
    aks = _declare_cluster(settings, azure, group, in_azure)
    kubeconfig = settings.kubernetes.kubeconfig or (aks.kubeconfig if aks else None)
    cluster = declare_cluster_provider(settings, kubeconfig)
    made = declare_namespaces(settings, pulumi.ResourceOptions(providers=[cluster]))
    everywhere = pulumi.ResourceOptions(providers=[provider, cluster])
    vault = _declare_vault(settings, azure, cloud, group, everywhere)
    place = IdentityLocation(resource_group=group, location=azure.location, tenant_id=azure.tenant_id)
    identities = _build_identities(settings, azure, aks, place, [each for some in made.values() for each in some])
    gate = (
        ReadinessGate(kubeconfig=kubeconfig, context=settings.kubernetes.context, timeout=azure.readiness_timeout)
        if azure.readiness_timeout
        else None
    )
    args = AzureKeyVaultBackendArgs(
        vault=vault,
        identities=identities,
        tenant_id=azure.tenant_id,
        cloud=cloud,
        role_scope=azure.role_scope,
        gate=gate,
        workloads=settings.workloads,
    )
    backend = AzureKeyVaultBackend("azure", args, everywhere)
    return Provisioned(
        backend=backend,
        description=backend.describe(),
        cluster=cluster,
        namespaces=made,
    )


def _declare_group(azure: AzureKeyVaultSettings, opts: pulumi.ResourceOptions) -> pulumi.Input[str]:
    if not azure.create_resource_group:
        return azure.resource_group
    return resources.ResourceGroup(
        azure.resource_group, resource_group_name=azure.resource_group, location=azure.location, opts=opts
    ).name


def _declare_cluster(
    settings: Settings, azure: AzureKeyVaultSettings, group: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> AksCluster | None:
    aks = settings.kubernetes.aks
    if aks is None:
        return None
    new = NewCluster(
        **(_select_fields(aks, ClusterShape) | dict[str, Any](location=aks.location or azure.location)),
        addon=settings.kubernetes.install == "addon",
        rotation_poll_interval=settings.kubernetes.rotation_poll_interval,
    )
    args = AksClusterArgs(
        cluster_name=aks.name, resource_group=aks.resource_group or group, new=new if aks.create else None
    )
    return AksCluster("cluster", args, opts)


def _declare_vault(
    settings: Settings,
    azure: AzureKeyVaultSettings,
    cloud: Cloud,
    group: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> KeyVault:
    name = azure.vault.name or ""
    if azure.vault.id:
        name, group = split_vault_id(azure.vault.id)
    args = KeyVaultArgs(
        vault_name=name,
        resource_group=group,
        tenant_id=azure.tenant_id,
        cloud=cloud,
        access=azure.vault.access,
        vault=_build_new(azure.vault, azure.location) if azure.vault.create else ExistingVault(),
        contents=Contents(
            secrets=_list_secrets(settings, azure.secrets), keys=azure.keys, certificates=azure.certificates
        ),
    )
    return KeyVault("vault", args, opts)


def _select_fields(model: BaseModel, shape: type[BaseModel]) -> dict[str, Any]:
    """Return those fields of a model that it has from `shape`."""
    return {name: getattr(model, name) for name in shape.model_fields}


def _build_new(vault: KeyVaultSettings, location: str | None) -> NewVault:
    return NewVault(**_select_fields(vault, VaultShape), location=location)


def _list_secrets(settings: Settings, attributes: Mapping[str, SecretAttributes]) -> dict[str, VaultSecret]:
    none = SecretAttributes()
    return {
        (own := name_vault_object(name, key)): VaultSecret(
            value=to_seed(value), **_select_fields(attributes.get(own, none), SecretAttributes)
        )
        for name, key, value in list_seeds(settings.seeds)
    }


def _build_identities(
    settings: Settings,
    azure: AzureKeyVaultSettings,
    aks: AksCluster | None,
    place: IdentityLocation,
    namespaces: Sequence[pulumi.Resource],
) -> Identities:
    identity, cluster = azure.identity, settings.kubernetes.aks
    issuer = settings.kubernetes.oidc_issuer or (aks.issuer if aks else "")
    client, principal = identity.client_id or "", identity.principal_id or ""
    match identity.mode:
        case "workload-identity":
            return PerWorkloadIdentities(place=place, issuer=issuer)
        case "shared":
            name = identity.name or f"strongroom-{pulumi.get_stack()}"
            return SharedIdentity(place=place, issuer=issuer, name=name, existing=identity.existing)
        case "identity-binding":
            group = (cluster.resource_group if cluster else None) or place.resource_group
            return IdentityBindings(place=place, cluster=cluster.name if cluster else "", cluster_group=group)
        case "pod-identity":
            return PodIdentities(place=place)
        case "service-principal":
            return ServicePrincipal(
                principal_id=principal,
                secret_name=identity.secret_name,
                client_id=client,
                client_secret=settings.client_secret.get_secret_value() if settings.client_secret else None,
                namespaces=namespaces,
            )
        case "addon" if aks and not client:
            return NodeIdentity(mode="addon", principal_id=aks.addon_principal_id, client_id=aks.addon_client_id)
        case "addon" | "node" | "system-assigned":
            return NodeIdentity(mode=identity.mode, principal_id=principal, client_id=client)
