"""Versions of a key vault's objects, with the caller's login: values are not read."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.keyvault.certificates import CertificateClient
from azure.keyvault.keys import KeyClient
from azure.keyvault.secrets import SecretClient

from strongroom.components.azure.client import UNEXPECTED, build_client_options, describe_unexpected
from strongroom.components.azure.credentials import find_credential
from strongroom.components.azure.objects import ObjectKind, VaultObject

from ..errors import AbsentError, NotAllowedError, UnreachableError
from .key_vault import is_missing_vault

_ONE: Mapping[ObjectKind, str] = {"secrets": "secret", "keys": "key", "certificates": "certificate"}


def format_object(item: VaultObject) -> str:
    """Format an object as a message names it, e.g. `secret db-pass`."""
    return f"{_ONE[item.kind]} {item.name}"


class KeyVaultVersions:
    """The versions of a vault's objects."""

    url: str
    """The vault's URL."""

    def __init__(self, url: str, tenant: str, authority: str) -> None:
        """Make clients; nothing is read yet.

        :param url: The vault's URL.
        :param tenant: Its tenant's id.
        :param authority: Microsoft Entra ID's host.
        """
        known = find_credential(tenant, authority)
        self.url = url
        self._versions: dict[ObjectKind, Callable[[str], Iterator[object]]] = {
            "secrets": SecretClient(url, known, **build_client_options()).list_properties_of_secret_versions,
            "keys": KeyClient(url, known, **build_client_options()).list_properties_of_key_versions,
            "certificates": CertificateClient(
                url, known, **build_client_options()
            ).list_properties_of_certificate_versions,
        }

    def list(self, item: VaultObject) -> Sequence[Any]:
        """List the properties of an object's versions; nothing if there is no such object.

        :raises AbsentError: There is no such vault.
        :raises NotAllowedError: The caller may not list them.
        :raises UnreachableError: The vault can't be reached.
        """
        try:
            return list(self._versions[item.kind](item.name))
        except AzureError as error:
            if is_missing_vault(error):
                raise AbsentError(f"there is no vault at {self.url}") from None
            if isinstance(error, ResourceNotFoundError):
                return []
            refused = isinstance(error, HttpResponseError)
            problem = "can't be read by this user" if refused else "can't be reached"
            kind = NotAllowedError if refused else UnreachableError
            raise kind(f"{self.url} {problem} for {format_object(item)}: {type(error).__name__}") from None
        except UNEXPECTED as error:
            raise UnreachableError(describe_unexpected(f"{self.url} or Microsoft Entra ID", error)) from None
