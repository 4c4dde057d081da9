"""Where a Vault server keeps its data."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from ..names import Declaration, DnsLabel
from .mounts import DATA_DIRECTORY, STORAGE_CA_DIRECTORY
from .tls import CA_FILE

HostAndPort = Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]+:[0-9]{1,5}$")]
"""A host and a port."""

Quantity = Annotated[str, Field(pattern=r"^[0-9]+([.][0-9]+)?(m|[kMGTPE]i?)?$")]
"""An amount as Kubernetes writes it, e.g. `10Gi`."""


class Volume(Declaration):
    """A volume of each pod."""

    size: Quantity = "10Gi"
    """Its size."""

    storage_class: str | None = None
    """Its storage class; the cluster's default where it is left out."""


class RaftStorage(Declaration):
    """Each pod's own volume; Vault keeps them alike. HashiCorp recommends it. (Vault docs: "Integrated storage")"""

    kind: Literal["raft"] = "raft"
    """Which storage: `raft`."""

    volume: Volume = Volume()
    """The volume."""


class ConsulStorage(Declaration):
    """A Consul that exists. (Vault docs: "Consul storage backend")"""

    kind: Literal["consul"] = "consul"
    """Which storage: `consul`."""

    address: HostAndPort
    """Its host and port, e.g. `consul.example.net:8501`."""

    path: str = "vault/"
    """The prefix of its key-value store that Vault's data is below."""

    secret: DnsLabel | None = None
    """A Secret in the server's namespace whose `token` is an ACL token that may write there."""

    tls: bool = True
    """Whether it speaks HTTPS."""

    ca_secret: DnsLabel | None = None
    """A Secret in the server's namespace whose `ca.crt` signed its certificate."""


class PostgresStorage(Declaration):
    """A PostgreSQL that exists, with its tables as documented. (Vault docs: "PostgreSQL storage backend")"""

    kind: Literal["postgresql"] = "postgresql"
    """Which storage: `postgresql`."""

    secret: DnsLabel
    """A Secret in the server's namespace whose `connection-url` is `postgres://user:password@host/database?sslmode=…`."""

    table: str = "vault_kv_store"
    """The table of Vault's data."""

    ha_table: str = "vault_ha_locks"
    """The table by which pods agree on a leader."""


class MysqlStorage(Declaration):
    """A MySQL that exists, 5.6 or newer. (Vault docs: "MySQL storage backend")"""

    kind: Literal["mysql"] = "mysql"
    """Which storage: `mysql`."""

    address: HostAndPort
    """Its host and port."""

    secret: DnsLabel
    """A Secret in the server's namespace with `username` and `password`."""

    ca_secret: DnsLabel
    """A Secret in the server's namespace whose `ca.crt` signed its certificate: Vault has no other way to TLS there."""

    database: str = "vault"
    """The database; it is made where it is missing and the user may."""

    table: str = "vault"
    """The table of Vault's data; made like the database."""


class SpannerStorage(Declaration):
    """A Google Cloud Spanner database with its tables. (Vault docs: "Google Cloud Spanner storage backend")"""

    kind: Literal["spanner"] = "spanner"
    """Which storage: `spanner`."""

    database: str
    """`projects/…/instances/…/databases/…`."""

    service_account: str | None = None
    """E-mail of the Google service account that the pods are, by GKE's workload identity federation."""

    table: str = "Vault"
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


def storage_stanza(storage: Storage, ha: bool) -> dict[str, Any]:
    """The storage of the server's configuration, without a credential: those come by the environment.

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


def storage_secrets(storage: Storage) -> list[tuple[str, str, str]]:
    """Credentials as variables of the pods' environment: name, Secret and key."""
    match storage:
        case ConsulStorage(secret=str(secret)):
            return [("CONSUL_HTTP_TOKEN", secret, "token")]
        case PostgresStorage():
            return [("VAULT_PG_CONNECTION_URL", storage.secret, "connection-url")]
        case MysqlStorage():
            return [(f"VAULT_MYSQL_{key.upper()}", storage.secret, key) for key in ("username", "password")]
        case _:
            return []
