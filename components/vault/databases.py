"""The database secrets engine of a Vault: connections, and a role for each workload."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import pulumi
import pulumi_vault

from ..args import Args, Input
from ..cross_checks import Location, cross_check
from ..databases import DatabaseCredentials
from ..errors import InvalidArgumentsError
from ..field_types import SECRET, ListOf, Switch
from ..validators import require_unique
from ..workload import Workload
from .database_options import DatabaseMount, DatabaseOptions
from .database_statements import build_statements
from .dynamic import DynamicSecret
from .policy import build_role_prefix
from .remount import build_mount_options
from .write_only import derive_version


class Database(DatabaseOptions, Args):
    """A database."""

    password: Annotated[Input[str], SECRET]
    """The password that `username` has until Vault changes it."""

    ca_certificate: str | None = None
    """PEM of the CA of the database's certificate; if omitted, the CAs of Vault's system."""


class DatabaseEngineArgs(DatabaseMount, Args):
    """The arguments of a `DatabaseEngine`."""

    databases: Annotated[ListOf[Database], require_unique("name", what="the name")]
    """The databases."""

    production: Switch = True
    """Refuse a connection that doesn't verify the database's certificate."""

    @cross_check
    def _check_plaintext(self) -> Iterator[tuple[Location, str]]:
        for number, database in enumerate(self.databases if self.production else ()):
            for field, issue in database.list_plaintext():
                yield ("databases", number, field), issue


class DatabaseEngine(pulumi.ComponentResource):
    """A database secrets engine, and what it needs to make users.

    Vault changes the password of each database's user as soon as it has it: the one in the stack's configuration and
    state is then of no use. (Vault docs: "Database secrets engine"; "Database root credential rotation")
    """

    path: str
    """The path that the engine is mounted at."""

    def __init__(self, name: str, args: DatabaseEngineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Mount the engine, unless it exists, connect it, and change the passwords that it was given.

        :param name: The component's name in the stack.
        :param args: Its arguments.
        """
        super().__init__("strongroom:index:DatabaseEngine", name, None, opts)
        self.path = args.path
        self._databases = {database.name: database for database in args.databases}
        mount = (
            pulumi_vault.Mount(
                name,
                path=args.path,
                type="database",
                description="Users of databases, mounted by Strongroom",
                opts=build_mount_options(self),
            )
            if args.create
            else None
        )
        self._ready: Mapping[str, pulumi.Resource] = {
            database.name: self._connect(f"{name}/{database.name}", database, mount) for database in args.databases
        }
        self.register_outputs({"path": args.path})

    def declare_role(self, workload: Workload, credentials: DatabaseCredentials, auth_path: str) -> DynamicSecret:
        """Declare the role of `workload` in a database; return what it reads.

        :param auth_path: Where the workload logs in: no two stacks' roles have one name.
        :raises InvalidArgumentsError: There is no such database.
        """
        database = self._databases.get(credentials.database)
        if database is None:
            raise InvalidArgumentsError(
                f"{workload.path}: {credentials.database!r} is no database: use {', '.join(self._databases)}"
            )
        prefix = build_role_prefix(auth_path)
        name = f"{prefix}{workload.namespace}.{workload.name}.{database.name}"
        resource = f"{workload.path}/{database.name}"
        opts = pulumi.ResourceOptions(parent=self, depends_on=[self._ready[database.name]])
        texts = {"url": credentials.url.value} if credentials.url else {}
        if static := credentials.static_role:
            role = pulumi_vault.database.SecretBackendStaticRole(
                resource,
                backend=self.path,
                name=name,
                db_name=database.name,
                username=static.username,
                rotation_period=None if static.schedule else static.period,
                rotation_schedule=static.schedule,
                rotation_window=static.window,
                opts=opts,
            )
            return DynamicSecret(f"{self.path}/static-creds/{name}", credentials.all_files, role, texts)
        statements = build_statements(database, credentials)
        role = pulumi_vault.database.SecretBackendRole(
            resource,
            backend=self.path,
            name=name,
            db_name=database.name,
            creation_statements=list(statements.creation),
            revocation_statements=list(statements.revocation),
            default_ttl=credentials.ttl,
            max_ttl=credentials.max_ttl or credentials.ttl,
            opts=opts,
        )
        return DynamicSecret(f"{self.path}/creds/{name}", credentials.all_files, role, texts)

    def _connect(self, name: str, database: Database, mount: pulumi.Resource | None) -> pulumi.Resource:
        """Connect a database; return what has changed its password."""
        password = pulumi.Output.secret(database.password)
        details: Any = {
            "connection_url": database.url,
            "username": database.username,
            "password_wo": password,
            # The provider sends the password only where this differs: never again over the one that Vault made.
            "password_wo_version": password.apply(derive_version),
            **({"tls_ca": database.ca_certificate} if database.ca_certificate else {}),
        }
        connection = pulumi_vault.database.SecretBackendConnection(
            name,
            backend=self.path,
            name=database.name,
            # Roles of this database end in its name.
            allowed_roles=[f"*.{database.name}"],
            postgresql=details if database.plugin == "postgresql" else None,
            mysql=details if database.plugin == "mysql" else None,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[mount] if mount else [],
                # It goes with the engine, which drops the users that live by it.
                deleted_with=mount,
                additional_secret_outputs=[database.plugin],
            ),
        )
        return pulumi_vault.generic.Endpoint(
            f"{name}/rotate-root",
            path=f"{self.path}/rotate-root/{database.name}",
            # Vault reads nothing of it: another password is changed anew.
            data_json=password.apply(lambda given: f'{{"of":"{derive_version(given)}"}}'),
            disable_read=True,
            disable_delete=True,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[connection],
                additional_secret_outputs=["dataJson", "writeData", "writeDataJson"],
            ),
        )
