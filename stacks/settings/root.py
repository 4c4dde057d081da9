"""The settings of a stack, typed and validated once."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, SecretStr

from strongroom.components.delivery import DELIVERIES
from strongroom.components.field_types import Declaration, ObjectPath, require_match
from strongroom.components.validators import require_unique
from strongroom.components.vault.audit import AUDIT_DEVICES
from strongroom.components.vault.server.storage import STORAGES
from strongroom.components.vault.server.tls import TLS
from strongroom.components.workload import Workload

from ..validation.messages import Unions
from .azure import AzureKeyVaultSettings
from .charts import ChartsSettings
from .kubernetes import KubernetesSettings
from .seeds import ObjectSeeds
from .vault import AUTH, VaultSettings
from .vault_logins import LOGINS
from .vault_server import KEY_STORES, SEALS

SECRET_KEYS = ("seeds", "clientSecret", "credentials")
"""Keys whose values are never format_value."""

_SUBJECT = r"(policy|group|user|principal) \S+( \S+)*|service account [^\s/]+/[^\s/]+"
_ADMINISTRATOR = (
    'is not a subject that `verify` finds: use "policy ops", "group platform", "user eve", '
    '"service account argocd/server" or "principal 00000000-0000-0000-0000-000000000000", as `verify` reports it'
)

UNIONS: Unions = {
    ("backend",): {"vault": VaultSettings, "azure-key-vault": AzureKeyVaultSettings},
    ("backend", "server", "tls"): TLS,
    ("backend", "server", "seal"): SEALS,
    ("backend", "server", "storage"): STORAGES,
    ("backend", "bootstrap", "keyStore"): KEY_STORES,
    ("backend", "auth"): AUTH,
    ("backend", "logins", "*"): LOGINS,
    ("backend", "audit", "*"): AUDIT_DEVICES,
    ("workloads", "*", "delivery"): DELIVERIES,
}
"""The settings whose `kind` selects a model."""


class Settings(Declaration):
    """A stack."""

    backend: Annotated[VaultSettings | AzureKeyVaultSettings, Field(discriminator="kind")]
    """The store."""

    workloads: Annotated[tuple[Workload, ...], require_unique("namespace", "name", what="the name and namespace")]
    """The workloads and the secrets that each may read."""

    kubernetes: KubernetesSettings = KubernetesSettings()
    """The cluster."""

    charts: ChartsSettings = ChartsSettings()
    """Other sources of the Helm charts that the stack installs than their pinned repositories."""

    seeds: Mapping[ObjectPath, ObjectSeeds] = {}
    """Values that the stack itself writes to the store: object, key, value. Key Vault's objects may go without a key:
    object, value."""

    credentials: Mapping[str, Annotated[SecretStr, Field(min_length=1)]] = {}
    """With `backend.logins`, as config secrets: by a login's path its `bindDn`'s password or its client's secret, by
    `<path>/<user>` a user's password. With `backend.databases`: by `<databaseMount.path>/<name>` the password of a
    database's `username`."""

    administrators: tuple[Annotated[str, require_match(_SUBJECT, _ADMINISTRATOR)], ...] = ()
    """Who may read the secrets besides the workloads, as `verify` names them in its errors: `policy ops`,
    `group platform`, `user eve`, `service account argocd/server`, `principal` and an object id. `--administrator` adds
    to these."""

    client_secret: Annotated[SecretStr | None, Field(min_length=1)] = None
    """With `backend.identity.mode: service-principal`: the service principal's secret, as a config secret."""
