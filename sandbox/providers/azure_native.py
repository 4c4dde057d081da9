"""The `azure-native` provider: a table of resource types, and the rules that the Resource Manager has for them."""

import base64
import inspect
import os
import re
import threading
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib import import_module
from pathlib import Path
from string import Formatter
from typing import Any, get_args, get_origin

from pulumi import _types

from ..azure.access import ROLES
from ..azure.configuration import Configuration, Parts, assemble
from ..azure.errors import AzureError
from ..azure.store import Document
from ..azure.vaults import LARGEST_SECRET, Vault
from .protocol import Properties, Provider, ProviderError
from .values import UNKNOWN, known

CONFIGURATION = "STRONGROOM_AZURE"
"""Names the file that says where the emulator keeps its state."""

_GROUP = "/subscriptions/{subscription}/resourceGroups/{resourceGroupName}"
_VAULT = f"{_GROUP}/providers/Microsoft.KeyVault/vaults/{{vaultName}}"
_IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
_CREDENTIALS = f"{_IDENTITIES}/federatedIdentityCredentials"
_IDENTITY = f"{_GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{{resourceName}}"
_CLUSTER = f"{_GROUP}/providers/Microsoft.ContainerService/managedClusters/{{resourceName}}"
_VAULTS = "Microsoft.KeyVault/vaults"
_LOCKS = "Microsoft.Authorization/locks"
_OBJECT_NAME = "[0-9A-Za-z-]{1,127}"
_DOMAIN = "vault.azure.net"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MOST_CREDENTIALS = 20
_MOST_POLICIES = 1024
_PLAIN: Mapping[type, str] = {str: "a string", bool: "true or false", int: "a whole number"}
_SKIPPED = {"azureApiVersion"}


@dataclass(frozen=True)
class Kind:
    """A resource type."""

    arm: str
    """The Resource Manager's type."""

    id: str
    """Its id, with inputs in braces."""

    named: str
    """The input that names it; if omitted, a name is made up."""

    nested: bool = True
    """Whether its inputs have a `properties` of their own; flat ones are put together by the SDK."""

    immutable: Collection[str] = ()
    """Inputs, besides those in its id, whose change makes another resource."""

    legal: str = ""
    """What its name must match. (Microsoft Learn: "Naming rules and restrictions for Azure resources")"""

    by_arm: bool = True
    """Whether the Resource Manager deletes it: the provider deletes what is in a vault by other ways."""


KINDS: Mapping[str, Kind] = {
    "azure-native:resources:ResourceGroup": Kind(
        "Microsoft.Resources/resourceGroups",
        _GROUP,
        "resourceGroupName",
        nested=False,
        immutable=("location",),
        legal=r"[\w().-]{0,89}[\w()-]",
    ),
    "azure-native:keyvault:Vault": Kind(
        _VAULTS,
        _VAULT,
        "vaultName",
        immutable=("location", "properties.tenantId"),
        legal=r"(?!.*--)[A-Za-z][0-9A-Za-z-]{1,22}[0-9A-Za-z]",
    ),
    "azure-native:keyvault:Secret": Kind(
        "Microsoft.KeyVault/vaults/secrets",
        f"{_VAULT}/secrets/{{secretName}}",
        "secretName",
        legal=_OBJECT_NAME,
        by_arm=False,
    ),
    "azure-native:keyvault:Key": Kind(
        "Microsoft.KeyVault/vaults/keys",
        f"{_VAULT}/keys/{{keyName}}",
        "keyName",
        immutable=("properties.kty", "properties.keySize", "properties.curveName"),
        legal=_OBJECT_NAME,
        by_arm=False,
    ),
    "azure-native:keyvault:AccessPolicy": Kind(
        "Microsoft.KeyVault/vaults/accessPolicies",
        f"{_VAULT}/accessPolicies/{{objectId}}",
        "policy",
        immutable=("policy.objectId",),
        by_arm=False,
    ),
    "azure-native:managedidentity:UserAssignedIdentity": Kind(
        _IDENTITIES,
        _IDENTITY,
        "resourceName",
        nested=False,
        immutable=("location",),
        legal="[0-9A-Za-z][0-9A-Za-z_-]{2,127}",
    ),
    "azure-native:managedidentity:FederatedIdentityCredential": Kind(
        _CREDENTIALS,
        f"{_IDENTITY}/federatedIdentityCredentials/{{federatedIdentityCredentialResourceName}}",
        "federatedIdentityCredentialResourceName",
        nested=False,
        legal="[0-9A-Za-z][0-9A-Za-z_-]{2,119}",
    ),
    "azure-native:authorization:RoleAssignment": Kind(
        "Microsoft.Authorization/roleAssignments",
        "{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}",
        "roleAssignmentName",
        nested=False,
        immutable=("*",),
    ),
    "azure-native:authorization:ManagementLockByScope": Kind(
        _LOCKS,
        "{scope}/providers/Microsoft.Authorization/locks/{lockName}",
        "lockName",
        nested=False,
    ),
    "azure-native:monitor:DiagnosticSetting": Kind(
        "Microsoft.Insights/diagnosticSettings",
        "{resourceUri}/providers/Microsoft.Insights/diagnosticSettings/{name}",
        "name",
        nested=False,
    ),
    "azure-native:eventgrid:EventSubscription": Kind(
        "Microsoft.EventGrid/eventSubscriptions",
        "{scope}/providers/Microsoft.EventGrid/eventSubscriptions/{eventSubscriptionName}",
        "eventSubscriptionName",
        nested=False,
        legal="[0-9A-Za-z-]{3,64}",
    ),
    "azure-native:network:PrivateEndpoint": Kind(
        "Microsoft.Network/privateEndpoints",
        f"{_GROUP}/providers/Microsoft.Network/privateEndpoints/{{privateEndpointName}}",
        "privateEndpointName",
        nested=False,
        immutable=("location", "subnet"),
    ),
    "azure-native:network:PrivateDnsZoneGroup": Kind(
        "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
        f"{_GROUP}/providers/Microsoft.Network/privateEndpoints/{{privateEndpointName}}"
        "/privateDnsZoneGroups/{privateDnsZoneGroupName}",
        "privateDnsZoneGroupName",
        nested=False,
    ),
    "azure-native:privatedns:PrivateZone": Kind(
        "Microsoft.Network/privateDnsZones",
        f"{_GROUP}/providers/Microsoft.Network/privateDnsZones/{{privateZoneName}}",
        "privateZoneName",
        nested=False,
    ),
    "azure-native:privatedns:VirtualNetworkLink": Kind(
        "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
        f"{_GROUP}/providers/Microsoft.Network/privateDnsZones/{{privateZoneName}}"
        "/virtualNetworkLinks/{virtualNetworkLinkName}",
        "virtualNetworkLinkName",
        nested=False,
        immutable=("virtualNetwork",),
    ),
    "azure-native:containerservice:ManagedCluster": Kind(
        "Microsoft.ContainerService/managedClusters",
        _CLUSTER,
        "resourceName",
        nested=False,
        immutable=("location",),
        legal="[0-9A-Za-z]([0-9A-Za-z_-]{0,61}[0-9A-Za-z])?",
    ),
    "azure-native:containerservice:IdentityBinding": Kind(
        "Microsoft.ContainerService/managedClusters/identityBindings",
        f"{_CLUSTER}/identityBindings/{{identityBindingName}}",
        "identityBindingName",
        immutable=("properties.managedIdentity.resourceId",),
    ),
}
"""The resources that Strongroom declares, by the SDK's type."""

_writing: set[str] = set()
_lock = threading.Lock()


class AzureNativeProvider(Provider):
    """Keeps resources where the emulator finds them, and refuses what the Resource Manager refuses."""

    package = "azure-native"

    def __init__(self, configuration: Properties) -> None:
        file = os.environ.get(CONFIGURATION)
        if not file:
            raise ProviderError("the sandbox's Azure emulator is not running: start it with `python -m sandbox up`")
        self._world = Configuration.model_validate_json(Path(file).read_text())
        self._parts: Parts = assemble(self._world)
        self._subscription = configuration.get("subscriptionId") or os.environ.get("ARM_SUBSCRIPTION_ID") or ""
        if not _GUID.fullmatch(self._subscription):
            raise ProviderError(
                "the azure-native provider has no subscription: set subscriptionId, or ARM_SUBSCRIPTION_ID"
            )

    @classmethod
    def secret(cls, kind: str) -> Collection[str]:
        """None by itself: the official provider marks a secret's value by its place, see `read`."""
        return ()

    @classmethod
    def check(cls, kind: str, inputs: Properties, before: Properties, unique: str, name: str) -> Properties:
        """Name what has no name; refuse what the SDK's types and the documented rules refuse."""
        entry = _kind(kind)
        checked = dict(inputs)
        if checked.get(entry.named) is None and entry.named != "policy":
            short = re.sub(r"[^0-9A-Za-z-]+", "-", name)[: 23 - len(unique)]
            kept = before.get(entry.named)
            made = (
                str(uuid.uuid5(uuid.NAMESPACE_URL, unique)) if kind.endswith(":RoleAssignment") else f"{short}{unique}"
            )
            checked[entry.named] = kept or made
        faults = list(_faults(_arguments(kind), checked, ""))
        if faults:
            raise ProviderError("; ".join(faults))
        own = checked[entry.named]
        if entry.legal and known(own) and not re.fullmatch(entry.legal, own):
            raise ProviderError(f"InvalidResourceName: {entry.named} {own!r} must match ^{entry.legal}$")
        if (rule := _RULES.get(entry.arm)) is not None:
            try:
                rule(checked)
            except AzureError as error:
                raise ProviderError(str(error)) from None
        return checked

    @classmethod
    def immutable(cls, kind: str, before: Properties | None = None) -> Collection[str]:
        """Return what is in the id, and what the Resource Manager never changes."""
        entry = _kind(kind)
        named = {field for _, field, _, _ in Formatter().parse(entry.id) if field and field != "subscription"}
        return (*named, *entry.immutable)

    @classmethod
    def same_name(cls, kind: str, after: Properties, before: Properties | None = None) -> bool:
        """Return whether both would have one id."""
        fields = [field for _, field, _, _ in Formatter().parse(_kind(kind).id) if field and field != "subscription"]
        return all((before or after).get(field) == after.get(field) for field in fields)

    def computed(self, kind: str, before: Properties | None, inputs: Properties) -> Properties:
        """Return what only the Resource Manager knows."""
        if before is not None:
            return {}
        reported: dict[str, Properties] = {
            "UserAssignedIdentity": {"clientId": UNKNOWN, "principalId": UNKNOWN, "tenantId": UNKNOWN},
            "Vault": {"properties": {"vaultUri": UNKNOWN}},
            "ManagedCluster": {"oidcIssuerProfile": {"issuerURL": UNKNOWN}},
        }
        return reported.get(kind.rpartition(":")[2], {})

    def create(self, kind: str, inputs: Properties, timeout: float) -> tuple[str, Properties]:
        """Make it, unless it is there."""
        return self._write(kind, inputs, new=True)

    def read(
        self, kind: str, id_: str, inputs: Properties, outputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """Return what the Resource Manager keeps. A secret's value is never given back."""
        if not inputs:
            raise ProviderError(f"{kind} can't be imported by the sandbox's fake provider")
        found = self._parts.store.resource(id_)
        if found is None:
            return None
        now = found["inputs"]
        if kind.endswith(":Secret"):
            now = {**now, "properties": {**now["properties"], "value": (inputs["properties"] or {}).get("value")}}
        return {**outputs, **_shown(_kind(kind), found)}, now

    def update(self, kind: str, id_: str, before: Properties, inputs: Properties, timeout: float) -> Properties:
        """Change it."""
        return self._write(kind, inputs, new=False)[1]

    def delete(self, kind: str, id_: str, inputs: Properties, timeout: float) -> None:
        """Remove it and what is below it; vaults and what is in them softly.

        :raises ProviderError: A lock guards it.
        """
        store, entry = self._parts.store, _kind(kind)
        found = store.resource(id_)
        if found is None:
            return
        if entry.by_arm and entry.arm != _LOCKS:
            self._unlocked(id_)
        if entry.arm == "Microsoft.KeyVault/vaults/accessPolicies":
            self._policies(inputs, None)
        if entry.arm in _DATA:
            vault, name = self._vault(inputs), inputs[entry.named]
            try:
                vault.delete(_DATA[entry.arm], name)
            except AzureError as error:
                if error.status != 404:
                    raise ProviderError(str(error)) from None
        with self._alone(entry, id_), store.writing():
            for vault in store.resources(_VAULTS):
                if _within(vault["id"], id_):
                    store.put(f"/deleted{vault['id']}", "Microsoft.KeyVault/deletedVaults", vault)
            store.remove(id_)

    def _unlocked(self, id_: str) -> None:
        """Refuse to delete what a lock guards. (Microsoft Learn: "Lock your resources to protect your infrastructure")

        A lock guards its scope, everything below, extensions such as role assignments and diagnostic settings among
        it, and the groups that hold its scope. It leaves the data plane alone.
        """
        scopes = [lock["properties"]["scope"] for lock in self._parts.store.resources(_LOCKS)]
        if guarding := [scope for scope in scopes if _within(id_, scope) or _within(scope, id_)]:
            raise ProviderError(
                f"ScopeLocked: The scope '{id_}' cannot perform delete operation because following scope(s) are "
                f"locked: '{', '.join(guarding)}'. Please remove the lock and try again."
            )

    def invoke(self, token: str, arguments: Properties) -> Properties:
        """Look something up."""
        if token == "azure-native:authorization:getClientConfig":  # noqa: S105 - a function's name
            client = os.environ.get("ARM_CLIENT_ID") or ""
            found = self._parts.store.resource(f"/applications/{client}") or {}
            return {
                "clientId": client,
                "objectId": found.get("principalId", ""),
                "subscriptionId": self._subscription,
                "tenantId": self._world.tenant,
            }
        if token == "azure-native:containerservice:listManagedClusterUserCredentials":  # noqa: S105 - a function's name
            text = base64.b64encode(self._world.kubeconfig.read_bytes()).decode()
            return {"kubeconfigs": [{"name": "clusterUser", "value": text}]}
        kinds = {
            f"azure-native:{kind.split(':')[1]}:get{kind.rpartition(':')[2]}": entry for kind, entry in KINDS.items()
        }
        if token not in kinds:
            raise ProviderError(f"{token} is not in the sandbox's fake provider: it needs the official provider")
        id_ = kinds[token].id.format(**{"subscription": self._subscription, **arguments})
        found = self._parts.store.resource(id_)
        if found is None:
            raise ProviderError(f"ResourceNotFound: The Resource '{id_}' was not found.")
        return {"id": id_, **_shown(kinds[token], found)}

    def _write(self, kind: str, inputs: Properties, *, new: bool) -> tuple[str, Properties]:
        entry, store = _kind(kind), self._parts.store
        fields = {"subscription": self._subscription, **(inputs.get("policy") or {}), **inputs}
        id_ = entry.id.format(**fields)
        with self._alone(entry, id_):
            before = store.resource(id_)
            if new and before is not None and entry.arm not in _DATA:
                raise ProviderError(f"{id_} already exists: import it, or choose another name")
            try:
                self._parents(entry, id_)
                body = self._body(entry, id_, inputs, before)
                if (rule := _WRITES.get(entry.arm)) is not None:
                    rule(self, body, before)
            except AzureError as error:
                raise ProviderError(str(error)) from None
            if entry.arm == "Microsoft.KeyVault/vaults/accessPolicies":
                self._policies(inputs, inputs["policy"])
            store.put(id_, entry.arm, body)
        return id_, {**inputs, **_shown(entry, body)}

    def _body(self, entry: Kind, id_: str, inputs: Properties, before: Document | None) -> Document:
        outer = {key: inputs[key] for key in ("location", "tags", "identity") if key in inputs}
        if entry.nested:
            properties = dict(inputs.get("properties") or {})
        else:
            properties = {key: value for key, value in inputs.items() if key not in outer}
        kept = (before or {}).get("properties", {})
        computed = {key: kept[key] for key in ("clientId", "principalId", "accessPolicies") if key in kept}
        shown = {key: value for key, value in inputs.items() if not (entry.arm in _DATA and key == "properties")}
        return {
            "id": id_,
            "name": id_.rpartition("/")[2],
            "type": entry.arm,
            **outer,
            "properties": {**computed, **properties},
            "inputs": inputs if entry.arm not in _DATA else {**shown, "properties": _withheld(inputs["properties"])},
        }

    def _parents(self, entry: Kind, id_: str) -> None:
        group = re.match(r"/subscriptions/[^/]+/resourceGroups/[^/]+", id_)
        if group and entry.arm != "Microsoft.Resources/resourceGroups" and not self._parts.store.resource(group[0]):
            name = group[0].rpartition("/")[2]
            raise AzureError(404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found.")
        for parent in ("vaults", "userAssignedIdentities", "managedClusters", "privateEndpoints"):
            above = re.match(rf"/subscriptions/.*?/{parent}/[^/]+(?=/)", id_)
            if above and not self._parts.store.resource(above[0]):
                raise AzureError(404, "ParentResourceNotFound", f"The Resource '{above[0]}' was not found.")

    def _policies(self, inputs: Properties, policy: Properties | None) -> None:
        store = self._parts.store
        id_ = _VAULT.format(subscription=self._subscription, **inputs)
        with store.writing():
            vault = store.resource(id_)
            if vault is None:
                return
            others = [
                entry
                for entry in vault["properties"].get("accessPolicies") or ()
                if entry["objectId"] != inputs["policy"]["objectId"]
            ]
            entries = [*others, *([policy] if policy else [])]
            if len(entries) > _MOST_POLICIES:
                raise ProviderError(f"BadRequest: a vault has at most {_MOST_POLICIES} access policies")
            vault["properties"]["accessPolicies"] = entries
            store.put(id_, vault["type"], vault)

    def _vault(self, inputs: Properties) -> Vault:
        found = self._parts.store.resource(_VAULT.format(subscription=self._subscription, **inputs))
        if found is None:
            raise ProviderError(f"ParentResourceNotFound: there is no vault {inputs['vaultName']}")
        return Vault(self._parts.store, found, _DOMAIN)

    @contextmanager
    def _alone(self, entry: Kind, id_: str) -> Iterator[None]:
        """Refuse two writes at once to the federated credentials of one identity, as Azure does."""
        if "federatedIdentityCredentials" not in entry.arm:
            yield
            return
        identity = id_.partition("/federatedIdentityCredentials/")[0]
        with _lock:
            if identity in _writing:
                raise ProviderError(
                    "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity: Too many Federated Identity "
                    "Credentials are written concurrently for the managed identity."
                )
            _writing.add(identity)
        try:
            threading.Event().wait(0.05)  # the directory takes its time, and so two writes can meet
            yield
        finally:
            _writing.discard(identity)

    def write_vault(self, body: Document, before: Document | None) -> None:
        """Check a vault by the rules that depend on what there is."""
        store, properties, name = self._parts.store, body["properties"], body["name"].lower()
        properties["vaultUri"] = f"https://{body['name']}.{_DOMAIN}/"
        old: Document = (before or {}).get("properties", {})
        properties.setdefault("softDeleteRetentionInDays", old.get("softDeleteRetentionInDays", 90))
        if before:
            if old.get("enablePurgeProtection") and properties.get("enablePurgeProtection") is False:
                raise AzureError(400, "BadRequest", 'The property "enablePurgeProtection" cannot be set to false.')
            if old["softDeleteRetentionInDays"] != properties["softDeleteRetentionInDays"]:
                raise AzureError(
                    400,
                    "BadRequest",
                    'The property "softDeleteRetentionInDays" has been set already and it can\'t be modified.',
                )
            if old.get("enablePurgeProtection"):
                properties["enablePurgeProtection"] = True
            return
        if any(vault["name"].lower() == name for vault in store.resources(_VAULTS)):
            raise AzureError(
                409,
                "VaultAlreadyExists",
                f"The vault name '{body['name']}' is already in use. Vault names are globally unique.",
            )
        gone = [vault for vault in store.resources("Microsoft.KeyVault/deletedVaults") if vault["name"].lower() == name]
        recovering = properties.pop("createMode", "default") == "recover"
        if gone and not recovering:
            raise AzureError(
                409,
                "ConflictError",
                "A vault with the same name already exists in deleted state. You need to either recover or purge "
                f"existing key vault '{body['name']}'.",
            )
        if recovering and not gone:
            raise AzureError(404, "VaultNotFound", f"There is no deleted vault '{body['name']}' to recover.")
        for vault in gone:
            store.remove(f"/deleted{vault['id']}")

    def write_secret(self, body: Document, before: Document | None) -> None:
        """Write a new version: the Resource Manager makes one at every write."""
        inputs, properties = body["inputs"], body["properties"]
        made = self._vault(inputs).set_secret(body["name"], {**properties, "attributes": _data_attributes(properties)})
        body["version"] = made["id"].rpartition("/")[2]
        body["properties"] = {**_withheld(properties), **_uris(inputs, "secrets", body)}

    def write_key(self, body: Document, before: Document | None) -> None:
        """Write the first version of a key that is not there yet."""
        inputs, properties = body["inputs"], body["properties"]
        vault = self._vault(inputs)
        try:
            made = vault.get("keys", body["name"])
        except AzureError:
            request = {
                "kty": properties.get("kty"),
                "key_size": properties.get("keySize"),
                "crv": properties.get("curveName"),
            }
            request |= {"key_ops": properties.get("keyOps"), "attributes": _data_attributes(properties)}
            made = vault.create_key(body["name"], request)
            if rotation := properties.get("rotationPolicy"):
                vault.set_rotation_policy(body["name"], rotation)
        body["version"] = made["key"]["kid"].rpartition("/")[2]
        body["properties"] = {**properties, **_uris(inputs, "keys", body)}

    def write_identity(self, body: Document, before: Document | None) -> None:
        """Ids that the directory makes."""
        for name in ("clientId", "principalId"):
            body["properties"].setdefault(name, str(uuid.uuid4()))
        body["properties"]["tenantId"] = self._world.tenant

    def write_credential(self, body: Document, before: Document | None) -> None:
        """At most 20 on one identity, and each subject once."""
        identity = body["id"].partition("/federatedIdentityCredentials/")[0]
        others = self._parts.store.resources(body["type"], f"{identity}/")
        others = [other["properties"] for other in others if other["id"] != body["id"]]
        if len(others) >= _MOST_CREDENTIALS:
            raise AzureError(
                400, "BadRequest", f"Too many Federated Identity Credentials: the limit is {_MOST_CREDENTIALS}."
            )
        own = body["properties"]
        if any(other["issuer"] == own["issuer"] and other["subject"] == own["subject"] for other in others):
            raise AzureError(
                409, "Conflict", "Issuer and subject combination already exists for this Managed Identity."
            )

    def write_assignment(self, body: Document, before: Document | None) -> None:
        """Check that the principal is known, the role exists, and the assignment is new."""
        own, store = body["properties"], self._parts.store
        principals = {found["properties"]["principalId"] for found in store.resources(_IDENTITIES)}
        if own["principalId"] not in principals and not own.get("principalType"):
            raise AzureError(
                400,
                "PrincipalNotFound",
                f"Principal {own['principalId'].replace('-', '')} does not exist in the directory.",
            )
        if own["roleDefinitionId"].rpartition("/")[2] not in ROLES:
            raise AzureError(400, "RoleDefinitionDoesNotExist", "The specified role definition does not exist.")
        for other in store.resources(body["type"]):
            same = all(
                str(other["properties"][key]).lower() == str(own[key]).lower()
                for key in ("scope", "principalId", "roleDefinitionId")
            )
            if same and other["id"] != body["id"]:
                raise AzureError(409, "RoleAssignmentExists", "The role assignment already exists.")

    def write_cluster(self, body: Document, before: Document | None) -> None:
        """Write what an AKS cluster computes: its issuer, and its add-on's identity."""
        properties = body["properties"]
        if (properties.get("oidcIssuerProfile") or {}).get("enabled"):
            properties["oidcIssuerProfile"] = {"enabled": True, "issuerURL": self._world.issuer}
        addon = (properties.get("addonProfiles") or {}).get("azureKeyvaultSecretsProvider")
        if addon and addon.get("enabled"):
            kept = ((before or {}).get("properties", {}).get("addonProfiles") or {}).get(
                "azureKeyvaultSecretsProvider", {}
            )
            made = {"clientId": str(uuid.uuid4()), "objectId": str(uuid.uuid4())}
            addon["identity"] = kept.get("identity") or made
            self._parts.directory.assign_to_node(addon["identity"]["clientId"], addon["identity"]["objectId"])


Write = Callable[[AzureNativeProvider, Document, Document | None], None]
_WRITES: Mapping[str, Write] = {
    _VAULTS: AzureNativeProvider.write_vault,
    "Microsoft.KeyVault/vaults/secrets": AzureNativeProvider.write_secret,
    "Microsoft.KeyVault/vaults/keys": AzureNativeProvider.write_key,
    _IDENTITIES: AzureNativeProvider.write_identity,
    _CREDENTIALS: AzureNativeProvider.write_credential,
    "Microsoft.Authorization/roleAssignments": AzureNativeProvider.write_assignment,
    "Microsoft.ContainerService/managedClusters": AzureNativeProvider.write_cluster,
}
_DATA: Mapping[str, Any] = {"Microsoft.KeyVault/vaults/secrets": "secrets", "Microsoft.KeyVault/vaults/keys": "keys"}
"""Types whose content is in the data plane."""


def _vault_rules(inputs: Properties) -> None:
    properties = inputs["properties"]
    if properties.get("enablePurgeProtection") is False:
        raise AzureError(400, "BadRequest", 'The property "enablePurgeProtection" cannot be set to false.')
    days = properties.get("softDeleteRetentionInDays")
    if days is not None and known(days) and not 7 <= days <= 90:
        raise AzureError(400, "BadRequest", "softDeleteRetentionInDays must be between 7 and 90.")


def _secret_rules(inputs: Properties) -> None:
    value = inputs["properties"].get("value")
    if isinstance(value, str) and len(value.encode()) > LARGEST_SECRET:
        raise AzureError(400, "BadParameter", f"Secret value is too long: the maximum is {LARGEST_SECRET} bytes.")


def _assignment_rules(inputs: Properties) -> None:
    if known(inputs["roleAssignmentName"]) and not _GUID.fullmatch(inputs["roleAssignmentName"]):
        raise AzureError(
            400,
            "InvalidRoleAssignmentId",
            f"The role assignment ID '{inputs['roleAssignmentName']}' is not valid: it must be a GUID.",
        )


def _credential_rules(inputs: Properties) -> None:
    if known(inputs["audiences"]) and len(inputs["audiences"]) != 1:
        raise AzureError(400, "BadRequest", "A federated identity credential has exactly one audience.")


_RULES: Mapping[str, Callable[[Properties], None]] = {
    _VAULTS: _vault_rules,
    "Microsoft.KeyVault/vaults/secrets": _secret_rules,
    "Microsoft.Authorization/roleAssignments": _assignment_rules,
    _CREDENTIALS: _credential_rules,
}


def _within(id_: str, scope: str) -> bool:
    """Return whether `id_` is `scope` or below it."""
    return f"{id_.lower()}/".startswith(f"{scope.lower().rstrip('/')}/")


def _kind(kind: str) -> Kind:
    if kind not in KINDS:
        raise ProviderError(f"{kind} is not in the sandbox's fake provider: it needs the official provider")
    return KINDS[kind]


@cache
def _arguments(kind: str) -> type:
    _, module, name = kind.split(":")
    return getattr(import_module(f"pulumi_azure_native.{module}"), f"{name}Args")


def _faults(model: type, given: Properties, path: str) -> Iterator[str]:
    """Return what the SDK's own types say against `given`."""
    names = _types.input_type_py_to_pulumi_names(model)
    types = _types.input_type_types(model)
    parameters = inspect.signature(model.__init__).parameters
    for name, wire in names.items():
        if parameters[name].default is inspect.Parameter.empty and given.get(wire) is None:
            yield f"{path}{wire} is required"
    for key, value in given.items():
        if key not in names.values():
            if key not in _SKIPPED and not key.startswith("__"):
                yield f"{path}{key} is not a property"
            continue
        if value not in (None, UNKNOWN) and (wanted := _unlike(types[key], value)):
            yield f"{path}{key} must be {wanted}"
        below = _model(types[key])
        for place, entry in _entries(value):
            if below and isinstance(entry, dict):
                yield from _faults(below, entry, f"{path}{key}{place}.")


def _unlike(annotation: Any, value: Any) -> str | None:
    """Return what a value of this type must be, where `value` isn't; the value itself may be secret."""
    if not isinstance(annotation, type):
        return None
    if issubclass(annotation, Enum):
        allowed = [member.value for member in annotation]
        return None if value in allowed else f"one of {', '.join(allowed)}"
    if annotation in _PLAIN and not isinstance(value, annotation):
        return _PLAIN[annotation]
    return None


def _entries(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list):
        yield from ((f"[{index}]", entry) for index, entry in enumerate(value))
    else:
        yield "", value


def _model(annotation: Any) -> type | None:
    if get_origin(annotation) is None:
        return annotation if isinstance(annotation, type) and _types.is_input_type(annotation) else None
    if get_origin(annotation) in (dict, Mapping):
        return None
    return next((found for argument in get_args(annotation) if (found := _model(argument))), None)


def _withheld(properties: Properties) -> Properties:
    return {key: value for key, value in properties.items() if key != "value"}


def _data_attributes(properties: Properties) -> Properties:
    reported = properties.get("attributes") or {}
    return {
        short: reported[long]
        for short, long in {"enabled": "enabled", "nbf": "notBefore", "exp": "expires"}.items()
        if long in reported
    }


def _uris(inputs: Properties, kind: str, body: Document) -> Properties:
    uri = f"https://{inputs['vaultName']}.{_DOMAIN}/{kind}/{body['name']}"
    field = "secretUri" if kind == "secrets" else "keyUri"
    return {field: uri, f"{field}WithVersion": f"{uri}/{body['version']}"}


def _shown(entry: Kind, body: Document) -> Properties:
    outer = {key: body[key] for key in ("name", "type", "location", "tags", "identity") if key in body}
    if entry.arm == "Microsoft.KeyVault/vaults/accessPolicies":
        return {}
    return {**outer, "properties": body["properties"]} if entry.nested else {**body["properties"], **outer}
