"""Everything that a stack may say, typed and validated once."""

import json
from collections.abc import Collection, Mapping
from typing import Annotated, Any

import pulumi
from pulumi.runtime import config as raw_config
from pydantic import Field, SecretStr, ValidationError

from components.delivery import DELIVERIES
from components.names import Declaration, ObjectPath
from components.unique import unique
from components.vault.audit import AUDIT_DEVICES
from components.vault.storage import STORAGES
from components.vault.tls import TLS
from components.workload import Workload

from .azure import AzureKeyVaultSettings
from .charts import ChartsSettings
from .crosschecks import crosschecks
from .faults import NAMESPACE, InvalidSettingsError, Unions, faults_of
from .kubernetes import KubernetesSettings
from .seeds import ObjectSeeds
from .vault import AUTH, VaultSettings
from .vault_logins import LOGINS
from .vault_server import CUSTODIES, SEALS

SECRET_KEYS = ("seeds", "clientSecret", "credentials")
"""Keys whose values are never shown."""

UNIONS: Unions = {
    ("backend",): {"vault": VaultSettings, "azure-key-vault": AzureKeyVaultSettings},
    ("backend", "server", "tls"): TLS,
    ("backend", "server", "seal"): SEALS,
    ("backend", "server", "storage"): STORAGES,
    ("backend", "bootstrap", "custody"): CUSTODIES,
    ("backend", "auth"): AUTH,
    ("backend", "logins", "*"): LOGINS,
    ("backend", "audit", "*"): AUDIT_DEVICES,
    ("workloads", "*", "delivery"): DELIVERIES,
}
"""What is told apart by its kind."""


class Settings(Declaration):
    """A stack."""

    backend: Annotated[VaultSettings | AzureKeyVaultSettings, Field(discriminator="kind")]
    """The store."""

    workloads: Annotated[tuple[Workload, ...], unique("namespace", "name", what="the name and namespace")]
    """The workloads and the secrets that each may read."""

    kubernetes: KubernetesSettings = KubernetesSettings()
    """The cluster."""

    charts: ChartsSettings = ChartsSettings()
    """Where the Helm charts come from that the stack installs, where it is not their pinned repositories."""

    seeds: Mapping[ObjectPath, ObjectSeeds] = {}
    """Values that the stack itself writes to the store: object, key, value. Key Vault's objects may go without a key:
    object, value."""

    credentials: Mapping[str, Annotated[SecretStr, Field(min_length=1)]] = {}
    """With `backend.logins`, as config secrets: by a login's path its `bindDn`'s password or its client's secret, by
    `<path>/<user>` a user's password."""

    client_secret: Annotated[SecretStr | None, Field(min_length=1)] = None
    """With `backend.identity.mode: service-principal`: the service principal's secret, as a config secret."""


def parse(raw: Mapping[str, Any], *, stack: str, secret_keys: Collection[str] = SECRET_KEYS) -> Settings:
    """The settings in `raw`, which is a stack's configuration below `strongroom:`.

    :param stack: The stack's name: `http://` is for stacks named `local` or `local-…` alone.
    :param secret_keys: The keys that the configuration keeps encrypted.
    :raises InvalidSettingsError: With every fault that was found.
    """
    faults = crosschecks(raw, stack=stack, secret_keys=secret_keys)
    try:
        settings = Settings.model_validate(raw)
    except ValidationError as error:
        faults = [*faults_of(error, Settings, SECRET_KEYS, UNIONS), *faults]
        raise InvalidSettingsError(stack, faults) from None
    if faults:
        raise InvalidSettingsError(stack, faults)
    return settings


def of_stack() -> Settings:
    """The settings of the stack that runs.

    :raises InvalidSettingsError: With every fault that was found.
    """
    stack = pulumi.get_stack()
    raw: dict[str, Any] = {}
    values: dict[str, Any] = {**raw_config.get_config_env(), **raw_config.CONFIG.get()}
    for full_key, value in values.items():
        namespace, _, key = full_key.partition(":")
        if namespace != NAMESPACE:
            continue
        try:
            raw[key] = json.loads(value)
        except ValueError:
            raw[key] = value
    encrypted = [key for key in SECRET_KEYS if raw_config.is_config_secret(f"{NAMESPACE}:{key}")]
    return parse(raw, stack=stack, secret_keys=encrypted)
