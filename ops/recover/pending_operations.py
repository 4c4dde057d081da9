"""Pending operations: what an interrupted update leaves in a stack's state, repaired as far as without a server."""

import os
import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from string import Formatter
from typing import Any, cast

from strongroom.policy.rules.kinds import azure, vault

_GROUP = "/subscriptions/{subscription}/resourceGroups/{resourceGroupName}/providers"
_VAULT = f"{_GROUP}/Microsoft.KeyVault/vaults/{{vaultName}}"
_IDENTITY = f"{_GROUP}/Microsoft.ManagedIdentity/userAssignedIdentities/{{resourceName}}"
_CLUSTER = f"{_GROUP}/Microsoft.ContainerService/managedClusters/{{resourceName}}"

_IDS: Mapping[str, str] = {
    vault.MOUNT: "{path}",
    vault.AUTH_METHOD: "{path}",
    vault.POLICY: "{name}",
    vault.AUDIT: "{path}",
    vault.OBJECT: "{mount}/data/{name}",
    vault.KUBERNETES_CONFIG: "auth/{backend}/config",
    vault.KUBERNETES_ROLE: "auth/{backend}/role/{roleName}",
    vault.JWT: "{path}",
    vault.JWT_ROLE: "auth/{backend}/role/{roleName}",
    vault.LDAP: "{path}",
    vault.GITHUB: "{path}",
    vault.APP_ROLE: "auth/{backend}/role/{roleName}",
    "kubernetes:helm.sh/v3:Release": "{namespace}/{name}",
    azure.RESOURCE_GROUP: "/subscriptions/{subscription}/resourceGroups/{resourceGroupName}",
    azure.VAULT: _VAULT,
    azure.SECRET: f"{_VAULT}/secrets/{{secretName}}",
    azure.KEY: f"{_VAULT}/keys/{{keyName}}",
    azure.IDENTITY: _IDENTITY,
    azure.FEDERATED: f"{_IDENTITY}/federatedIdentityCredentials/{{federatedIdentityCredentialResourceName}}",
    azure.ASSIGNMENT: "{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}",
    "azure-native:authorization:ManagementLockByScope": "{scope}/providers/Microsoft.Authorization/locks/{lockName}",
    azure.DIAGNOSTICS: "{resourceUri}/providers/Microsoft.Insights/diagnosticSettings/{name}",
    azure.CLUSTER: _CLUSTER,
}
"""A resource's id from its inputs, as its provider composes it. (Pulumi Registry: "Import" of each resource; Microsoft
Learn: "Azure resource providers and types")"""

_UNCERTAIN = "an update was interrupted while it made this resource"


@dataclass
class RepairedState:
    """A state without pending operations."""

    deployment: dict[str, Any]
    """The state, as `pulumi stack import` takes it."""

    uncertain: list[str] = field(default_factory=list[str])
    """URNs of resources to look up at their servers: they may be unchanged, changed, or deleted."""

    dropped: list[str] = field(default_factory=list[str])
    """URNs of resources that were being created, and that the next update creates again."""

    left: list[str] = field(default_factory=list[str])
    """URNs of resources that were being created, and that are not taken into the state."""


def list_created(deployment: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the resources that an interrupted update was creating, each with the id that it must have.

    Only a server knows whether they exist, and who created them.

    :param deployment: The value of `deployment` in the output of `pulumi stack export`.
    """
    known: dict[str, Any] = {resource["urn"]: resource for resource in deployment.get("resources") or ()}
    created: dict[str, dict[str, Any]] = {}
    for resource in _list_creating(deployment):
        urn: str = resource["urn"]
        if urn not in known and (id_ := compose_id(resource, _find_subscription(resource, known))):
            created[urn] = {**resource, "id": id_}
    return list(created.values())


def _list_creating(deployment: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for operation in cast("list[dict[str, Any]]", deployment.get("pending_operations") or ()):
        if operation["type"] == "creating" and operation["resource"].get("custom"):
            yield operation["resource"]


def repair_state(deployment: Mapping[str, Any], adopted: Container[str]) -> RepairedState:
    """Resolve the pending operations of `deployment` as far as possible without a server.

    A resource that was being created and is `adopted` is added under the id that it must have, and marked as uncertain
    in the engine's own way, so that the state stays true even if no server is asked later. (Pulumi docs: "Pending
    operations")

    :param deployment: The value of `deployment` in the output of `pulumi stack export`.
    :param adopted: URNs of resources that the stack created. A foreign resource must never be among them: the stack
        would delete it.
    """
    resources: list[dict[str, Any]] = list(deployment.get("resources") or ())
    known = {resource["urn"]: resource for resource in resources}
    created = {resource["urn"]: resource for resource in list_created(deployment)}
    repaired = RepairedState({**deployment, "resources": resources, "pending_operations": []})
    repaired.uncertain += [
        resource["urn"] for resource in resources if _UNCERTAIN in cast("list[str]", resource.get("initErrors") or ())
    ]
    for operation in cast("list[dict[str, Any]]", deployment.get("pending_operations") or ()):
        resource: dict[str, Any] = operation["resource"]
        urn: str = resource["urn"]
        if not resource.get("custom"):
            continue  # a component is in the state alone
        if urn in known:
            repaired.uncertain.append(urn)
        elif operation["type"] == "creating" and urn in created:
            if urn not in adopted:
                repaired.left.append(urn)
                continue
            known[urn] = resource
            resources.append({**created[urn], "initErrors": [_UNCERTAIN]})
            repaired.uncertain.append(urn)
        elif not urn.partition("::pulumi:providers:")[1]:
            repaired.dropped.append(urn)
    repaired.uncertain = list(dict.fromkeys(repaired.uncertain))
    repaired.left = list(dict.fromkeys(repaired.left))
    return repaired


def compose_id(resource: Mapping[str, Any], subscription: str | None = None) -> str | None:
    """Compose the id that a resource gets when it is created; `None` if only its provider knows it.

    :param resource: A resource, with its type and its inputs.
    :param subscription: The Azure subscription.
    """
    kind: str = resource["type"]
    inputs: dict[str, Any] = resource.get("inputs") or {}
    if (template := _IDS.get(kind)) is None:
        return _compose_object_id(inputs) if re.match("kubernetes:(?!helm)", kind) else None
    values = {"subscription": subscription, **inputs}
    named = [name for _, name, _, _ in Formatter().parse(template) if name]
    if not all(isinstance(values.get(name), str) for name in named):
        return None
    return template.format(**values)


def _find_subscription(resource: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]) -> str | None:
    provider = known.get(str(resource.get("provider")).rpartition("::")[0], {})
    inputs: dict[str, Any] = provider.get("inputs") or {}
    return inputs.get("subscriptionId") or os.environ.get("ARM_SUBSCRIPTION_ID")


def _compose_object_id(inputs: Mapping[str, Any]) -> str | None:
    metadata: dict[str, Any] = inputs.get("metadata") or {}
    name, namespace = metadata.get("name"), metadata.get("namespace")
    return f"{namespace}/{name}" if name and namespace else name
