"""What an update that was cut short leaves in a stack's state, and what can be said of it without asking a server."""

import os
import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from string import Formatter
from typing import Any, cast

_GROUP = "/subscriptions/{subscription}/resourceGroups/{resourceGroupName}/providers"
_VAULT = f"{_GROUP}/Microsoft.KeyVault/vaults/{{vaultName}}"
_IDENTITY = f"{_GROUP}/Microsoft.ManagedIdentity/userAssignedIdentities/{{resourceName}}"
_CLUSTER = f"{_GROUP}/Microsoft.ContainerService/managedClusters/{{resourceName}}"

_IDS: Mapping[str, str] = {
    "vault:index/mount:Mount": "{path}",
    "vault:index/authBackend:AuthBackend": "{path}",
    "vault:index/policy:Policy": "{name}",
    "vault:index/audit:Audit": "{path}",
    "vault:kv/secretV2:SecretV2": "{mount}/data/{name}",
    "vault:kubernetes/authBackendConfig:AuthBackendConfig": "auth/{backend}/config",
    "vault:kubernetes/authBackendRole:AuthBackendRole": "auth/{backend}/role/{roleName}",
    "vault:jwt/authBackend:AuthBackend": "{path}",
    "vault:jwt/authBackendRole:AuthBackendRole": "auth/{backend}/role/{roleName}",
    "vault:ldap/authBackend:AuthBackend": "{path}",
    "vault:github/authBackend:AuthBackend": "{path}",
    "vault:appRole/authBackendRole:AuthBackendRole": "auth/{backend}/role/{roleName}",
    "kubernetes:helm.sh/v3:Release": "{namespace}/{name}",
    "azure-native:resources:ResourceGroup": "/subscriptions/{subscription}/resourceGroups/{resourceGroupName}",
    "azure-native:keyvault:Vault": _VAULT,
    "azure-native:keyvault:Secret": f"{_VAULT}/secrets/{{secretName}}",
    "azure-native:keyvault:Key": f"{_VAULT}/keys/{{keyName}}",
    "azure-native:managedidentity:UserAssignedIdentity": _IDENTITY,
    "azure-native:managedidentity:FederatedIdentityCredential": (
        f"{_IDENTITY}/federatedIdentityCredentials/{{federatedIdentityCredentialResourceName}}"
    ),
    "azure-native:authorization:RoleAssignment": (
        "{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}"
    ),
    "azure-native:authorization:ManagementLockByScope": ("{scope}/providers/Microsoft.Authorization/locks/{lockName}"),
    "azure-native:monitor:DiagnosticSetting": ("{resourceUri}/providers/Microsoft.Insights/diagnosticSettings/{name}"),
    "azure-native:containerservice:ManagedCluster": _CLUSTER,
}
"""A resource's id from its inputs, as its provider composes it. (Pulumi Registry: "Import" of each resource; Microsoft
Learn: "Azure resource providers and types")"""

_UNCERTAIN = "an update was interrupted while it made this resource"


@dataclass
class Mended:
    """A state without pending operations."""

    deployment: dict[str, Any]
    """The state, as `pulumi stack import` takes it."""

    uncertain: list[str] = field(default_factory=list[str])
    """URNs of resources that a server must be asked about: they may be as before, changed, or gone."""

    dropped: list[str] = field(default_factory=list[str])
    """URNs of resources that were being made, and are made again by the next update."""

    left: list[str] = field(default_factory=list[str])
    """URNs of resources that were being made, and that the state doesn't take in."""


def list_created(deployment: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the resources that an interrupted update was making, each with the id that it must have.

    A server alone can tell whether they are there, and who made them.

    :param deployment: What `pulumi stack export` gives under `deployment`.
    """
    known: dict[str, Any] = {resource["urn"]: resource for resource in deployment.get("resources") or ()}
    created: dict[str, dict[str, Any]] = {}
    for resource in _being_created(deployment):
        urn: str = resource["urn"]
        if urn not in known and (id_ := identity(resource, _subscription(resource, known))):
            created[urn] = {**resource, "id": id_}
    return list(created.values())


def _being_created(deployment: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for operation in cast("list[dict[str, Any]]", deployment.get("pending_operations") or ()):
        if operation["type"] == "creating" and operation["resource"].get("custom"):
            yield operation["resource"]


def mended(deployment: Mapping[str, Any], adopted: Container[str]) -> Mended:
    """`deployment` with its pending operations resolved as far as they can be without a server.

    What was being created and is `adopted` is put among the resources under the id that it must have, and marked as
    uncertain in the engine's own way, so that the state stays true if nobody asks the server after all. (Pulumi docs:
    "Pending operations")

    :param deployment: What `pulumi stack export` gives under `deployment`.
    :param adopted: URNs of what the stack made. What somebody else made must never be among them: the stack would
        delete it.
    """
    resources: list[dict[str, Any]] = list(deployment.get("resources") or ())
    known = {resource["urn"]: resource for resource in resources}
    created = {resource["urn"]: resource for resource in list_created(deployment)}
    made = Mended({**deployment, "resources": resources, "pending_operations": []})
    made.uncertain += [
        resource["urn"] for resource in resources if _UNCERTAIN in cast("list[str]", resource.get("initErrors") or ())
    ]
    for operation in cast("list[dict[str, Any]]", deployment.get("pending_operations") or ()):
        resource: dict[str, Any] = operation["resource"]
        urn: str = resource["urn"]
        if not resource.get("custom"):
            continue  # a component is nowhere but in the state
        if urn in known:
            made.uncertain.append(urn)
        elif operation["type"] == "creating" and urn in created:
            if urn not in adopted:
                made.left.append(urn)
                continue
            known[urn] = resource
            resources.append({**created[urn], "initErrors": [_UNCERTAIN]})
            made.uncertain.append(urn)
        elif not urn.partition("::pulumi:providers:")[1]:
            made.dropped.append(urn)
    made.uncertain = list(dict.fromkeys(made.uncertain))
    made.left = list(dict.fromkeys(made.left))
    return made


def identity(resource: Mapping[str, Any], subscription: str | None = None) -> str | None:
    """The id that a resource of the state gets when it is created; `None` where only its provider can tell.

    :param resource: A resource, with its type and its inputs.
    :param subscription: The Azure subscription.
    """
    kind: str = resource["type"]
    inputs: dict[str, Any] = resource.get("inputs") or {}
    if (template := _IDS.get(kind)) is None:
        return _of_object(inputs) if re.match("kubernetes:(?!helm)", kind) else None
    values = {"subscription": subscription, **inputs}
    named = [name for _, name, _, _ in Formatter().parse(template) if name]
    if not all(isinstance(values.get(name), str) for name in named):
        return None
    return template.format(**values)


def _subscription(resource: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]) -> str | None:
    provider = known.get(str(resource.get("provider")).rpartition("::")[0], {})
    inputs: dict[str, Any] = provider.get("inputs") or {}
    return inputs.get("subscriptionId") or os.environ.get("ARM_SUBSCRIPTION_ID")


def _of_object(inputs: Mapping[str, Any]) -> str | None:
    metadata: dict[str, Any] = inputs.get("metadata") or {}
    name, namespace = metadata.get("name"), metadata.get("namespace")
    return f"{namespace}/{name}" if name and namespace else name
