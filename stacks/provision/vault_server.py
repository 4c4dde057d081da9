"""From settings to components: a HashiCorp Vault that the stack deploys, opens, or both."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from strongroom.components.helm.charts import VAULT
from strongroom.components.vault.bootstrap.admin_policy import AdminScope, build_admin_rules
from strongroom.components.vault.bootstrap.component import VaultBootstrap, VaultBootstrapArgs
from strongroom.components.vault.bootstrap.key_store import KeyStore
from strongroom.components.vault.client import VaultNode
from strongroom.components.vault.options import BootstrapOptions
from strongroom.components.vault.port_forward import ForwardError, PodForward
from strongroom.components.vault.server.args import VaultServerShape, VaultServerSpec
from strongroom.components.vault.server.seal import Seal
from strongroom.components.vault.server.server import VaultServer, VaultServerArgs

from ..settings.root import Settings
from ..settings.vault import VaultSettings
from ..settings.vault_server import AzureSealSettings, BootstrapSettings, FileKeyStoreSettings, ServerSettings
from ..validation.vault import is_local
from .common import ReachedVault, declare_namespace
from .files import Files


def provision_server(
    settings: Settings, vault: VaultSettings, files: Files, cluster: kubernetes.Provider
) -> ReachedVault:
    """Deploy and open the Vault of `settings`, where they say so."""
    server = _declare_server(settings, vault.server, cluster) if vault.server else None
    forward = _forward_ports(settings, vault.server, vault.bootstrap) if vault.server else None
    addresses = list(vault.bootstrap.nodes) if vault.bootstrap else []
    if forward:
        scheme = "https" if vault.server and vault.server.tls else "http"
        addresses = [f"{scheme}://localhost:{forward['firstPort'] + number}" for number in range(len(forward["pods"]))]
    authority = server.ca_certificate if server else files.vault_ca
    authority_file = (
        server.ca_certificate.apply(_write_authority) if server and server.ca_certificate else vault.ca_certificate
    )
    if not vault.bootstrap:
        return ReachedVault(addresses[0] if addresses else vault.in_cluster, authority, authority_file, forward=forward)
    peers = server.peers if server else [None] * len(addresses)
    args = VaultBootstrapArgs(
        **{name: getattr(vault.bootstrap, name) for name in BootstrapOptions.model_fields},
        nodes=[
            VaultNode(address=address, tls_server_name=vault.tls_server_name, join_address=peer)
            for address, peer in zip(addresses, peers, strict=True)
        ],
        key_store=_build_key_store(vault.bootstrap, files),
        ca_certificate=authority,
        policy=build_admin_rules(_build_admin_scope(vault)),
        audit=vault.audit,
        servers=[server.release] if server else (),
    )
    bootstrap = VaultBootstrap("vault", args)
    # A Vault that exists has an address that outlives its servers.
    return ReachedVault(vault.address or bootstrap.address, authority, authority_file, bootstrap.token, forward)


def _build_admin_scope(vault: VaultSettings) -> AdminScope:
    """Build what the stack writes once Vault is open."""
    return AdminScope(
        engines=(
            *((vault.mount.path,) if vault.mount.create else ()),
            *((vault.database_mount.path,) if vault.databases and vault.database_mount.create else ()),
            *((vault.pki.path, vault.pki.authority.root_path) if vault.pki and vault.pki.authority else ()),
        ),
        seeded=(vault.mount.path,),
        auth=vault.auth.path,
        logins=tuple(login.path for login in vault.logins),
        databases=vault.database_mount.path if vault.databases else None,
        pki=vault.pki.path if vault.pki else None,
        pki_root=vault.pki.authority.root_path if vault.pki and vault.pki.authority else None,
        groups=any(group.members for group in vault.groups),
    )


def _declare_server(settings: Settings, server: ServerSettings, cluster: kubernetes.Provider) -> VaultServer:
    on_cluster = pulumi.ResourceOptions(providers=[cluster])
    after: list[pulumi.Resource] = []
    if server.namespace not in settings.kubernetes.existing_namespaces:
        # Vault's pods drop fewer capabilities than `restricted` asks for.
        after.append(declare_namespace(server.namespace, "baseline", on_cluster))
    seal, key = _declare_seal(settings, server)
    args = VaultServerArgs(
        server=VaultServerSpec(
            **{name: getattr(server, name) for name in VaultServerShape.model_fields},
            seal=seal,
        ),
        production=not is_local(pulumi.get_stack()),
        chart=settings.charts.charts[VAULT.name],
        after=[*after, *key],
    )
    return VaultServer("vault", args, on_cluster)


def _declare_seal(settings: Settings, server: ServerSettings) -> tuple[Seal, Sequence[pulumi.Resource]]:
    """Declare the seal; return it with what must exist before the server can use it."""
    seal = server.seal
    if not isinstance(seal, AzureSealSettings):
        return seal, ()
    # A stack loads the provider that it uses.
    import pulumi_azure_native as azure_native  # noqa: PLC0415

    from strongroom.components.azure.identities.workload_identity import IdentityLocation  # noqa: PLC0415
    from strongroom.components.azure.key_vault import ExistingVault  # noqa: PLC0415
    from strongroom.components.vault.server.azure_seal import AzureSealKey, AzureSealKeyArgs  # noqa: PLC0415

    provider = azure_native.Provider(
        "azure", tenant_id=seal.tenant_id, subscription_id=seal.subscription_id, location=seal.location
    )
    args = AzureSealKeyArgs(
        place=IdentityLocation(resource_group=seal.resource_group, location=seal.location, tenant_id=seal.tenant_id),
        # The settings were checked: it is there.
        issuer=settings.kubernetes.oidc_issuer or "",
        vault_name=seal.vault,
        vault=None if seal.create else ExistingVault(),
        key_name=seal.key,
        namespace=server.namespace,
        service_account=server.name,
    )
    made = AzureSealKey("vault-seal", args, pulumi.ResourceOptions(providers=[provider]))
    return made.seal, made.ready


def _forward_ports(
    settings: Settings, server: ServerSettings, bootstrap: BootstrapSettings | None
) -> dict[str, Any] | None:
    if bootstrap and bootstrap.nodes:
        return None
    first = (bootstrap or BootstrapSettings.model_construct()).first_port
    try:
        # Open until the engine is done, deletions included: the program lives as long.
        PodForward(
            server.pods,
            namespace=server.namespace,
            first_port=first,
            kubeconfig=settings.kubernetes.kubeconfig,
            context=settings.kubernetes.context,
        )
    except ForwardError as error:
        raise pulumi.RunError(f"strongroom:backend.bootstrap.firstPort: {error}") from None
    return {"pods": server.pods, "namespace": server.namespace, "firstPort": first}


def _build_key_store(bootstrap: BootstrapSettings, files: Files) -> KeyStore:
    if isinstance(key_store := bootstrap.key_store, FileKeyStoreSettings):
        from strongroom.components.vault.bootstrap.file_key_store import FileKeyStore  # noqa: PLC0415

        return FileKeyStore(key_store.path, pgp_keys=files.pgp_keys)
    from strongroom.components.vault.bootstrap.azure_key_store import AzureKeyStore  # noqa: PLC0415

    return AzureKeyStore(key_store.vault_url, key_store.tenant_id, name=key_store.name, pgp_keys=files.pgp_keys)


def _write_authority(authority: str) -> str:
    """Write the CA into a file of the project's, for providers that read it from one; return its path."""
    file = Path(pulumi.get_root_directory() or "").resolve() / ".strongroom" / f"{pulumi.get_stack()}-vault-ca.crt"
    file.parent.mkdir(mode=0o700, exist_ok=True)
    partial = file.with_suffix(".partial")
    partial.write_text(authority)
    partial.replace(file)
    return str(file)
