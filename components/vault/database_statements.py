"""SQL by which Vault makes and drops the users of a database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..databases import DatabaseCredentials, DatabaseRole
from .database_options import DatabaseOptions


@dataclass(frozen=True)
class Statements:
    """The statements of a role."""

    creation: Sequence[str]
    """They make a user."""

    revocation: Sequence[str]
    """They drop it; if there is none, the plugin's own do."""


_POSTGRESQL_TABLES: Mapping[DatabaseRole, str] = {
    "readonly": "SELECT",
    "readwrite": "SELECT, INSERT, UPDATE, DELETE",
    "owner": "ALL",
}
_POSTGRESQL_SEQUENCES: Mapping[DatabaseRole, str] = {"readonly": "SELECT", "readwrite": "USAGE, SELECT", "owner": "ALL"}
_DROP_POSTGRESQL = (
    "DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{{name}}') THEN "
    'GRANT "{{name}}" TO CURRENT_USER; REASSIGN OWNED BY "{{name}}" TO CURRENT_USER; DROP OWNED BY "{{name}}"; '
    "PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{{name}}'; "
    'DROP ROLE "{{name}}"; END IF; END $$'
)
"""Only a member takes over what a user owns, and a user that owns something can't be dropped. Connections that are open
would outlive the user."""

_MYSQL: Mapping[DatabaseRole, str] = {
    "readonly": "SELECT",
    "readwrite": "SELECT, INSERT, UPDATE, DELETE",
    "owner": "ALL",
}


def build_statements(database: DatabaseOptions, credentials: DatabaseCredentials) -> Statements:
    """Build the statements of a workload's role in `database`.

    (Vault docs: "PostgreSQL database secrets engine", "MySQL/MariaDB database secrets engine")
    """
    if credentials.statements is not None:
        return Statements(credentials.statements, credentials.revocation)
    role = credentials.role or "readonly"
    return _build_mysql(database.database, role) if database.plugin == "mysql" else _build_postgresql(role)


def _build_postgresql(role: DatabaseRole) -> Statements:
    grants = [
        f'GRANT {"ALL" if role == "owner" else "USAGE"} ON SCHEMA public TO "{{{{name}}}}"',
        f'GRANT {_POSTGRESQL_TABLES[role]} ON ALL TABLES IN SCHEMA public TO "{{{{name}}}}"',
        f'GRANT {_POSTGRESQL_SEQUENCES[role]} ON ALL SEQUENCES IN SCHEMA public TO "{{{{name}}}}"',
    ]
    create = "CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'"
    return Statements([create, *grants], [_DROP_POSTGRESQL])


def _build_mysql(database: str, role: DatabaseRole) -> Statements:
    create = "CREATE USER '{{name}}'@'%' IDENTIFIED BY '{{password}}'"
    grant = f"GRANT {_MYSQL[role]} ON `{database}`.* TO '{{{{name}}}}'@'%'"
    return Statements([create, grant], ["DROP USER IF EXISTS '{{name}}'@'%'"])
