"""Certificates of a key vault. The Resource Manager has none: the data plane makes them."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

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

from ..cancellation import listen, pause
from ..dynamic_providers import StableProvider
from ..error_text import PlainError
from ..redact import told
from .client import UNEXPECTED, client_options, describe_unexpected
from .clouds import Cloud
from .credentials import credential
from .options import KeyType

Answer = TypeVar("Answer")
_SETTLING = 600
"""Seconds that a role may take to reach the vault. (Microsoft Learn: "Troubleshoot Azure RBAC")"""


@dataclass(frozen=True)
class VaultCertificate:
    """What a certificate must be. (Microsoft Learn: "About Azure Key Vault certificates")"""

    subject: str
    """X.509 subject, e.g. `CN=shop.example.net`."""

    dns_names: Sequence[str] = ()
    """Alternative names."""

    issuer: str = "Self"
    """`Self`, or an issuer that the vault knows."""

    validity_months: int = 12
    """How long it is valid."""

    renew_before_days: int = 30
    """How many days before its end the vault renews it."""

    key_type: KeyType = "RSA"
    """Its key's type; the HSM ones need a premium vault."""

    key_size: int | None = None
    """Bits of an RSA key; 3072 where it is left out."""

    exportable: bool = True
    """Whether the private key may leave the vault: a workload that mounts it needs that."""

    content_type: Literal["pem", "pfx"] = "pem"
    """How the vault keeps the private key and the chain, for those who read it as a secret."""

    def inputs(self) -> dict[str, Any]:
        """As the resource takes it."""
        size = (self.key_size or 3072) if self.key_type.startswith("RSA") else None
        return {
            "subject": self.subject,
            "dnsNames": list(self.dns_names),
            "issuer": self.issuer,
            "validityMonths": self.validity_months,
            "renewBeforeDays": self.renew_before_days,
            "keyType": self.key_type,
            "keySize": size,
            "exportable": self.exportable,
            "contentType": self.content_type,
        }


class CertificateError(PlainError):
    """A certificate can't be had: what, why, what to do."""


class Provider(StableProvider):
    stable_name = "azure-certificate"

    def create(self, props: dict[str, Any]) -> CreateResult:
        made = self._issued(props)
        return CreateResult(f"{props['vaultUrl']}/certificates/{props['name']}", {**props, **_outputs(made)})

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        changed = [key for key, value in _news.items() if key != "__provider" and _olds.get(key) != value]
        elsewhere = [key for key in changed if key in {"vaultUrl", "name", "tenantId"}]
        return DiffResult(changes=bool(changed), replaces=elsewhere, delete_before_replace=True)

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        return UpdateResult({**_news, **_outputs(self._issued(_news))})

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        try:
            found = _asked(props, lambda client: client.get_certificate(props["name"]))
        except ResourceNotFoundError:
            return ReadResult("", {})
        return ReadResult(id_, {**props, **_outputs(found)})

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        try:
            _asked(_props, lambda client: client.begin_delete_certificate(_props["name"]).wait())
        except ResourceNotFoundError:
            return

    def _issued(self, props: dict[str, Any]) -> KeyVaultCertificate:
        name = props["name"]

        def issue(client: CertificateClient) -> KeyVaultCertificate:
            try:
                made = client.begin_create_certificate(name, _policy(props)).result()
            except ResourceExistsError as error:
                if "deleted but recoverable" not in str(error):
                    raise
                client.begin_recover_deleted_certificate(name).wait()
                made = client.begin_create_certificate(name, _policy(props)).result()
            if not isinstance(made, KeyVaultCertificate):
                raise CertificateError(
                    f"Certificate {name!r} waits for its issuer {props['issuer']!r} ({made.status}): "
                    "complete the request there, and run again"
                )
            return made

        return _asked(props, issue)


def _asked(props: Mapping[str, Any], call: Callable[[CertificateClient], Answer]) -> Answer:
    """What `call` gives, once the deployer's role has reached the vault."""
    url = props["vaultUrl"]
    client = CertificateClient(url, credential(props["tenantId"], props["authority"]), **client_options())
    listen()
    end, seconds = time.monotonic() + _SETTLING, 1.0
    while True:
        try:
            return call(client)
        except (ResourceExistsError, ResourceNotFoundError):
            raise
        except HttpResponseError as error:
            if error.status_code != 403 or time.monotonic() > end:
                raise CertificateError(f"{url} refused certificate {props['name']!r}: {told(error)}") from None
        except AzureError as error:
            raise CertificateError(f"{url} can't be asked for certificate {props['name']!r}: {told(error)}") from None
        except UNEXPECTED as error:
            asked = f", asked for certificate {props['name']!r}"
            raise CertificateError(describe_unexpected(f"{url} or the directory", error, asked=asked)) from None
        pause(seconds, f"this machine's login may make certificate {props['name']!r} at {url}")
        seconds = min(seconds * 1.5, 15)


def _policy(props: Mapping[str, Any]) -> CertificatePolicy:
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


def _outputs(made: KeyVaultCertificate) -> dict[str, Any]:
    properties = made.properties
    return {
        "version": properties.version if properties else "",
        "thumbprint": properties.x509_thumbprint.hex() if properties and properties.x509_thumbprint else "",
    }


class Certificate(Resource, module="strongroom", name="Certificate"):
    """A certificate in a key vault, made by its data plane with the deployer's own credential.

    A change of its policy issues a new version. Deleting it is soft; making one whose name was deleted softly recovers
    that first. (Microsoft Learn: "About Azure Key Vault certificates")
    """

    version: pulumi.Output[str]
    """The version that was issued last."""

    thumbprint: pulumi.Output[str]
    """SHA-1, in hexadecimal."""

    def __init__(
        self,
        resource_name: str,
        *,
        name: str,
        vault_url: pulumi.Input[str],
        tenant_id: str,
        cloud: Cloud,
        certificate: VaultCertificate,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        :param resource_name: Its name in the stack.
        :param name: Its name in the vault.
        :param vault_url: The vault's URL.
        :param tenant_id: The directory that the deployer is in.
        :param cloud: The cloud that the vault is in.
        :param certificate: What it must be.
        """
        super().__init__(
            Provider(),
            resource_name,
            {
                "name": name,
                "vaultUrl": vault_url,
                "tenantId": tenant_id,
                "authority": cloud.authority,
                **certificate.inputs(),
                "version": None,
                "thumbprint": None,
            },
            opts,
        )
