"""Azure Key Vault, as a workload meets it: a service account's token, the directory, the vault."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import yaml
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.identity import (
    ClientAssertionCredential,
    ClientSecretCredential,
    CredentialUnavailableError,
    ManagedIdentityCredential,
)
from azure.keyvault.certificates import CertificateClient
from azure.keyvault.keys import KeyClient
from azure.keyvault.secrets import SecretClient

from components.azure.choices import FEDERATED
from components.patience import OF_AZURE

from .cluster import ClusterClient, ProviderClass
from .errors import AbsentError, OpsError, UnreachableError
from .stack import DeployedStack, DeployedWorkload, KeyVaultStore
from .stores import DeniedError, Limit, MissingError, NotTriedError, Promise, Session

Object = tuple[str, str]
"""Type, as a class spells it, and name."""

_NO_VAULT = "VaultNotFound"
_UNKNOWN_HOST = ("Name or service not known", "nodename nor servname", "No address associated", "getaddrinfo failed")
"""What a system says of a host that the DNS does not know: a vault that is not there has no name."""

_DISABLED = ("SecretDisabled", "KeyDisabled", "CertificateDisabled")
_CODE = re.compile(r"AADSTS\d+")
_EXPLAINED = {
    "AADSTS700211": "no federated credential of the identity names this issuer: kubernetes.oidcIssuer must be the "
    "cluster's, letter by letter",
    "AADSTS700212": "the federated credential names another audience than the token: both must be "
    "api://AzureADTokenExchange",
    "AADSTS700213": "the federated credential names another subject: it must be this namespace and service account",
    "AADSTS70021": "no federated credential of the identity matches the token's issuer, subject and audience",
    "AADSTS70025": "the identity has no federated credential",
    "AADSTS700016": "the tenant knows no identity with the class's clientID",
    "AADSTS90002": "there is no such tenant: check tenantId",
    "Unable to get authority configuration": "there is no such tenant: check tenantId",  # how azure-identity puts it
    "AADSTS700024": "the token has expired, or clocks differ",
    "AADSTS7000272": "the issuer publishes no such signing key (the directory sees a new one after up to half an hour)",
    "AADSTS7000215": "the service principal's secret is wrong or has expired",
    "ForbiddenByRbac": "no role assignment of the identity covers it (one takes up to ten minutes to take effect)",
    "ForbiddenByPolicy": "no access policy of the vault allows it",
    "ForbiddenByFirewall": "the vault's firewall keeps this machine's address out",
    "ForbiddenByConnection": "the vault has no public address: run this where its private address is reached",
    _NO_VAULT: "there is no such vault",
}
"""What a code means. (Microsoft Learn: "Microsoft Entra authentication and authorization error codes", "Azure Key Vault
REST API error codes")"""


class KeyVault:
    """A key vault and its workloads' identities."""

    admission = "is admitted by the directory"
    door = "its identity"

    def __init__(self, stack: DeployedStack, store: KeyVaultStore, cluster: ClusterClient) -> None:
        """
        :param stack: The stack whose workloads read from it.
        :param store: The vault.
        :param cluster: Asked for a service principal's credentials.
        """
        self.stack = stack
        self.store = store
        self._cluster = cluster
        together = store.identity_mode not in {"workload-identity", "identity-binding", "pod-identity"}
        self.shared = f"in mode {store.identity_mode} all workloads are one" if together else None

    def promises(self, provider_class: ProviderClass) -> Sequence[Promise]:
        """The files that a class promises."""
        document: dict[str, list[str]] = yaml.safe_load(provider_class.parameters["objects"]) or {}
        return [_promise(yaml.safe_load(text)) for text in document.get("array", [])]

    def admit(self, workload: DeployedWorkload, provider_class: ProviderClass, token: str) -> "KeyVaultSession":
        """Exchange the token for one of the identity."""
        credential = self._credential(workload, provider_class.parameters, token)
        scope = f"https://{self.store.url.partition('.')[2]}/.default"
        name = provider_class.parameters.get("clientID") or self.store.identity_mode
        _asked(self.store, lambda: credential.get_token(scope))
        return KeyVaultSession(self, credential, name)

    def _credential(self, workload: DeployedWorkload, parameters: Mapping[str, str], token: str) -> TokenCredential:
        tenant, authority, mode = parameters["tenantID"], self.store.authority, self.store.identity_mode
        if mode in FEDERATED:
            return ClientAssertionCredential(
                tenant, parameters["clientID"], lambda: token, authority=authority, **OF_AZURE
            )
        if mode == "service-principal":
            return self._principal(workload, tenant)
        if parameters.get("useVMManagedIdentity") == "true":
            return ManagedIdentityCredential(client_id=parameters.get("userAssignedIdentityID") or None, **OF_AZURE)
        raise NotTriedError(f"in mode {mode} only a pod gets a token")

    def _principal(self, workload: DeployedWorkload, tenant: str) -> TokenCredential:
        namespace, client, password = workload.namespace, "clientid", "clientsecret"
        if workload.delivery == "akv2k8s":
            place = self.stack.kubernetes.akv2k8s_credentials
            if place is None:
                raise NotTriedError("akv2k8s is not this stack's, and has the credentials")
            namespace, name, client, password = place.namespace, place.name, "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"
        else:
            name = workload.identity["secret"]
        held = self._cluster.secret(namespace, name)
        if not {client, password} <= set(held):
            raise DeniedError(f"the Secret {namespace}/{name} lacks {client} or {password}")
        return ClientSecretCredential(tenant, held[client], held[password], authority=self.store.authority, **OF_AZURE)


class KeyVaultSession:
    """An identity, with a token of the directory."""

    def __init__(self, store: KeyVault, credential: TokenCredential, name: str) -> None:
        """
        :param store: The vault.
        :param credential: The identity's.
        :param name: Its client id, or what it is called.
        """
        self.name = name
        self._store = store
        url = store.store.url
        self._secrets = SecretClient(url, credential, **OF_AZURE)
        self._keys = KeyClient(url, credential, **OF_AZURE)
        self._certificates = CertificateClient(url, credential, **OF_AZURE)

    def limits(self, workload: DeployedWorkload) -> Sequence[Limit]:
        """Others' objects, the vault's lists, and changing its own."""
        own = set(_declared(workload))
        others = {item for other in self._store.stack.workloads for item in _declared(other)} - own
        reason = self._store.shared
        if self._store.store.access == "policies":
            reason = "an access policy can't be narrower than a kind of object"
        listed: dict[str, Callable[[], object]] = {
            "secrets": lambda: next(iter(self._secrets.list_properties_of_secrets()), None),
            "keys": lambda: next(iter(self._keys.list_properties_of_keys()), None),
            "certificates": lambda: next(iter(self._certificates.list_properties_of_certificates()), None),
        }
        return [
            Limit(
                "is refused other workloads' objects", {item[1]: self._reading(item) for item in sorted(others)}, reason
            ),
            Limit("is refused listing", {name: self._asking(call) for name, call in listed.items()}),
            Limit("is refused writing", {item[1]: self._asking(self._changing(item)) for item in sorted(own)}),
        ]

    def read(self, item: Object, version: str | None = None) -> None:
        """Read an object and drop it.

        :raises DeniedError: Nothing allows it.
        :raises MissingError: It isn't there, or is disabled.
        :raises OpsError: The vault can't be asked.
        """
        try:
            self._get(item, version)
        except MissingError:
            raise
        except AbsentError as error:
            if _NO_VAULT in str(error):
                raise
            raise MissingError(str(error), "version" if version and self._has(item) else "object") from None

    def _has(self, item: Object) -> bool:
        try:
            self._get(item, None)
        except MissingError:
            return True
        except (AbsentError, DeniedError):
            return False
        return True

    def _get(self, item: Object, version: str | None) -> None:
        kind, name = item
        calls: dict[str, Callable[[], object]] = {
            "secret": lambda: self._secrets.get_secret(name, version),
            "key": lambda: self._keys.get_key(name, version),
            "cert": lambda: (
                self._certificates.get_certificate_version(name, version)
                if version
                else self._certificates.get_certificate(name)
            ),
        }
        _asked(self._store.store, calls[kind])

    def _reading(self, item: Object) -> Callable[[], object]:
        return lambda: self.read(item)

    def _asking(self, call: Callable[[], object]) -> Callable[[], object]:
        return lambda: _asked(self._store.store, call)

    def _changing(self, item: Object) -> Callable[[], object]:
        """An update that changes nothing, even where it is allowed, but the time of the last update."""
        kind, name = item
        calls: dict[str, Callable[[], object]] = {
            "secret": lambda: self._secrets.update_secret_properties(name),
            "key": lambda: self._keys.update_key_properties(name),
            "cert": lambda: self._certificates.update_certificate_properties(name),
        }
        return calls[kind]


def _declared(workload: DeployedWorkload) -> list[Object]:
    return [(item.type, f"{item.object}-{item.key}" if item.key else item.object) for item in workload.objects]


def _promise(entry: Mapping[str, Any]) -> Promise:
    item = (entry["objectType"], entry["objectName"])
    place = f"{entry['objectType']} {entry['objectName']}"

    def read(session: Session) -> None:
        cast("KeyVaultSession", session).read(item, entry.get("objectVersion"))

    return Promise(entry.get("objectAlias") or entry["objectName"], place, read)


def _asked(store: KeyVaultStore, call: Callable[[], object]) -> object:
    try:
        return call()
    except CredentialUnavailableError:
        raise NotTriedError("only a node of the cluster has this identity") from None
    except ClientAuthenticationError as error:
        # The client says the same where the directory said nothing that it understands.
        if _busy(error) or (error.status_code is None and not _CODE.search(_explained(error))):
            raise UnreachableError(f"the directory can't be asked: {_explained(error)}") from None
        raise DeniedError(_explained(error)) from None
    except ResourceNotFoundError as error:
        raise AbsentError(_explained(error)) from None
    except HttpResponseError as error:
        if any(code in _text(error) for code in _DISABLED):
            raise MissingError("its version is disabled", "version") from None
        if error.status_code in {401, 403}:
            raise DeniedError(_explained(error)) from None
        kind = UnreachableError if _busy(error) else OpsError
        raise kind(f"{store.url} answered: {_explained(error)}") from None
    except AzureError as error:
        if no_such_vault(error):
            raise AbsentError(f"{_NO_VAULT}: {_EXPLAINED[_NO_VAULT]}, its name is not known") from None
        raise UnreachableError(f"{store.url} can't be reached: {type(error).__name__}") from None


def _busy(error: HttpResponseError) -> bool:
    return error.status_code is not None and (error.status_code == 429 or error.status_code >= 500)


def no_such_vault(error: AzureError) -> bool:
    """Whether `error` says that there is no vault of that name."""
    return any(sign in str(error) for sign in (_NO_VAULT, *_UNKNOWN_HOST))


def _text(error: AzureError) -> str:
    told: Any = getattr(error, "error", None)
    return f"{error} {getattr(told, 'innererror', '')}"


def _explained(error: AzureError) -> str:
    text = _text(error)
    for code, meaning in _EXPLAINED.items():
        if code in text:
            return f"{code}: {meaning}"
    return (text.splitlines() or [type(error).__name__])[0]
