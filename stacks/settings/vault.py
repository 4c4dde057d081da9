"""Settings of a HashiCorp Vault."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Discriminator, Tag

from strongroom.components.cross_checks import Location, cross_check
from strongroom.components.durations import Seconds, check_order, format_seconds
from strongroom.components.field_types import (
    AbsolutePath,
    Declaration,
    ListOf,
    LocalFile,
    Text,
)
from strongroom.components.hosts import Host
from strongroom.components.urls import Address, Https, Issuer
from strongroom.components.validators import require_unique
from strongroom.components.vault.audit import AnyAuditDevice, check_device_kinds
from strongroom.components.vault.auth.options import JwtAuthOptions, KubernetesAuthOptions
from strongroom.components.vault.database_options import DatabaseMount, DatabaseOptions
from strongroom.components.vault.kv_paths import KvMount
from strongroom.components.vault.options import VaultNamespace
from strongroom.components.vault.pki_options import PkiOptions

from .raw import as_mapping
from .vault_logins import GroupSettings, LoginSettings
from .vault_server import BootstrapSettings, ServerSettings


class KubernetesAuthSettings(KubernetesAuthOptions):
    """The Kubernetes auth method that workloads log in by."""

    kind: Literal["kubernetes"] = "kubernetes"
    """Which method: `kubernetes`, also if omitted."""

    kubernetes_host: Address | None = None
    """URL of the API server, as Vault reaches it; if omitted, the kubeconfig's."""

    kubernetes_ca_certificate: LocalFile | None = None
    """File with the CA of the API server's certificate; if omitted, the kubeconfig's."""


class JwtAuthSettings(JwtAuthOptions):
    """A JWT auth method that workloads log in by: Vault checks a token's signature itself and asks no API server."""

    kind: Literal["jwt"]
    """Which method: `jwt`; for HCP, and wherever Vault doesn't reach the API server."""

    issuer: Issuer | None = None
    """The cluster's issuer, as its tokens name it; if omitted, `kubernetes.oidcIssuer`. Vault reads the signing keys
    there, unless `jwksUrl` or `publicKeys` say otherwise."""

    jwks_url: Https | None = None
    """URL of the signing keys, where the issuer can't be reached by its name."""

    public_keys: ListOf[LocalFile] = ()
    """Files with the signing keys in PEM, where Vault reaches neither; to be changed when the cluster rotates them."""

    ca_certificate: LocalFile | None = None
    """File with the CA of the issuer's, or the keys', server; if omitted, the system's CAs."""


class DatabaseSettings(DatabaseOptions):
    """A database in which Vault makes users for workloads.

    The password of its `username` is `strongroom:credentials["<databaseMount.path>/<name>"]`; Vault changes it at once.
    (Vault docs: "Database secrets engine")
    """

    ca_certificate: LocalFile | None = None
    """File with the CA of the database's certificate; if omitted, the CAs of Vault's system."""


AUTH: Mapping[str, type[Declaration]] = {"kubernetes": KubernetesAuthSettings, "jwt": JwtAuthSettings}
"""The auth methods of workloads, by their kind."""


def _read_auth_kind(value: object) -> object:
    return getattr(value, "kind", None) or as_mapping(value).get("kind", "kubernetes")


AuthSettings = Annotated[
    Annotated[KubernetesAuthSettings, Tag("kubernetes")] | Annotated[JwtAuthSettings, Tag("jwt")],
    Discriminator(_read_auth_kind),
]


def _check_default_paths(
    field: str, entries: "Sequence[AnyAuditDevice] | Sequence[LoginSettings]"
) -> Iterator[tuple[Location, str]]:
    """Check that no entry has the default path of its kind, if another has it too.

    Two that are written are reported as a repetition.
    """
    first: dict[str, int] = {}
    for number, entry in enumerate(entries):
        path = getattr(entry, "path", None)
        if path is None:
            continue
        before = first.setdefault(path, number)
        if before != number and not {"path"} <= entry.model_fields_set & entries[before].model_fields_set:
            yield (field, number, "path"), f"{path!r} is the path of entry [{before}] too: use another"


class VaultSettings(Declaration):
    """A HashiCorp Vault that exists, self-managed or HCP, or one that the stack deploys."""

    kind: Literal["vault"]
    """Which store: `vault`."""

    address: Address | None = None
    """Vault's URL, as this program and the CSI provider reach it; with `server` it is the server's own. The token comes
    from VAULT_TOKEN, or from `bootstrap`."""

    server: ServerSettings | None = None
    """Deploy a Vault in the cluster. It outlives the stack only in its volumes and in what `bootstrap` keeps."""

    bootstrap: BootstrapSettings | None = None
    """Initialise and open Vault, and configure it with a token that is made for it."""

    namespace: VaultNamespace | None = None
    """Vault Enterprise's or HCP's namespace."""

    ca_certificate: LocalFile | None = None
    """File with the CA of Vault's certificate; if omitted, the system's CAs."""

    provider_ca_path: AbsolutePath | None = None
    """Path of that CA inside the CSI provider's pods, where Strongroom does not install the provider."""

    tls_server_name: Host | None = None
    """The name that Vault's certificate bears, where it is not the address's."""

    mount: KvMount = KvMount()
    """The KV version 2 engine."""

    databases: Annotated[ListOf[DatabaseSettings], require_unique("name", what="the name")] = ()
    """Databases in which Vault makes users for workloads."""

    database_mount: DatabaseMount = DatabaseMount()
    """With `databases`: the engine that makes them."""

    pki: PkiOptions | None = None
    """The engine that issues workloads' certificates."""

    auth: AuthSettings = KubernetesAuthSettings()
    """The auth method that workloads log in by."""

    logins: Annotated[ListOf[LoginSettings], require_unique("path", what="the path")] = ()
    """Auth methods of people and of machines outside the cluster."""

    groups: Annotated[ListOf[GroupSettings], require_unique("name", what="the name")] = ()
    """What people and machines may do."""

    audit: Annotated[ListOf[AnyAuditDevice], require_unique("path", what="the path")] = ()
    """Audit devices that the stack enables."""

    audience: Text = "vault"
    """Audience of the workloads' service account tokens."""

    token_ttl: Seconds = 1200
    """Life of a workload's Vault token."""

    token_max_ttl: Seconds = 3600
    """Its longest life, with renewals."""

    @cross_check
    def _check_lifetimes(self) -> Iterator[tuple[str, str]]:
        yield from check_order(self, "token_ttl", "token_max_ttl", show=format_seconds)

    @cross_check
    def _check_location(self) -> Iterator[tuple[str, str]]:
        if self.server is None and self.address is None:
            yield "address", "This setting is required, unless backend.server deploys a Vault"

    @cross_check
    def _check_own(self) -> Iterator[tuple[str, str]]:
        for name in ("address", "ca_certificate", "tls_server_name"):
            if self.server is not None and getattr(self, name, None) is not None:
                yield name, "This setting is for an existing Vault: omit it, since backend.server has its own"

    @cross_check
    def _check_bootstrap(self) -> Iterator[tuple[str, str]]:
        dev = self.server is not None and self.server.mode == "dev"
        if self.server is not None and self.bootstrap is None and not dev:
            yield "bootstrap", "This setting is required: it initialises and unseals backend.server"
        if self.bootstrap is not None and dev:
            yield (
                "bootstrap",
                "This setting is allowed with mode standalone or ha: the dev server starts unsealed, so set "
                "VAULT_TOKEN",
            )

    @cross_check
    def _check_nodes(self) -> Iterator[tuple[Location, str]]:
        nodes = self.bootstrap.nodes if self.bootstrap else ()
        if self.bootstrap and self.server is None and not nodes:
            yield (
                ("bootstrap", "nodes"),
                "This setting is required: list the URL of each server of the Vault, as this machine connects to it",
            )
        if nodes and self.server and self.server.mode != "dev" and len(nodes) != len(self.server.pods):
            yield (
                ("bootstrap", "nodes"),
                f"{len(nodes)} nodes are listed, and the server has {len(self.server.pods)} pods: list each once",
            )

    @cross_check
    def _check_audit(self) -> Iterator[tuple[str, str]]:
        if self.audit and self.namespace is not None:
            yield (
                "audit",
                "Audit devices belong to Vault's root namespace: omit them (HCP streams its audit log from its portal)",
            )

    @cross_check
    def _check_devices(self) -> Iterator[tuple[str, str]]:
        if problem := check_device_kinds([device.kind for device in self.audit]):
            yield "audit", f"The devices {problem}"

    @cross_check
    def _check_audit_paths(self) -> Iterator[tuple[Location, str]]:
        yield from _check_default_paths("audit", self.audit)

    @cross_check
    def _check_login_paths(self) -> Iterator[tuple[Location, str]]:
        yield from _check_default_paths("logins", self.logins)

    @cross_check
    def _check_engine_paths(self) -> Iterator[tuple[Location, str]]:
        if self.databases and self.database_mount.path == self.mount.path:
            yield ("database_mount", "path"), f"{self.mount.path!r} is the path of mount too: use another"

    @cross_check
    def _check_pki_path(self) -> Iterator[tuple[Location, str]]:
        taken = {self.mount.path, *((self.database_mount.path,) if self.databases else ())}
        if self.pki and self.pki.path in taken:
            yield ("pki", "path"), f"{self.pki.path!r} is the path of another engine too: use another"
        if self.pki and self.pki.authority and self.pki.authority.root_path in taken:
            path = self.pki.authority.root_path
            yield ("pki", "authority", "rootPath"), f"{path!r} is the path of another engine too: use another"

    @cross_check
    def _check_auth_path(self) -> Iterator[tuple[Location, str]]:
        for number, login in enumerate(self.logins):
            if getattr(login, "path", None) == self.auth.path:
                yield (
                    ("logins", number, "path"),
                    f"{self.auth.path!r} is the path of the workloads' login: use another",
                )

    @property
    def in_cluster(self) -> str:
        """Vault's URL, as pods reach it."""
        return self.server.address if self.server else self.address or ""

    @property
    def has_authority(self) -> bool:
        """Whether a CA of its own signed its certificate."""
        return bool(self.server.tls if self.server else self.ca_certificate)
