"""From settings to components: HashiCorp Vault."""

from collections.abc import Mapping

import pulumi
import pulumi_vault
from pydantic import SecretStr

from strongroom.components.kubernetes.csi_driver import CA_PATH
from strongroom.components.seeds import Generate, Seed
from strongroom.components.vault.auth.jwt import JwtAuth, JwtAuthArgs
from strongroom.components.vault.auth.kubernetes import KubernetesAuth, KubernetesAuthArgs, WorkloadAuth
from strongroom.components.vault.backend import VaultBackend, VaultBackendArgs, VaultConnection
from strongroom.components.vault.database_options import DatabaseOptions
from strongroom.components.vault.databases import Database, DatabaseEngine, DatabaseEngineArgs
from strongroom.components.vault.engines import KvEngine, KvEngineArgs
from strongroom.components.vault.pki import PkiEngine, PkiEngineArgs
from strongroom.components.vault.pki_options import PkiOptions

from ..settings.root import Settings
from ..settings.seeds import to_seed
from ..settings.vault import JwtAuthSettings, VaultSettings
from ..validation.vault import is_local
from .common import Provisioned, ReachedVault, declare_cluster_provider, declare_namespaces
from .files import Files
from .vault_logins import declare_audit, declare_logins


def provision_vault(settings: Settings, vault: VaultSettings, files: Files) -> Provisioned:
    """Declare the Vault backend that `settings` describe."""
    cluster = declare_cluster_provider(settings, settings.kubernetes.kubeconfig)
    found = ReachedVault(vault.in_cluster, files.vault_ca, vault.ca_certificate)
    if vault.server or vault.bootstrap:
        # Clients and charts that a stack on an existing Vault does without.
        from .vault_server import provision_server  # noqa: PLC0415

        found = provision_server(settings, vault, files, cluster)
    provider = pulumi_vault.Provider(
        "vault",
        address=found.address,
        token=found.token,
        namespace=vault.namespace,
        ca_cert_file=found.authority_file,
        tls_server_name=vault.tls_server_name,
    )
    in_vault = pulumi.ResourceOptions(providers=[provider, cluster])
    provider_is_ours = settings.kubernetes.install == "helm"
    ca_path = CA_PATH if provider_is_ours and vault.has_authority else vault.provider_ca_path
    connection = VaultConnection(
        address=vault.in_cluster,
        namespace=vault.namespace,
        ca_path=ca_path,
        tls_server_name=vault.tls_server_name,
        ca_certificate=found.authority,
        production=not is_local(pulumi.get_stack()),
    )
    engine = KvEngineArgs(path=vault.mount.path, create=vault.mount.create, seeds=_read_seeds(settings))
    backend = VaultBackend(
        "vault",
        VaultBackendArgs(
            connection=connection,
            engine=KvEngine("vault", engine, in_vault),
            auth=_declare_auth(settings, vault, files, in_vault),
            databases=_declare_databases(settings, vault, files, in_vault),
            pki=_declare_pki(vault, in_vault),
            audience=vault.audience,
            token_ttl=vault.token_ttl,
            token_max_ttl=vault.token_max_ttl,
        ),
        in_vault,
    )
    declare_audit(vault, in_vault)
    declare_logins(settings, vault, files, in_vault)
    return Provisioned(
        backend=backend,
        description={
            **backend.describe(),
            "address": found.address,
            "forward": found.forward,
            "caCertificate": found.authority_file,
        },
        cluster=cluster,
        namespaces=declare_namespaces(settings, pulumi.ResourceOptions(providers=[cluster])),
        vault_ca=found.authority,
    )


def _declare_auth(settings: Settings, vault: VaultSettings, files: Files, opts: pulumi.ResourceOptions) -> WorkloadAuth:
    auth = vault.auth
    if isinstance(auth, JwtAuthSettings):
        issuer = auth.issuer or settings.kubernetes.oidc_issuer
        jwt = JwtAuthArgs(
            path=auth.path,
            create=auth.create,
            issuer=issuer if auth.create else None,
            jwks_url=auth.jwks_url,
            public_keys=files.issuer_keys,
            ca_certificate=files.issuer_ca,
        )
        return JwtAuth("vault", jwt, opts)
    kubernetes = KubernetesAuthArgs(
        path=auth.path,
        create=auth.create,
        kubernetes_host=files.kubernetes_host,
        kubernetes_ca_certificate=files.kubernetes_ca,
        reviewer=auth.reviewer,
    )
    return KubernetesAuth("vault", kubernetes, opts)


def _declare_databases(
    settings: Settings, vault: VaultSettings, files: Files, opts: pulumi.ResourceOptions
) -> DatabaseEngine | None:
    if not vault.databases:
        return None
    path = vault.database_mount.path
    databases = [
        Database(
            **{name: getattr(database, name) for name in DatabaseOptions.model_fields},
            password=settings.credentials[f"{path}/{database.name}"].get_secret_value(),
            ca_certificate=files.database_cas.get(database.name),
        )
        for database in vault.databases
    ]
    args = DatabaseEngineArgs(
        path=path,
        create=vault.database_mount.create,
        databases=databases,
        production=not is_local(pulumi.get_stack()),
    )
    return DatabaseEngine("databases", args, opts)


def _declare_pki(vault: VaultSettings, opts: pulumi.ResourceOptions) -> PkiEngine | None:
    if vault.pki is None:
        return None
    options = {name: getattr(vault.pki, name) for name in PkiOptions.model_fields}
    return PkiEngine("pki", PkiEngineArgs(**options, address=vault.in_cluster), opts)


def _read_seeds(settings: Settings) -> dict[str, Mapping[str, Seed]]:
    return {
        name: {key: to_seed(value) for key, value in values.items()}
        for name, values in settings.seeds.items()
        if not isinstance(values, SecretStr | Generate)
    }
