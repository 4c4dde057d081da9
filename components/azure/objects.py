"""What a workload's secrets are in a key vault, and how a SecretProviderClass asks for them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from ..workload import Secret
from ..yaml import format_yaml
from .types import check_object_name, check_version
from .vault_args import VaultCertificate

ObjectKind = Literal["secrets", "keys", "certificates"]
_KINDS: Mapping[str, ObjectKind] = {"secret": "secrets", "key": "keys", "cert": "certificates"}


@dataclass(frozen=True, order=True)
class VaultObject:
    """One object of a vault."""

    kind: ObjectKind
    """Which collection it is in, as a scope spells it."""

    name: str


def find_vault_object(secret: Secret) -> VaultObject:
    """Find the object that holds `secret`.

    A vault's objects have no keys: the key of an object becomes an object of its own, named `<object>-<key>`, and so
    each can be granted by itself.
    """
    return VaultObject(_KINDS[secret.type], name_vault_object(secret.object, secret.key))


def name_vault_object(name: str, key: str | None) -> str:
    """Return the vault's name for the key `key` of the object `name`."""
    return f"{name}-{key}" if key else name


def check_readable(secret: Secret) -> str | None:
    """Return why Key Vault can't serve `secret`, as the end of a sentence; `None` if it can.

    (Azure Key Vault provider docs: "Getting Certificates and Keys", "Configurations")
    """
    kind = secret.type
    if kind != "secret":
        if secret.key is not None:
            return f"has a key, which an object of type {kind!r} has not: leave key out"
        for option, given in (("format", secret.format is not None), ("encoding", secret.encoding != "utf-8")):
            if given:
                return f"has {option}, which goes with type 'secret' only: as {kind!r} the public half is read, in PEM"
    if secret.format == "pfx":
        if secret.encoding == "hex":
            return "has encoding 'hex', and a PFX is kept in base64: leave encoding out, and the file gets its bytes"
        if secret.env is not None:
            return "has env, and a PFX is binary, which no environment variable holds: read the file, or use 'pem'"
    if secret.version is not None and (issue := check_version(secret.version)):
        return f"has the version {secret.version!r}, which {issue}"
    if ".." in secret.name:
        return f"has the name {secret.name!r}, and Azure's provider writes no file with '..' in its name: rename it"
    whole = name_vault_object(secret.object, secret.key)
    if issue := check_object_name(whole):
        return f"is the object {whole!r}, which {issue}"
    return None


def check_certificate(secret: Secret, own: str, certificate: VaultCertificate) -> str | None:
    """Return why `secret` can't be read of the certificate `own`, as the end of a sentence; `None` if it can.

    (Azure Key Vault provider docs: "Getting Certificates and Keys", on `objectFormat`)
    """
    if secret.type != "secret" or name_vault_object(secret.object, secret.key).lower() != own.lower():
        return None
    if not certificate.exportable:
        return (
            f"is the private key of the certificate {own!r}, which never leaves the vault: set exportable: true in "
            f"certificates.{own}, or use type: cert for the public half"
        )
    if secret.format == "pfx" and certificate.content_type == "pem":
        return (
            f"has format 'pfx', and the vault keeps the certificate {own!r} as pem, of which Azure's provider makes no "
            f"PFX: set contentType: pfx in certificates.{own}, or use format: pem"
        )
    return None


def find_clashes(secrets: Iterable[tuple[str, str | None]]) -> dict[str, list[tuple[str, str | None]]]:
    """Find the names under which different objects and keys would be one object of the vault."""
    meanings: dict[str, list[tuple[str, str | None]]] = {}
    for name, key in secrets:
        known = meanings.setdefault(name_vault_object(name, key).lower(), [])
        if (name, key) not in known:
            known.append((name, key))
    return {name: known for name, known in meanings.items() if len(known) > 1}


def format_objects(secrets: Iterable[Secret]) -> str:
    """Format the `objects` parameter of a SecretProviderClass for Azure: YAML whose `array` holds YAML again, as text.

    (Azure Key Vault provider docs: "Getting Certificates and Keys")
    """
    return format_yaml({"array": [format_yaml(_build_entry(secret)) for secret in secrets]})


def _build_entry(secret: Secret) -> dict[str, str | int]:
    entry: dict[str, str | int] = {
        "objectName": find_vault_object(secret).name,
        "objectType": secret.type,
        "objectAlias": secret.name,
    }
    if secret.version is not None:
        entry["objectVersion"] = secret.version
    if secret.version_history > 1:
        entry["objectVersionHistory"] = secret.version_history
    if secret.format is not None:
        entry["objectFormat"] = secret.format
    # The vault keeps a PFX in base64, and the provider writes what the vault has unless it is asked to decode it.
    if encoding := "base64" if secret.format == "pfx" else secret.encoding if secret.encoding != "utf-8" else None:
        entry["objectEncoding"] = encoding
    if secret.file_permission is not None:
        entry["filePermission"] = secret.file_permission
    return entry
