"""Where a Vault server keeps its data."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from ...field_types import Declaration, DnsLabel, Switch, Text, require_match
from ...hosts import HostAndPort
from .pod_paths import DATA_DIRECTORY, STORAGE_CA_DIRECTORY
from .tls import CA_FILE

Quantity = Annotated[
    str,
    require_match(
        r"(?=.*[1-9])[0-9]{1,12}([.][0-9]{1,9})?(m|[kMGTPE]i?)?",
        'is not an amount: use a number above 0 with a unit of Kubernetes\', in quotes, e.g. "10Gi" or "500m"',
    ),
]
"""An amount as Kubernetes writes it, e.g. `10Gi`."""

Table = Annotated[
    str,
    require_match(
        r"[A-Za-z_][A-Za-z0-9_]{0,62}", "is not a name in a database: use letters, digits and '_', not a digit first"
    ),
]
"""A table, or a database."""

_SPANNER = "is not a database of Spanner's: it looks like projects/PROJECT/instances/INSTANCE/databases/DATABASE"
_ACCOUNT = "is not a Google service account: it looks like vault@PROJECT.iam.gserviceaccount.com"


class Volume(Declaration):
    """A volume of each pod."""

    size: Quantity = "10Gi"
    """Its size."""

    storage_class: Text | None = None
    """Its storage class; if omitted, the cluster's default."""


class RaftStorage(Declaration):
    """Each pod's own volume; Vault keeps them alike. HashiCorp recommends it.

    (Vault docs: "Integrated storage")
    """

    kind: Literal["raft"] = "raft"
    """Which storage: `raft`."""

    volume: Volume = Volume()
    """The volume."""


class ConsulStorage(Declaration):
    """A Consul that exists.

    (Vault docs: "Consul storage backend")
    """

    kind: Literal["consul"] = "consul"
    """Which storage: `consul`."""

    address: HostAndPort
    """Its host and port, e.g. `consul.example.net:8501`."""

    path: Text = "vault/"
    """The prefix of its key-value store that Vault's data is below."""

    secret: DnsLabel | None = None
    """A Secret in the server's namespace whose `token` is an ACL token that may write there."""

    tls: Switch = True
    """Whether it speaks HTTPS."""

    ca_secret: DnsLabel | None = None
    """A Secret in the server's namespace whose `ca.crt` signed its certificate."""


class PostgresStorage(Declaration):
    """A PostgreSQL that exists, with its tables as documented.

    (Vault docs: "PostgreSQL storage backend")
    """

    kind: Literal["postgresql"] = "postgresql"
    """Which storage: `postgresql`."""

    secret: DnsLabel
    """A Secret in the server's namespace whose `connection-url` is `postgres://user:password@host/database?sslmode=…`."""

    table: Table = "vault_kv_store"
    """The table of Vault's data."""

    ha_table: Table = "vault_ha_locks"
    """The table by which pods agree on a leader."""


class MysqlStorage(Declaration):
    """A MySQL that exists, 5.6 or newer.

    (Vault docs: "MySQL storage backend")
    """

    kind: Literal["mysql"] = "mysql"
    """Which storage: `mysql`."""

    address: HostAndPort
    """Its host and port."""

    secret: DnsLabel
    """A Secret in the server's namespace with `username` and `password`."""

    ca_secret: DnsLabel
    """A Secret in the server's namespace whose `ca.crt` signed its certificate: Vault has no other way to TLS there."""

    database: Table = "vault"
    """The database; it is made where it is missing and the user may."""

    table: Table = "vault"
    """The table of Vault's data; made like the database."""


class SpannerStorage(Declaration):
    """A Google Cloud Spanner database with its tables.

    (Vault docs: "Google Cloud Spanner storage backend")
    """

    kind: Literal["spanner"] = "spanner"
    """Which storage: `spanner`."""

    database: Annotated[str, require_match(r"projects/[^/\s]+/instances/[^/\s]+/databases/[^/\s]+", _SPANNER)]
    """`projects/…/instances/…/databases/…`."""

    service_account: Annotated[str, require_match(r"[^@\s]+@[^@\s]+", _ACCOUNT)] | None = None
    """E-mail of the Google service account that the pods are, by GKE's workload identity federation."""

    table: Table = "Vault"
    """The table of Vault's data; pods agree on a leader in the one called `<table>HA`."""


STORAGES: Mapping[str, type[Declaration]] = {
    "raft": RaftStorage,
    "consul": ConsulStorage,
    "postgresql": PostgresStorage,
    "mysql": MysqlStorage,
    "spanner": SpannerStorage,
}
"""Where a server may keep its data, by its kind."""

Storage = Annotated[
    RaftStorage | ConsulStorage | PostgresStorage | MysqlStorage | SpannerStorage, Field(discriminator="kind")
]
"""Where a server keeps its data."""


def build_storage_stanza(storage: Storage, ha: bool) -> dict[str, Any]:
    """Build the storage of the server's configuration, without a credential: those come by the environment.

    :param storage: Which.
    :param ha: Whether there are several pods, which agree on a leader by it.
    """
    shared = {"ha_enabled": "true"} if ha else {}
    authority = f"{STORAGE_CA_DIRECTORY}/{CA_FILE}"
    match storage:
        case RaftStorage():
            return {"raft": {"path": DATA_DIRECTORY}}
        case ConsulStorage():
            trust = {"tls_ca_file": authority} if storage.ca_secret else {}
            scheme = "https" if storage.tls else "http"
            return {"consul": {"address": storage.address, "scheme": scheme, "path": storage.path, **trust}}
        case PostgresStorage():
            return {"postgresql": {"table": storage.table, "ha_table": storage.ha_table, **shared}}
        case MysqlStorage():
            place = {"address": storage.address, "database": storage.database, "table": storage.table}
            return {"mysql": {**place, "tls_ca_file": authority, **shared}}
        case SpannerStorage():
            return {"spanner": {"database": storage.database, "table": storage.table, **shared}}


def list_storage_secrets(storage: Storage) -> list[tuple[str, str, str]]:
    """List credentials as variables of the pods' environment: name, Secret and key."""
    match storage:
        case ConsulStorage(secret=str(secret)):
            return [("CONSUL_HTTP_TOKEN", secret, "token")]
        case PostgresStorage():
            return [("VAULT_PG_CONNECTION_URL", storage.secret, "connection-url")]
        case MysqlStorage():
            return [(f"VAULT_MYSQL_{key.upper()}", storage.secret, key) for key in ("username", "password")]
        case _:
            return []
