"""What Azure has already under the names of what a stack is to make there, deleted softly or not."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, cast
from urllib.parse import urlsplit

import requests
from azure.core.exceptions import AzureError

from strongroom.components.azure.credentials import find_credential
from strongroom.components.response_limits import BoundedAdapter
from strongroom.components.retry import CONNECT_SECONDS, READ_SECONDS, make_retry
from strongroom.policy.rules import Declared
from strongroom.policy.rules.kinds.azure import CERTIFICATE, CLUSTER, IDENTITY, KEY, RESOURCE_GROUP, SECRET, VAULT
from strongroom.policy.rules.rule import at, listed
from strongroom.stacks.settings.azure import AzureKeyVaultSettings

from ..errors import AbsentError, NotAllowedError, OpsError, UnreachableError
from ..pulumi.stack import KeyVaultStore
from ..store.key_vault import UNKNOWN_HOST
from ..store.resource_manager import ResourceManager
from ..timestamps import parse_time
from .find import Existing
from .identity import derive_id

_RESOURCES: Mapping[str, tuple[str, str, str]] = {
    RESOURCE_GROUP: (
        "resource group",
        "2024-03-01",
        "use it as it is: leave out backend.createResourceGroup; or choose another backend.resourceGroup",
    ),
    VAULT: (
        "vault",
        "2023-07-01",
        "use it as it is: backend.vault.create: false; or choose another backend.vault.name",
    ),
    IDENTITY: (
        "identity",
        "2023-01-31",
        "delete it (az identity delete), choose another name for the stack, or for the workload",
    ),
    CLUSTER: (
        "cluster",
        "2024-05-01",
        "use it as it is: leave out kubernetes.aks.create; or choose another kubernetes.aks.name",
    ),
}
"""What a resource is called, the API version it is read by, and what to do about it, by kind."""

_OBJECTS = {
    SECRET: ("secret", "secrets", "secretName"),
    KEY: ("key", "keys", "keyName"),
    CERTIFICATE: ("certificate", "certificates", "name"),
}
_DATA_PLANE = "7.4"


class AzureFinder:
    """Azure, as the caller reads it."""

    name = "names in the store"

    def __init__(self, azure: AzureKeyVaultSettings) -> None:
        """
        :param azure: The stack's settings of Azure.
        """
        self._azure = azure
        self._absent: set[str] = set()

    def knows(self, resource: Declared) -> bool:
        """Tell whether it is a resource of the Resource Manager's, or an object of a vault."""
        return resource.kind in _RESOURCES or resource.kind in _OBJECTS

    def find(self, resource: Declared) -> Existing | None:
        """Find what has that name. Of an object, no value is read."""
        return self._find_object(resource) if resource.kind in _OBJECTS else self._find_resource(resource)

    @cached_property
    def _manager(self) -> ResourceManager:
        services = self._azure.services
        return ResourceManager(
            KeyVaultStore(
                kind="azure-key-vault",
                tenant_id=self._azure.tenant_id,
                authority=services.authority,
                vault=self._azure.vault.name or "",
                url="",
                access=self._azure.vault.access,
                identity_mode=self._azure.identity.mode,
                audience="",
            )
        )

    def _find_resource(self, resource: Declared) -> Existing | None:
        subscription = self._azure.subscription_id or os.environ.get("ARM_SUBSCRIPTION_ID")
        if not subscription:
            raise NotAllowedError("no subscription is named: set backend.subscriptionId, or ARM_SUBSCRIPTION_ID")
        title, version, fix = _RESOURCES[resource.kind]
        id_ = derive_id(resource, subscription) or ""
        try:
            found = self._manager.get(id_, version)
        except AbsentError:
            if resource.kind == VAULT:
                self._absent.add(self._azure.services.build_vault_url(str(resource.at("vaultName"))))
            return None
        made = parse_time(at(found, "systemData", "createdAt"))
        return Existing(f"{title} {id_.rpartition('/')[2]}", fix, made=made)

    def _find_object(self, resource: Declared) -> Existing | None:
        title, plural, name_of = _OBJECTS[resource.kind]
        name, url = str(resource.at(name_of)), self._build_url(resource)
        vault = (urlsplit(url).hostname or "").partition(".")[0]
        command = f"az keyvault {title}"
        place = f"--vault-name {vault} --name {name}"
        # A certificate that was deleted softly is recovered by the update itself.
        if resource.kind != CERTIFICATE and self._read(url, f"deleted{plural}/{name}"):
            return Existing(
                f"{title} {vault}/{name}, deleted and recoverable,",
                f"delete it for good: {command} purge {place}; or recover it ({command} recover {place}) and adopt it: "
                f"pulumi import {resource.type} {resource.name} {self._build_id(resource)}. If the vault forbids "
                "purging, it keeps the name until its retention ends: choose another",
            )
        versions = self._read(url, f"{plural}/{name}/versions") or {}
        if not listed(versions.get("value")):
            return None
        return Existing(
            f"{title} {vault}/{name}",
            f"leave it out of the stack's settings, or choose another name; to replace it: {command} delete {place}",
            made=find_creation(versions),
        )

    def _build_id(self, resource: Declared) -> str:
        subscription = self._azure.subscription_id or os.environ.get("ARM_SUBSCRIPTION_ID") or "<subscription>"
        return derive_id(resource, subscription) or "<id>"

    def _build_url(self, resource: Declared) -> str:
        if resource.kind == CERTIFICATE:
            return str(resource.at("vaultUrl"))
        return self._azure.services.build_vault_url(str(resource.at("vaultName")))

    @cached_property
    def _session(self) -> requests.Session:
        session = requests.Session()
        session.mount("https://", BoundedAdapter(max_retries=make_retry()))
        services = self._azure.services
        try:
            known = find_credential(self._azure.tenant_id, services.authority)
            token = known.get_token(f"https://{services.vault_domain}/.default")
        except AzureError as error:
            raise NotAllowedError(f"the caller has no login to Azure: {type(error).__name__}") from None
        session.headers["Authorization"] = f"Bearer {token.token}"
        return session

    def _read(self, url: str, path: str) -> Mapping[str, Any] | None:
        """Read what a vault has at `path`; `None` if it has nothing, or isn't there."""
        if url in self._absent:
            return None
        session = self._session
        try:
            response = session.get(
                f"{url.rstrip('/')}/{path}",
                params={"api-version": _DATA_PLANE},
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
            )
        except requests.ConnectionError as error:
            if any(sign in str(error) for sign in UNKNOWN_HOST):
                self._absent.add(url)
                return None
            raise UnreachableError(f"{url} can't be reached: {type(error).__name__}") from None
        except requests.RequestException as error:
            raise UnreachableError(f"{url} can't be reached: {type(error).__name__}") from None
        if response.status_code in {401, 403}:
            raise NotAllowedError(f"the caller may not look there in {url}")
        if response.status_code == requests.codes.not_found:
            return None
        document = _parse(response)
        if response.status_code != requests.codes.ok or document is None:
            raise OpsError(f"{url}'s response {response.status_code} is no document of Key Vault's")
        return document


def find_creation(versions: Mapping[str, Any]) -> datetime | None:
    """Find when the first of an object's versions was made (Key Vault's REST API: "Get Secret Versions")."""
    moments = [at(version, "attributes", "created") for version in listed(versions.get("value"))]
    if versions.get("nextLink") or not all(isinstance(moment, int) for moment in moments):
        return None
    return datetime.fromtimestamp(min(moments), UTC)


def _parse(response: requests.Response) -> Mapping[str, Any] | None:
    try:
        document: object = response.json()
    except (ValueError, RecursionError):
        return None
    return cast("Mapping[str, Any]", document) if isinstance(document, dict) else None
