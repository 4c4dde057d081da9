"""HashiCorp Vault as a backend."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pulumi
import pulumi_vault

from ..args import Args, Input
from ..backend import Grant
from ..cross_checks import cross_check
from ..databases import check_lease
from ..durations import Seconds, check_order, format_seconds
from ..errors import InvalidArgumentsError
from ..field_types import AbsolutePath, Switch, Text
from ..hosts import Host
from ..paths import find_own_engine
from ..urls import Address, check_plain_http
from ..workload import Secret, Workload
from ..yaml import format_yaml
from .auth.kubernetes import WorkloadAuth, WorkloadRole
from .databases import DatabaseEngine
from .dynamic import DynamicSecret
from .engines import KvEngine
from .kv_paths import check_kv_object
from .options import VaultNamespace, check_secret
from .pki import PkiEngine
from .policy import build_policy_name, build_read_policy


class VaultConnection(Args):
    """The way of the CSI provider's pods, and of agents in the workloads' pods, to Vault."""

    address: Address
    """Vault's URL."""

    namespace: VaultNamespace | None = None
    """Vault Enterprise's or HCP's namespace."""

    ca_path: AbsolutePath | None = None
    """Path of the CA's PEM file inside the provider's pod; if omitted, the system's CAs."""

    tls_server_name: Host | None = None
    """The name that Vault's certificate bears, where it is not the address's."""

    ca_certificate: Input[str] | None = None
    """PEM of the CA, for agents in the workloads' pods; if omitted, the system's CAs."""

    production: Switch = True
    """Refuse plain HTTP."""

    @cross_check
    def _check_address(self) -> Iterator[tuple[str, str]]:
        if self.production and (issue := check_plain_http(self.address)):
            yield "address", f"{self.address!r} {issue}"

    def to_parameters(self) -> dict[str, str]:
        """Return it as a SecretProviderClass spells it.

        (Vault docs: "Vault CSI Provider Configurations")
        """
        named = {
            "vaultAddress": self.address,
            "vaultNamespace": self.namespace,
            "vaultCACertPath": self.ca_path,
            "vaultTLSServerName": self.tls_server_name,
        }
        return {key: value for key, value in named.items() if value is not None}


class VaultBackendArgs(Args):
    """The arguments of a `VaultBackend`."""

    connection: VaultConnection
    """How the CSI provider reaches Vault."""

    engine: KvEngine
    """The KV engine that holds the objects."""

    auth: WorkloadAuth
    """The auth method that workloads log in by: `KubernetesAuth` or `JwtAuth`."""

    databases: DatabaseEngine | None = None
    """The engine that makes users of databases, if workloads have some."""

    pki: PkiEngine | None = None
    """The engine that issues certificates, if workloads have some."""

    audience: Text = "vault"
    """Audience of workloads' service account tokens; roles require it and classes ask for it."""

    token_ttl: Seconds = 1200
    """Life of a workload's Vault token, in seconds."""

    token_max_ttl: Seconds = 3600
    """Its longest life, with renewals, in seconds."""

    @cross_check
    def _check_lifetimes(self) -> Iterator[tuple[str, str]]:
        yield from check_order(self, "token_ttl", "token_max_ttl", show=format_seconds)


class VaultBackend(pulumi.ComponentResource):
    """A HashiCorp Vault that gives each workload a role and a policy of its own.

    A policy has one `path` block an object, `read` only, and a role admits one service account of one namespace with
    one audience. Vault's policies end at the object: a workload that declares one key of an object can read
    its other keys.
    """

    description: pulumi.Output[Mapping[str, Any]]
    """What the command `strongroom` reads from the state: where the store is, and how workloads log in to it."""

    def __init__(self, name: str, args: VaultBackendArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Keep what `grant` needs; nothing is declared yet.

        :param name: The component's name in the stack.
        :param args: Its arguments.
        """
        super().__init__("strongroom:index:VaultBackend", name, None, opts)
        self._connection = args.connection
        self._engine = args.engine
        self._databases = args.databases
        self._pki = args.pki
        self._auth = args.auth
        self._audience = args.audience
        self._token_ttl = args.token_ttl
        self._token_max_ttl = args.token_max_ttl
        self.description = pulumi.Output.from_input(self.describe())
        self.register_outputs({"description": self.description})

    def describe(self) -> dict[str, Any]:
        """Describe where the store is and how workloads log in to it, for the command `strongroom`."""
        return {
            "kind": "vault",
            "address": self._connection.address,
            "inCluster": self._connection.address,
            "namespace": self._connection.namespace,
            "providerCaPath": self._connection.ca_path,
            "tlsServerName": self._connection.tls_server_name,
            "mount": self._engine.path,
            **({"databaseMount": self._databases.path} if self._databases else {}),
            **({"pkiMount": self._pki.path} if self._pki else {}),
            "authPath": self._auth.path,
            "audience": self._audience,
        }

    def grant(self, workload: Workload) -> Grant:
        """Declare the policy and the role of `workload`, unless it is revoked, and what Vault makes for it.

        :raises ValueError: A secret without a key, or of a type that Vault has not; a database, or a
            name, that it can't have.
        """
        for secret in workload.secrets:
            if issue := check_secret(secret):
                raise ValueError(f"{workload.path}: secret {secret.name!r} {issue}")
            if issue := check_kv_object(secret.object, self._engine.path):
                raise ValueError(f"{workload.path}: secret {secret.name!r}: object {secret.object!r} {issue}")
        dynamic = self._declare_dynamic(workload)
        identity = f"{workload.namespace}.{workload.name}"
        policy_name = build_policy_name(self._auth.path, workload.path)
        opening = [] if workload.revoked else self._open(workload, identity, policy_name, dynamic)
        written = {name: self._engine.objects[name] for name in workload.objects if name in self._engine.objects}
        restarting = {secret.object for secret in workload.restarting}
        return Grant(
            provider="vault",
            parameters=self._connection.to_parameters()
            | {
                "roleName": identity,
                "vaultAuthMountPath": self._auth.path,
                "audience": self._audience,
                "objects": build_objects_parameter(self._engine.path, workload.secrets, dynamic),
            },
            audience=self._audience,
            identity={"role": identity, "policy": policy_name},
            dynamic=[
                {"path": each.path, "capability": each.capability, "files": dict(each.files)}
                | ({} if each.role else {"foreign": True})
                for each in dynamic
            ],
            certificate_authority=self._connection.ca_certificate,
            versions={name: _read_version(value) for name, value in written.items() if name in restarting},
            requires=[*opening, *written.values(), *(each.role for each in dynamic if each.role)],
        )

    def _open(
        self, workload: Workload, role_name: str, policy_name: str, dynamic: Sequence[DynamicSecret]
    ) -> list[pulumi.Resource]:
        """Declare the policy and the role."""
        policy = pulumi_vault.Policy(
            workload.path,
            name=policy_name,
            policy=build_read_policy(
                self._engine.path, workload.objects, {each.path: each.capability for each in dynamic}
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        role = self._auth.declare_role(
            WorkloadRole(
                workload=workload,
                name=role_name,
                policy=policy_name,
                audience=self._audience,
                token_ttl=self._token_ttl,
                token_max_ttl=self._token_max_ttl,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        return [policy, role]

    def _declare_dynamic(self, workload: Workload) -> list[DynamicSecret]:
        """Declare the roles by which Vault makes what a workload asks for; return what it reads beside its objects."""
        if workload.databases and self._databases is None:
            raise ValueError(f"{workload.path}: it has databases, and this backend has none: give it a DatabaseEngine")
        if workload.certificates and self._pki is None:
            raise ValueError(f"{workload.path}: it has certificates, and this backend has no PKI: give it a PkiEngine")
        for entry in workload.databases:
            if issue := check_lease(entry, self._token_ttl):
                raise ValueError(f"{workload.path}: the credentials of {entry.database!r} {issue}")
        databases, pki, auth = self._databases, self._pki, self._auth.path
        engines = [
            (self._engine.path, "secrets"),
            *([(databases.path, "databases")] if databases else []),
            *([(pki.path, "certificates")] if pki else []),
        ]
        for entry in workload.paths:
            if issue := find_own_engine(entry.path, engines):
                raise InvalidArgumentsError(f"{workload.path}: path {entry.path!r} {issue}")
        return [
            *(DynamicSecret(entry.path, entry.files, role=None) for entry in workload.paths),
            *(databases.declare_role(workload, entry, auth) for entry in workload.databases if databases),
            *(pki.declare_role(workload, entry, auth) for entry in workload.certificates if pki),
        ]


def _read_version(value: pulumi_vault.kv.SecretV2) -> pulumi.Output[str]:
    return pulumi.Output.unsecret(value.metadata).apply(lambda found: (found or {}).get("version", ""))


def build_objects_parameter(mount: str, secrets: Sequence[Secret], dynamic: Sequence[DynamicSecret] = ()) -> str:
    """Build the `objects` parameter of a SecretProviderClass for Vault: a YAML list inside a string.

    A version is named in the path, because the provider's cache ignores `secretArgs`.
    (Vault docs: "Vault CSI Provider Configurations")
    """
    made = [entry for each in dynamic for entry in each.build_objects()]
    return format_yaml([*(_build_object(mount, secret) for secret in secrets), *made])


def _build_object(mount: str, secret: Secret) -> dict[str, str | int]:
    version = f"?version={secret.version}" if secret.version else ""
    entry: dict[str, str | int] = {
        "objectName": secret.name,
        "secretPath": f"{mount}/data/{secret.object}{version}",
        "secretKey": secret.key or "",
    }
    if secret.field is not None:
        entry["field"] = secret.field
    if secret.format is not None:
        entry["format"] = secret.format
    if secret.encoding != "utf-8":
        entry["encoding"] = secret.encoding
    if secret.optional:
        entry["optional"] = True
    if secret.file_permission is not None:
        entry["filePermission"] = int(secret.file_permission, 8)
    return entry
