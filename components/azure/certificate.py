"""Certificates of a key vault. The Resource Manager has none: the data plane makes them."""

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import pulumi
from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.keyvault.certificates import (
    CertificateClient,
    CertificateContentType,
    CertificatePolicy,
    CertificatePolicyAction,
    KeyVaultCertificate,
    LifetimeAction,
)
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, UpdateResult
from typing_extensions import override

from ..args import Args, Input
from ..cancellation import listen, pause
from ..dynamic_providers import StableProvider
from ..error_text import PlainError
from ..redact import redact_error
from ..urls import Https
from .client import UNEXPECTED, build_client_options, describe_unexpected
from .clouds import PUBLIC, Cloud
from .credentials import find_credential
from .types import Guid, VaultObjectName
from .vault_args import VaultCertificate

Answer = TypeVar("Answer")
_SETTLING = 600
"""Seconds that a role may take to reach the vault. (Microsoft Learn: "Troubleshoot Azure RBAC")"""


class CertificateError(PlainError):
    """A certificate can't be had: what, why, what to do."""


class Provider(StableProvider):
    """Has the vault issue a certificate, and renews and deletes it."""

    stable_name = "azure-certificate"

    @override
    def create(self, props: dict[str, Any]) -> CreateResult:
        made = self._ensure_issued(props)
        return CreateResult(f"{props['vaultUrl']}/certificates/{props['name']}", {**props, **_read_outputs(made)})

    @override
    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        changed = [key for key, value in _news.items() if key != "__provider" and _olds.get(key) != value]
        elsewhere = [key for key in changed if key in {"vaultUrl", "name", "tenantId"}]
        return DiffResult(changes=bool(changed), replaces=elsewhere, delete_before_replace=True)

    @override
    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        return UpdateResult({**_news, **_read_outputs(self._ensure_issued(_news))})

    @override
    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        try:
            found = _call_vault(props, lambda client: client.get_certificate(props["name"]))
        except ResourceNotFoundError:
            return ReadResult("", {})
        return ReadResult(id_, {**props, **_read_outputs(found)})

    @override
    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        try:
            _call_vault(_props, lambda client: client.begin_delete_certificate(_props["name"]).wait())
        except ResourceNotFoundError:
            return

    def _ensure_issued(self, props: dict[str, Any]) -> KeyVaultCertificate:
        name = props["name"]

        def issue(client: CertificateClient) -> KeyVaultCertificate:
            try:
                made = client.begin_create_certificate(name, _build_policy(props)).result()
            except ResourceExistsError as error:
                if "deleted but recoverable" not in str(error):
                    raise
                client.begin_recover_deleted_certificate(name).wait()
                made = client.begin_create_certificate(name, _build_policy(props)).result()
            if not isinstance(made, KeyVaultCertificate):
                raise CertificateError(
                    f"Certificate {name!r} waits for its issuer {props['issuer']!r} ({made.status}): "
                    "complete the request there, and run again"
                )
            return made

        return _call_vault(props, issue)


def _call_vault(props: Mapping[str, Any], call: Callable[[CertificateClient], Answer]) -> Answer:
    """Return what `call` returns, once the deployer's role has reached the vault."""
    url = props["vaultUrl"]
    client = CertificateClient(url, find_credential(props["tenantId"], props["authority"]), **build_client_options())
    listen()
    end, seconds = time.monotonic() + _SETTLING, 1.0
    while True:
        try:
            return call(client)
        except (ResourceExistsError, ResourceNotFoundError):
            raise
        except HttpResponseError as error:
            if error.status_code != 403 or time.monotonic() > end:
                raise CertificateError(f"{url} refused certificate {props['name']!r}: {redact_error(error)}") from None
        except AzureError as error:
            raise CertificateError(
                f"{url} can't be asked for certificate {props['name']!r}: {redact_error(error)}"
            ) from None
        except UNEXPECTED as error:
            asked = f", asked for certificate {props['name']!r}"
            raise CertificateError(describe_unexpected(f"{url} or Microsoft Entra ID", error, asked=asked)) from None
        pause(seconds, f"this machine's login may make certificate {props['name']!r} at {url}")
        seconds = min(seconds * 1.5, 15)


def _build_inputs(certificate: VaultCertificate) -> dict[str, Any]:
    size = (certificate.key_size or 3072) if certificate.key_type.startswith("RSA") else None
    return {
        "subject": certificate.subject,
        "dnsNames": list(certificate.dns_names),
        "issuer": certificate.issuer,
        "validityMonths": certificate.validity_months,
        "renewBeforeDays": certificate.renew_before_days,
        "keyType": certificate.key_type,
        "keySize": size,
        "exportable": certificate.exportable,
        "contentType": certificate.content_type,
    }


def _build_policy(props: Mapping[str, Any]) -> CertificatePolicy:
    content = CertificateContentType.pem if props["contentType"] == "pem" else CertificateContentType.pkcs12
    return CertificatePolicy(
        props["issuer"],
        subject=props["subject"],
        san_dns_names=props["dnsNames"] or None,
        validity_in_months=int(props["validityMonths"]),
        key_type=props["keyType"],
        key_size=int(props["keySize"]) if props.get("keySize") else None,
        exportable=bool(props["exportable"]),
        content_type=content,
        lifetime_actions=[
            LifetimeAction(CertificatePolicyAction.auto_renew, days_before_expiry=int(props["renewBeforeDays"]))
        ],
    )


def _read_outputs(made: KeyVaultCertificate) -> dict[str, Any]:
    properties = made.properties
    return {
        "version": properties.version if properties else "",
        "thumbprint": properties.x509_thumbprint.hex() if properties and properties.x509_thumbprint else "",
    }


class CertificateArgs(Args):
    """The arguments of a `Certificate`."""

    name: VaultObjectName
    """Its name in the vault."""

    vault_url: Input[Https]
    """The vault's URL."""

    tenant_id: Guid
    """The Microsoft Entra tenant of the login that deploys."""

    cloud: Cloud = PUBLIC
    """The cloud that the vault is in."""

    certificate: VaultCertificate
    """What it must be."""


class Certificate(Resource, module="strongroom", name="Certificate"):
    """A certificate in a key vault, made by its data plane with the deployer's own credential.

    A change of its policy issues a new version. Deleting it is soft; making one whose name was deleted softly recovers
    that first. (Microsoft Learn: "About Azure Key Vault certificates")
    """

    version: pulumi.Output[str]
    """The version that was issued last."""

    thumbprint: pulumi.Output[str]
    """SHA-1, in hexadecimal."""

    def __init__(self, resource_name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the certificate, which the vault issues when the resource is created.

        :param resource_name: The resource's name in the stack.
        :param args: Its arguments.
        """
        super().__init__(
            Provider(),
            resource_name,
            {
                "name": args.name,
                "vaultUrl": args.vault_url,
                "tenantId": args.tenant_id,
                "authority": args.cloud.authority,
                **_build_inputs(args.certificate),
                "version": None,
                "thumbprint": None,
            },
            opts,
        )
