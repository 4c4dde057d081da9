"""Everything that a stack may say, typed and validated once."""

import json
from collections.abc import Collection, Mapping
from typing import Annotated, Any, cast

import pulumi
from pulumi.runtime import config as raw_config
from pydantic import Field, SecretStr, ValidationError

from components.delivery import DELIVERIES
from components.names import Declaration, ObjectPath, matching
from components.unique import unique
from components.vault.audit import AUDIT_DEVICES
from components.vault.storage import STORAGES
from components.vault.tls import TLS
from components.workload import Workload

from .azure import AzureKeyVaultSettings
from .charts import ChartsSettings
from .crosschecks import crosschecks, plain
from .faults import NAMESPACE, Fault, InvalidSettingsError, Location
from .kubernetes import KubernetesSettings
from .raw import sifted
from .seeds import ObjectSeeds
from .validation import Unions, faults_of, misfits
from .vault import AUTH, VaultSettings
from .vault_logins import LOGINS
from .vault_server import CUSTODIES, SEALS

SECRET_KEYS = ("seeds", "clientSecret", "credentials")
"""Keys whose values are never shown."""

_WHO = r"(policy|group|user|principal) \S+( \S+)*|service account [^\s/]+/[^\s/]+"
_ADMINISTRATOR = (
    'is nobody whom `verify` finds: write "policy ops", "group platform", "user eve", "service account argocd/server" '
    'or "principal 00000000-0000-0000-0000-000000000000", as its red line does'
)

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

    administrators: tuple[Annotated[str, matching(_WHO, _ADMINISTRATOR)], ...] = ()
    """Who may reach the secrets besides the workloads, as a red line of `verify` names them: `policy ops`,
    `group platform`, `user eve`, `service account argocd/server`, `principal` and an object id. `--administrator` adds
    to these."""

    client_secret: Annotated[SecretStr | None, Field(min_length=1)] = None
    """With `backend.identity.mode: service-principal`: the service principal's secret, as a config secret."""


def parse(raw: Mapping[str, Any], *, stack: str, secret_keys: Collection[str] = SECRET_KEYS) -> Settings:
    """The settings in `raw`, which is a stack's configuration below `strongroom:`.

    :param stack: The stack's name: `http://` is for stacks named `local` or `local-…` alone.
    :param secret_keys: The keys that the configuration keeps encrypted.
    :raises InvalidSettingsError: With every fault that was found.
    """
    faults: list[Fault] = []
    wrong: set[Location] = set()
    settings: Settings | None = None
    try:
        settings = Settings.model_validate(raw)
    except ValidationError as error:
        faults = faults_of(error, Settings, {*SECRET_KEYS, *secret_keys}, UNIONS)
        wrong = misfits(error, UNIONS) | {fault.meant for fault in faults if fault.meant}
    # What is wrong by itself is told once, and not by the rules that it breaks as well.
    told = {fault.location for fault in faults} | wrong
    found = [*crosschecks(sifted(raw, wrong), stack=stack), *plain(raw, secret_keys)]
    faults += [fault for fault in dict.fromkeys(found) if fault.location not in told]
    if faults or settings is None:
        raise InvalidSettingsError(stack, faults)
    return settings


def of_stack() -> Settings:
    """The settings of the stack that runs.

    :raises InvalidSettingsError: With every fault that was found.
    """
    stack = pulumi.get_stack()
    values: dict[str, Any] = {**raw_config.get_config_env(), **raw_config.CONFIG.get()}
    raw = written({full_key: _decoded(value) for full_key, value in values.items()})
    encrypted = [key for key in raw if raw_config.is_config_secret(f"{NAMESPACE}:{key}")]
    return parse(raw, stack=stack, secret_keys=encrypted)


def written(config: Mapping[str, Any]) -> dict[str, Any]:
    """What a stack's configuration says below `strongroom:`. A key that was left empty says nothing."""
    return {
        key: value
        for namespace, _, key in (full_key.partition(":") for full_key in config)
        if namespace == NAMESPACE
        and ((value := config[f"{namespace}:{key}"]) not in (None, "") or key == "clientSecret")
    }


def _whole_number(text: str) -> int | str:
    """A number, or the text of one that Python refuses to read: it is at fault by itself."""
    try:
        return int(text)
    except ValueError:
        return text


def _decoded(value: str) -> Any:
    """A value as the engine hands it over: lists and mappings are JSON, and whatever else is text."""
    try:
        decoded: object = json.loads(value, parse_int=_whole_number)
    except ValueError:
        return value
    return cast("Any", decoded) if isinstance(decoded, dict | list) else value
