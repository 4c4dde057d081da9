"""Azure Key Vault, as a workload uses it: a service account's token, Microsoft Entra ID, the vault."""

import re
import secrets
import ssl
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

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

from strongroom.components.azure.client import ANY_METHOD, UNEXPECTED, build_client_options, describe_unexpected
from strongroom.components.azure.objects import name_vault_object
from strongroom.components.azure.options import FEDERATED

from ..cluster.client import ClusterClient, ProviderClass
from ..errors import AbsentError, NotAllowedError, OpsError, UnreachableError
from ..pulumi.stack import DeployedStack, DeployedWorkload, KeyVaultStore
from .base import CurrentVersion, DeniedCheck, DeniedError, ExpectedFile, MissingError, NotTriedError, Session, decode
from .sampler import Sampler
from .vault_denials import MOST

if TYPE_CHECKING:
    from ..verify.check import Check
    from ..verify.deployment import Deployment
    from ..verify.digests import Digests

T = TypeVar("T")

Object = tuple[str, str]
"""Type, as a SecretProviderClass has it, and name."""

_NO_VAULT = "VaultNotFound"
UNKNOWN_HOST = ("Name or service not known", "nodename nor servname", "No address associated", "getaddrinfo failed")
"""Errors of a system for a host that the DNS does not know: a vault that does not exist has no name."""

_FORBIDDEN, _BAD_REQUEST = 403, 400
_REFUSALS = {"ForbiddenByRbac", "ForbiddenByPolicy", "AccessDenied"}
_PLURALS: Mapping[str, str] = {"secret": "secrets", "key": "keys", "cert": "certificates"}
_KINDS = tuple(_PLURALS)
_TOO_LONG = 26 * 1024
"""Characters. A vault takes secrets of 25 KB, and checks the rights before the length."""

_DISABLED = ("SecretDisabled", "KeyDisabled", "CertificateDisabled")
_PFX = "application/x-pkcs12"
_CODE = re.compile(r"AADSTS\d+")
_UNCHECKED = re.compile(r"AADSTS(50166|501661|90061)\b")
"""Codes of Microsoft Entra ID for a token that could not be checked: nobody was refused.
(Azure/azure-workload-identity: "Unknown error code 50166", "AADSTS90061 error attempting to acquire token")"""
_EXPLAINED = {
    "AADSTS700211": "no federated credential of the identity names this issuer: kubernetes.oidcIssuer must be the "
    "cluster's, letter by letter",
    "AADSTS700212": "the federated credential names another audience than the token: both must be "
    "api://AzureADTokenExchange",
    "AADSTS700213": "the federated credential names another subject: it must be this namespace and service account",
    "AADSTS70021": "no federated credential of the identity matches the token's issuer, subject and audience",
    "AADSTS70025": "the identity has no federated credential",
    "AADSTS700016": "the tenant has no identity with the clientID of the SecretProviderClass",
    "AADSTS90002": "there is no such tenant: check tenantId",
    "Unable to get authority configuration": "there is no such tenant: check tenantId",  # how azure-identity puts it
    "AADSTS700024": "the token has expired, or clocks differ",
    "AADSTS7000272": "the issuer publishes no such signing key (Entra ID sees a new one after up to half an hour)",
    "AADSTS50166": "Microsoft Entra ID could not read the issuer's discovery document or keys",
    "AADSTS7000215": "the service principal's secret is wrong or has expired",
    "ForbiddenByRbac": "no role assignment of the identity covers it (one takes up to ten minutes to take effect)",
    "ForbiddenByPolicy": "no access policy of the vault allows it",
    "ForbiddenByFirewall": "the vault's firewall refuses this machine's address",
    "ForbiddenByConnection": "the vault has no public address: run this where its private address can be reached",
    _NO_VAULT: "there is no such vault",
}
"""Meanings of the codes. (Microsoft Learn: "Microsoft Entra authentication and authorization error codes", "Azure Key
Vault REST API error codes")"""


class KeyVault:
    """A key vault, with the identities of a stack's workloads."""

    login_title = "logs in by its identity"
    login_by = "its identity"

    def __init__(self, stack: DeployedStack, store: KeyVaultStore, cluster: ClusterClient) -> None:
        """Keep what sessions have in common.

        :param stack: The stack whose workloads read from it.
        :param store: The vault.
        :param cluster: Has a service principal's credentials.
        """
        self.stack = stack
        self.store = store
        self._cluster = cluster
        together = store.identity_mode not in {"workload-identity", "identity-binding", "pod-identity"}
        declared = {item for workload in stack.workloads for item in _list_declared(workload)}
        self.objects: dict[str, list[Object]] = {}
        """Objects of all workloads, by name: a secret, a key and a certificate may have the same name."""
        for item in sorted(declared):
            self.objects.setdefault(item[1], []).append(item)
        self.names = Sampler(self.objects)
        """Their names."""
        self.shared = f"in mode {store.identity_mode} all workloads are one" if together else None

    def list_expected_files(self, provider_class: ProviderClass) -> Sequence[ExpectedFile]:
        """List the files that a SecretProviderClass has the driver mount."""
        return _map_entries(provider_class, _expect_file)

    def log_in(self, workload: DeployedWorkload, provider_class: ProviderClass, token: str) -> "KeyVaultSession":
        """Exchange the token for one of the identity."""
        credential = self._build_credential(workload, provider_class.parameters, token)
        scope = f"https://{self.store.url.partition('.')[2]}/.default"
        name = provider_class.parameters.get("clientID") or self.store.identity_mode
        _call(self.store, lambda: credential.get_token(scope))
        return KeyVaultSession(self, credential, name, self._list_allowed(provider_class))

    def _list_allowed(self, provider_class: ProviderClass) -> Collection[str]:
        """List the kinds whose names an access policy must list, so that versions can be listed."""
        if self.store.access != "policies":
            return ()
        return {_PLURALS[kind] for kind, older in _map_entries(provider_class, _parse_history) if older > 1}

    def _build_credential(
        self, workload: DeployedWorkload, parameters: Mapping[str, str], token: str
    ) -> TokenCredential:
        tenant, authority, mode = parameters["tenantID"], self.store.authority, self.store.identity_mode
        if mode in FEDERATED:
            return ClientAssertionCredential(
                tenant, parameters["clientID"], lambda: token, authority=authority, **build_client_options()
            )
        if mode == "service-principal":
            return self._build_principal(workload, tenant)
        if parameters.get("useVMManagedIdentity") == "true":
            return ManagedIdentityCredential(
                client_id=parameters.get("userAssignedIdentityID") or None, **build_client_options()
            )
        raise NotTriedError(f"in mode {mode} only a pod gets a token")

    def _build_principal(self, workload: DeployedWorkload, tenant: str) -> TokenCredential:
        namespace, client, password = workload.namespace, "clientid", "clientsecret"
        if workload.delivery == "akv2k8s":
            place = self.stack.kubernetes.akv2k8s_credentials
            if place is None:
                raise NotTriedError("another owner's akv2k8s has the credentials")
            namespace, name, client, password = place.namespace, place.name, "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"
        else:
            name = workload.identity["secret"]
        held = self._cluster.read_secret(namespace, name)
        if not {client, password} <= set(held):
            raise DeniedError(f"the Secret {namespace}/{name} lacks {client} or {password}")
        return ClientSecretCredential(
            tenant, held[client], held[password], authority=self.store.authority, **build_client_options()
        )


class KeyVaultSession:
    """An identity, with a token of Microsoft Entra ID."""

    def __init__(self, store: KeyVault, credential: TokenCredential, name: str, listed: Collection[str] = ()) -> None:
        """Begin a session; nothing is read yet.

        :param store: The vault.
        :param credential: The identity's credential.
        :param name: Its client id, or its mode.
        :param listed: What it may list, of secrets, keys and certificates.
        """
        self.name = name
        self._listed = listed
        self._store = store
        url = store.store.url
        self._secrets = SecretClient(url, credential, **build_client_options())
        self._keys = KeyClient(url, credential, **build_client_options())
        self._certificates = CertificateClient(url, credential, **build_client_options())

    def list_denied_checks(self, workload: DeployedWorkload) -> Sequence[DeniedCheck]:
        """List what this workload must be refused: others' objects, lists, and changes."""
        own = set(_list_declared(workload))
        objects = self._store.objects
        whole = {name for _, name in own if own.issuperset(objects[name])}
        drawn = self._store.names.draw(workload.path, MOST, without=whole)
        tried = sorted(item for name in drawn for item in objects[name] if item not in own)
        nobody = f"strongroom-{secrets.token_hex(12)}"
        reason = self._store.shared
        if self._store.store.access == "policies":
            reason = "an access policy can't be narrower than a kind of object"
        listed: dict[str, Callable[[], object]] = {
            "secrets": lambda: next(iter(self._secrets.list_properties_of_secrets()), None),
            "keys": lambda: next(iter(self._keys.list_properties_of_keys()), None),
            "certificates": lambda: next(iter(self._certificates.list_properties_of_certificates()), None),
        }
        refused = {name: self._build_request(call) for name, call in listed.items() if name not in self._listed}
        return [
            DeniedCheck(
                "is refused other workloads' objects",
                {item[1]: self._build_read(item) for item in tried},
                reason or (None if tried else "no other workload declares an object of its own"),
            ),
            DeniedCheck(
                "is refused names that nobody knows",
                {kind: self._ignore_absent(lambda kind=kind: self._get((kind, nobody), None)) for kind in _KINDS},
                reason,
            ),
            DeniedCheck(
                "is refused listing",
                refused,
                None if refused else "its access policy lists each kind, whose older versions it reads",
            ),
            DeniedCheck(
                "is refused writing", {item[1]: self._build_request(self._build_update(item)) for item in sorted(own)}
            ),
            DeniedCheck(
                "is refused setting and deleting",
                {
                    name: self._ignore_absent(self._build_request(call))
                    for name, call in self._list_admin_requests(nobody).items()
                },
            ),
        ]

    def close(self) -> None:
        """Do nothing: a token of Microsoft Entra ID can't be revoked."""

    def inspect(
        self, workload: DeployedWorkload, deployment: "Deployment", digests: "Digests | None"
    ) -> Iterable["Check"]:
        """Compare the values of the workload's secrets; an identity can't query its own rights."""
        from ..verify.key_vault_values import check_values  # noqa: PLC0415 - it needs this module

        if digests is None:
            return ()
        names = sorted({name for kind, name in _list_declared(workload) if kind == "secret"})
        return check_values(workload, names, self._read_value, deployment, digests)

    def _read_value(self, name: str) -> str:
        try:
            found: Any = self._get(("secret", name), None)
        except DeniedError as error:
            raise NotAllowedError(str(error)) from None
        return found.value

    def _list_admin_requests(self, nobody: str) -> Mapping[str, Callable[[], object]]:
        """Build requests about names that do not exist: they change nothing even if they are allowed."""
        deleted = {"list deleted secrets": lambda: next(iter(self._secrets.list_deleted_secrets()), None)}
        return {
            f"set secret {nobody}": lambda: self._secrets.set_secret(nobody, "x" * _TOO_LONG),
            f"delete secret {nobody}": lambda: self._secrets.begin_delete_secret(nobody),
            f"recover secret {nobody}": lambda: self._secrets.begin_recover_deleted_secret(nobody, **ANY_METHOD),
            f"purge secret {nobody}": lambda: self._secrets.purge_deleted_secret(nobody),
            f"delete key {nobody}": lambda: self._keys.begin_delete_key(nobody),
            f"delete certificate {nobody}": lambda: self._certificates.begin_delete_certificate(nobody),
            # The right to list secrets covers those too. (Microsoft Learn: "Get Deleted Secrets")
            **({} if "secrets" in self._listed else deleted),
        }

    def _ignore_absent(self, call: Callable[[], object]) -> Callable[[], object]:
        """Wrap a request about a name that does not exist: the vault says so only to those who may use it."""

        def attempt() -> object:
            try:
                return call()
            except (AbsentError, _RejectedError) as error:
                if _NO_VAULT in str(error):
                    raise
                return None

        return attempt

    def read(self, item: Object, version: str | None = None) -> None:
        """Read an object and drop it.

        :raises DeniedError: Nothing allows it.
        :raises MissingError: It isn't there, or is disabled.
        :raises OpsError: The vault can't be reached.
        """
        try:
            self._get(item, version)
        except MissingError:
            raise
        except AbsentError as error:
            if _NO_VAULT in str(error):
                raise
            raise MissingError(str(error), "version" if version and self._has(item) else "object") from None

    def read_history(self, item: Object, version: str | None, older: int) -> None:
        """Read each version that Azure's provider mounts of an object with a history, and drop it.

        :param version: The newest of them; if omitted, the latest.
        :param older: How many older ones at the most.
        :raises DeniedError: Nothing allows listing the versions, or reading one.
        :raises MissingError: None of them is there, or enabled.
        :raises OpsError: The vault can't be reached.
        """
        for each in self.list_history(item, version, older):
            self.read(item, each)

    def list_history(self, item: Object, version: str | None, older: int) -> Sequence[str]:
        """List the versions that Azure's provider mounts of an object with a history, the newest first.

        :raises DeniedError: Nothing allows listing them.
        :raises MissingError: None of them is there, or enabled.
        :raises OpsError: The vault can't be reached.
        """
        try:
            found = self._list_enabled(item)
        except AbsentError as error:
            if _NO_VAULT in str(error):
                raise
            raise MissingError(str(error), "object") from None
        if not found:
            raise MissingError(f"no version of {item[1]} is enabled", "object")
        first = found.index(version) if version in found else 0 if version is None else None
        if first is None:
            raise MissingError(f"there is no version {version} that is enabled", "version")
        return found[first : first + 1 + older]

    def read_content(self, item: Object, version: str | None, entry: Mapping[str, Any]) -> bytes | None:
        """Read what the file of an object's version holds; `None` if Azure's provider converts it.

        It makes PEM of keys, and of a certificate's PFX unless the object's format is PFX. (Source of Azure's provider
        1.8.2)

        :param entry: The object, as the SecretProviderClass has it.
        :raises DeniedError: Nothing allows it.
        :raises MissingError: It isn't there, or is disabled.
        :raises OpsError: The vault can't be reached.
        """
        found: Any = self._get(item, version)
        if item[0] == "cert":
            return ssl.DER_cert_to_PEM_cert(bytes(found.cer)).encode()
        converted = item[0] == "secret" and found.properties.key_id and entry.get("objectFormat") != "pfx"
        if item[0] == "key" or (converted and found.properties.content_type == _PFX):
            return None
        return decode(found.value, entry.get("objectEncoding", "utf-8"))

    def _list_enabled(self, item: Object) -> Sequence[str]:
        """List the versions of an object that are enabled, the newest first, as Azure's provider does."""
        kind, name = item
        calls: dict[str, Callable[[], Iterable[Any]]] = {
            "secret": lambda: self._secrets.list_properties_of_secret_versions(name),
            "key": lambda: self._keys.list_properties_of_key_versions(name),
            "cert": lambda: self._certificates.list_properties_of_certificate_versions(name),
        }
        found = cast("list[Any]", _call(self._store.store, lambda: list(calls[kind]())))
        enabled = [each for each in found if each.enabled is not False]
        return [each.version for each in sorted(enabled, key=lambda each: each.created_on, reverse=True)]

    def find_version(self, item: Object, version: str | None = None) -> CurrentVersion:
        """Find a version of an object; if omitted, the latest.

        :raises DeniedError: Nothing allows it.
        :raises AbsentError: It isn't there, or is disabled.
        :raises OpsError: The vault can't be reached.
        """
        found: Any = self._get(item, version)
        return CurrentVersion(found.properties.version, found.properties.created_on)

    def _has(self, item: Object) -> bool:
        try:
            self._get(item, None)
        except MissingError:
            return True
        except (AbsentError, DeniedError):
            return False
        return True

    def _get(self, item: Object, version: str | None) -> object:
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
        return _call(self._store.store, calls[kind])

    def _build_read(self, item: Object) -> Callable[[], object]:
        return lambda: self.read(item)

    def _build_request(self, call: Callable[[], object]) -> Callable[[], object]:
        return lambda: _call(self._store.store, call)

    def _build_update(self, item: Object) -> Callable[[], object]:
        """Build an update that changes nothing but the time of the last update, even if it is allowed."""
        kind, name = item
        calls: dict[str, Callable[[], object]] = {
            "secret": lambda: self._secrets.update_secret_properties(name, **ANY_METHOD),
            "key": lambda: self._keys.update_key_properties(name, **ANY_METHOD),
            "cert": lambda: self._certificates.update_certificate_properties(name, **ANY_METHOD),
        }
        return calls[kind]


def _list_declared(workload: DeployedWorkload) -> list[Object]:
    return [(item.type, name_vault_object(item.object, item.key)) for item in workload.objects]


def _map_entries(provider_class: ProviderClass, use: Callable[[Mapping[str, Any]], T]) -> list[T]:
    """Parse each object of a SecretProviderClass.

    :raises OpsError: Azure's provider can't parse them.
    """
    try:
        document: dict[str, list[str]] = yaml.safe_load(provider_class.parameters["objects"]) or {}
        return [use(yaml.safe_load(text)) for text in document.get("array") or ()]
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise OpsError(
            f"the objects of the SecretProviderClass can't be parsed as Azure's provider does: {type(error).__name__}"
        ) from None


def _parse_history(entry: Mapping[str, Any]) -> tuple[str, int]:
    return entry["objectType"], entry.get("objectVersionHistory", 1)


def _expect_file(entry: Mapping[str, Any]) -> ExpectedFile:
    item = (entry["objectType"], entry["objectName"])
    if item[0] not in _KINDS:
        raise OpsError(
            f"the objectType {item[0]!r} of {item[1]!r} is not valid: the provider takes {', '.join(_KINDS[:-1])} and "
            f"{_KINDS[-1]}"
        )
    version, older = entry.get("objectVersion"), entry.get("objectVersionHistory", 1)
    place = f"{entry['objectType']} {entry['objectName']}"
    if older > 1:
        place += f" and up to {older} older versions"

    def read(session: Session) -> None:
        vault = cast("KeyVaultSession", session)
        if older > 1:
            vault.read_history(item, version, older)
        else:
            vault.read(item, version)

    def find_version(session: Session) -> CurrentVersion:
        return cast("KeyVaultSession", session).find_version(item, version)

    file = entry.get("objectAlias") or entry["objectName"]

    def read_contents(session: Session) -> Mapping[str, bytes | None]:
        vault = cast("KeyVaultSession", session)
        if older <= 1:
            return {file: vault.read_content(item, version, entry)}
        versions = vault.list_history(item, version, older)
        return {f"{file}/{number}": vault.read_content(item, each, entry) for number, each in enumerate(versions)}

    mode = int(str(entry.get("filePermission") or "0644"), 8)
    # (Source of Azure's provider 1.8.2: "GetObjectUID")
    object_id = f"{item[0]}/{item[1]}" + ("/0" if older > 1 else "")
    return ExpectedFile(file, place, read, find_version, read_contents, mode, object_id=object_id)


def _call(store: KeyVaultStore, call: Callable[[], object]) -> object:
    try:
        return call()
    except CredentialUnavailableError:
        raise NotTriedError("only a node of the cluster has this identity") from None
    except ClientAuthenticationError as error:
        # The client raises the same for a response that it does not understand.
        is_silent = error.status_code is None and not _CODE.search(_explain(error))
        if _is_busy(error) or is_silent or _UNCHECKED.search(_format_error(error)):
            raise UnreachableError(f"Microsoft Entra ID can't be reached: {_explain(error)}") from None
        if not _CODE.search(_format_error(error)):
            raise OpsError(f"{error.status_code} is no refusal of Microsoft Entra ID: {_explain(error)}") from None
        raise DeniedError(_explain(error)) from None
    except ResourceNotFoundError as error:
        raise AbsentError(_explain(error)) from None
    except HttpResponseError as error:
        if any(code in _format_error(error) for code in _DISABLED):
            raise MissingError("its version is disabled", "version") from None
        if _is_refusal(error):
            raise DeniedError(_explain(error)) from None
        if error.status_code == _BAD_REQUEST and error.error is not None:
            raise _RejectedError(f"Response of {store.url}: {_explain(error)}") from None
        kind = UnreachableError if _is_busy(error) else OpsError
        raise kind(f"Response of {store.url}: {_explain(error)}") from None
    except AzureError as error:
        if is_missing_vault(error):
            raise AbsentError(f"{_NO_VAULT}: {_EXPLAINED[_NO_VAULT]}, its name is not known") from None
        raise UnreachableError(f"{store.url} can't be reached: {type(error).__name__}") from None
    except UNEXPECTED as error:
        raise OpsError(describe_unexpected(store.url, error)) from None


class _RejectedError(OpsError):
    """The vault checked the rights, then rejected the request as invalid."""


def _is_refusal(error: HttpResponseError) -> bool:
    """Return whether the vault itself refused for lack of rights: a firewall's or a proxy's page is no refusal.

    (Microsoft Learn: "Azure Key Vault REST API error codes")
    """
    details: Any = getattr(error, "error", None)
    inner: Any = getattr(details, "innererror", None) or {}
    code = cast("dict[str, Any]", inner).get("code") if isinstance(inner, dict) else None
    return error.status_code == _FORBIDDEN and getattr(details, "code", None) == "Forbidden" and code in _REFUSALS


def _is_busy(error: HttpResponseError) -> bool:
    return error.status_code is not None and (error.status_code == 429 or error.status_code >= 500)


def is_missing_vault(error: AzureError) -> bool:
    """Return whether `error` means that there is no vault of that name."""
    return any(sign in str(error) for sign in (_NO_VAULT, *UNKNOWN_HOST))


def _format_error(error: AzureError) -> str:
    details: Any = getattr(error, "error", None)
    return f"{error} {getattr(details, 'innererror', '')}"


def _explain(error: AzureError) -> str:
    text = _format_error(error)
    for code, meaning in _EXPLAINED.items():
        if code in text:
            return f"{code}: {meaning}"
    return (text.splitlines() or [type(error).__name__])[0]
