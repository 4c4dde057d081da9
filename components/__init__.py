"""Strongroom's components: they take a secret from its store to the pod that needs it. Programs import `strongroom`.

Importing this package costs nothing: each name loads its module, and that module's Pulumi provider, when first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from .errors import MissingExtraError

if TYPE_CHECKING:
    from .attachment import Attachment
    from .azure.backend import AzureKeyVaultBackend, AzureKeyVaultBackendArgs, ReadinessGate
    from .azure.certificate import Certificate, CertificateArgs
    from .azure.clouds import Cloud
    from .azure.cluster import AksCluster, AksClusterArgs
    from .azure.cluster_args import NewCluster
    from .azure.identities.base import Identities
    from .azure.identities.existing import NodeIdentity, ServicePrincipal
    from .azure.identities.identity_binding import IdentityBindings
    from .azure.identities.pod_identity import PodIdentities
    from .azure.identities.workload_identity import IdentityLocation, PerWorkloadIdentities, SharedIdentity
    from .azure.key_vault import Contents, KeyVault, KeyVaultArgs, VaultSecret
    from .azure.objects import VaultObject
    from .azure.vault_args import (
        ExistingVault,
        Network,
        NewVault,
        PrivateEndpoint,
        SecretAttributes,
        VaultCertificate,
        VaultKey,
    )
    from .backend import Backend, Grant
    from .certificates import CertificateFiles, WorkloadCertificate
    from .databases import CredentialFiles, CredentialUrl, DatabaseCredentials, StaticRole
    from .delivery import AgentInjector, Akv2k8s, Csi, KubernetesSecret, SyncedSecret
    from .errors import ChartError, InvalidArgumentsError, MissingExtraError, StrongroomError
    from .helm.charts import Chart
    from .kubernetes.access import SecretAccess, SecretAccessArgs
    from .kubernetes.agent_injector import VaultAgentInjector, VaultAgentInjectorArgs
    from .kubernetes.akv2k8s import Akv2k8sEnvInjector, Akv2k8sEnvInjectorArgs, Principal
    from .kubernetes.csi_driver import SecretsStoreCsiDriver, SecretsStoreCsiDriverArgs
    from .kubernetes.secret_provider_class import SecretProviderClass, SecretProviderClassArgs
    from .kubernetes.workload import SecretWorkload, SecretWorkloadArgs
    from .paths import VaultPath
    from .seeds import Generate
    from .vault.audit import AuditDevice, AuditDeviceArgs, FileAudit, SocketAudit, SyslogAudit
    from .vault.auth.approle import AppRole, AppRoleAuth, AppRoleAuthArgs
    from .vault.auth.external_group import ExternalGroup, ExternalGroupArgs
    from .vault.auth.github import GithubAuth, GithubAuthArgs
    from .vault.auth.jwt import JwtAuth, JwtAuthArgs
    from .vault.auth.kubernetes import KubernetesAuth, KubernetesAuthArgs, WorkloadAuth, WorkloadRole
    from .vault.auth.ldap import LdapAuth, LdapAuthArgs
    from .vault.auth.oidc import OidcAuth, OidcAuthArgs
    from .vault.auth.userpass import User, UserpassAuth, UserpassAuthArgs
    from .vault.backend import VaultBackend, VaultBackendArgs, VaultConnection
    from .vault.bootstrap.azure_key_store import AzureKeyStore
    from .vault.bootstrap.component import VaultBootstrap, VaultBootstrapArgs
    from .vault.bootstrap.file_key_store import FileKeyStore
    from .vault.bootstrap.key_store import KeyStore
    from .vault.client import VaultNode
    from .vault.databases import Database, DatabaseEngine, DatabaseEngineArgs
    from .vault.engines import KvEngine, KvEngineArgs
    from .vault.pki import PkiEngine, PkiEngineArgs
    from .vault.pki_options import PkiAuthority
    from .vault.server.args import Image, Ingress, Monitor, Resources, Spread, VaultServerSpec
    from .vault.server.azure_seal import AzureSealKey, AzureSealKeyArgs
    from .vault.server.seal import AzureKeyVaultSeal, ShamirSeal, TransitSeal
    from .vault.server.server import VaultServer, VaultServerArgs
    from .vault.server.storage import ConsulStorage, MysqlStorage, PostgresStorage, RaftStorage, SpannerStorage, Volume
    from .vault.server.tls import CertManagerTls, GeneratedTls, SuppliedTls
    from .workload import Secret, ServiceAccount, Workload

_MODULES = {
    "AgentInjector": ".delivery",
    "AksCluster": ".azure.cluster",
    "AksClusterArgs": ".azure.cluster",
    "Akv2k8s": ".delivery",
    "Akv2k8sEnvInjector": ".kubernetes.akv2k8s",
    "Akv2k8sEnvInjectorArgs": ".kubernetes.akv2k8s",
    "AppRole": ".vault.auth.approle",
    "AppRoleAuth": ".vault.auth.approle",
    "AppRoleAuthArgs": ".vault.auth.approle",
    "Attachment": ".attachment",
    "AuditDevice": ".vault.audit",
    "AuditDeviceArgs": ".vault.audit",
    "AzureKeyStore": ".vault.bootstrap.azure_key_store",
    "AzureKeyVaultBackend": ".azure.backend",
    "AzureKeyVaultBackendArgs": ".azure.backend",
    "AzureKeyVaultSeal": ".vault.server.seal",
    "AzureSealKey": ".vault.server.azure_seal",
    "AzureSealKeyArgs": ".vault.server.azure_seal",
    "Backend": ".backend",
    "CertManagerTls": ".vault.server.tls",
    "Certificate": ".azure.certificate",
    "CertificateArgs": ".azure.certificate",
    "CertificateFiles": ".certificates",
    "Chart": ".helm.charts",
    "ChartError": ".errors",
    "Cloud": ".azure.clouds",
    "ConsulStorage": ".vault.server.storage",
    "Contents": ".azure.key_vault",
    "CredentialFiles": ".databases",
    "CredentialUrl": ".databases",
    "Csi": ".delivery",
    "Database": ".vault.databases",
    "DatabaseCredentials": ".databases",
    "DatabaseEngine": ".vault.databases",
    "DatabaseEngineArgs": ".vault.databases",
    "ExistingVault": ".azure.vault_args",
    "ExternalGroup": ".vault.auth.external_group",
    "ExternalGroupArgs": ".vault.auth.external_group",
    "FileAudit": ".vault.audit",
    "FileKeyStore": ".vault.bootstrap.file_key_store",
    "ReadinessGate": ".azure.backend",
    "Generate": ".seeds",
    "GeneratedTls": ".vault.server.tls",
    "GithubAuth": ".vault.auth.github",
    "GithubAuthArgs": ".vault.auth.github",
    "Grant": ".backend",
    "Identities": ".azure.identities.base",
    "IdentityBindings": ".azure.identities.identity_binding",
    "Image": ".vault.server.args",
    "Ingress": ".vault.server.args",
    "InvalidArgumentsError": ".errors",
    "JwtAuth": ".vault.auth.jwt",
    "JwtAuthArgs": ".vault.auth.jwt",
    "KeyStore": ".vault.bootstrap.key_store",
    "KeyVault": ".azure.key_vault",
    "KeyVaultArgs": ".azure.key_vault",
    "KubernetesAuth": ".vault.auth.kubernetes",
    "KubernetesAuthArgs": ".vault.auth.kubernetes",
    "KubernetesSecret": ".delivery",
    "KvEngine": ".vault.engines",
    "KvEngineArgs": ".vault.engines",
    "LdapAuth": ".vault.auth.ldap",
    "LdapAuthArgs": ".vault.auth.ldap",
    "MissingExtraError": ".errors",
    "Monitor": ".vault.server.args",
    "MysqlStorage": ".vault.server.storage",
    "Network": ".azure.vault_args",
    "NewCluster": ".azure.cluster_args",
    "NewVault": ".azure.vault_args",
    "NodeIdentity": ".azure.identities.existing",
    "OidcAuth": ".vault.auth.oidc",
    "OidcAuthArgs": ".vault.auth.oidc",
    "PerWorkloadIdentities": ".azure.identities.workload_identity",
    "IdentityLocation": ".azure.identities.workload_identity",
    "PkiAuthority": ".vault.pki_options",
    "PkiEngine": ".vault.pki",
    "PkiEngineArgs": ".vault.pki",
    "PodIdentities": ".azure.identities.pod_identity",
    "PostgresStorage": ".vault.server.storage",
    "Principal": ".kubernetes.akv2k8s",
    "PrivateEndpoint": ".azure.vault_args",
    "RaftStorage": ".vault.server.storage",
    "Resources": ".vault.server.args",
    "Secret": ".workload",
    "SecretAccess": ".kubernetes.access",
    "SecretAccessArgs": ".kubernetes.access",
    "SecretAttributes": ".azure.vault_args",
    "SecretProviderClass": ".kubernetes.secret_provider_class",
    "SecretProviderClassArgs": ".kubernetes.secret_provider_class",
    "SecretWorkload": ".kubernetes.workload",
    "SecretWorkloadArgs": ".kubernetes.workload",
    "SecretsStoreCsiDriver": ".kubernetes.csi_driver",
    "SecretsStoreCsiDriverArgs": ".kubernetes.csi_driver",
    "ServicePrincipal": ".azure.identities.existing",
    "ShamirSeal": ".vault.server.seal",
    "ServiceAccount": ".workload",
    "SharedIdentity": ".azure.identities.workload_identity",
    "SocketAudit": ".vault.audit",
    "SpannerStorage": ".vault.server.storage",
    "Spread": ".vault.server.args",
    "StaticRole": ".databases",
    "StrongroomError": ".errors",
    "SuppliedTls": ".vault.server.tls",
    "SyncedSecret": ".delivery",
    "SyslogAudit": ".vault.audit",
    "TransitSeal": ".vault.server.seal",
    "User": ".vault.auth.userpass",
    "UserpassAuth": ".vault.auth.userpass",
    "UserpassAuthArgs": ".vault.auth.userpass",
    "VaultAgentInjector": ".kubernetes.agent_injector",
    "VaultAgentInjectorArgs": ".kubernetes.agent_injector",
    "VaultBackend": ".vault.backend",
    "VaultBackendArgs": ".vault.backend",
    "VaultBootstrap": ".vault.bootstrap.component",
    "VaultBootstrapArgs": ".vault.bootstrap.component",
    "VaultCertificate": ".azure.vault_args",
    "VaultConnection": ".vault.backend",
    "VaultKey": ".azure.vault_args",
    "VaultNode": ".vault.client",
    "VaultObject": ".azure.objects",
    "VaultPath": ".paths",
    "VaultSecret": ".azure.key_vault",
    "VaultServer": ".vault.server.server",
    "VaultServerArgs": ".vault.server.server",
    "VaultServerSpec": ".vault.server.args",
    "Volume": ".vault.server.storage",
    "Workload": ".workload",
    "WorkloadCertificate": ".certificates",
    "WorkloadAuth": ".vault.auth.kubernetes",
    "WorkloadRole": ".vault.auth.kubernetes",
}

__all__ = [
    "AgentInjector",
    "AksCluster",
    "AksClusterArgs",
    "Akv2k8s",
    "Akv2k8sEnvInjector",
    "Akv2k8sEnvInjectorArgs",
    "AppRole",
    "AppRoleAuth",
    "AppRoleAuthArgs",
    "Attachment",
    "AuditDevice",
    "AuditDeviceArgs",
    "AzureKeyStore",
    "AzureKeyVaultBackend",
    "AzureKeyVaultBackendArgs",
    "AzureKeyVaultSeal",
    "AzureSealKey",
    "AzureSealKeyArgs",
    "Backend",
    "CertManagerTls",
    "Certificate",
    "CertificateArgs",
    "CertificateFiles",
    "Chart",
    "ChartError",
    "Cloud",
    "ConsulStorage",
    "Contents",
    "CredentialFiles",
    "CredentialUrl",
    "Csi",
    "Database",
    "DatabaseCredentials",
    "DatabaseEngine",
    "DatabaseEngineArgs",
    "ExistingVault",
    "ExternalGroup",
    "ExternalGroupArgs",
    "FileAudit",
    "FileKeyStore",
    "Generate",
    "GeneratedTls",
    "GithubAuth",
    "GithubAuthArgs",
    "Grant",
    "Identities",
    "IdentityBindings",
    "IdentityLocation",
    "Image",
    "Ingress",
    "InvalidArgumentsError",
    "JwtAuth",
    "JwtAuthArgs",
    "KeyStore",
    "KeyVault",
    "KeyVaultArgs",
    "KubernetesAuth",
    "KubernetesAuthArgs",
    "KubernetesSecret",
    "KvEngine",
    "KvEngineArgs",
    "LdapAuth",
    "LdapAuthArgs",
    "MissingExtraError",
    "Monitor",
    "MysqlStorage",
    "Network",
    "NewCluster",
    "NewVault",
    "NodeIdentity",
    "OidcAuth",
    "OidcAuthArgs",
    "PerWorkloadIdentities",
    "PkiAuthority",
    "PkiEngine",
    "PkiEngineArgs",
    "PodIdentities",
    "PostgresStorage",
    "Principal",
    "PrivateEndpoint",
    "RaftStorage",
    "ReadinessGate",
    "Resources",
    "Secret",
    "SecretAccess",
    "SecretAccessArgs",
    "SecretAttributes",
    "SecretProviderClass",
    "SecretProviderClassArgs",
    "SecretWorkload",
    "SecretWorkloadArgs",
    "SecretsStoreCsiDriver",
    "SecretsStoreCsiDriverArgs",
    "ServiceAccount",
    "ServicePrincipal",
    "ShamirSeal",
    "SharedIdentity",
    "SocketAudit",
    "SpannerStorage",
    "Spread",
    "StaticRole",
    "StrongroomError",
    "SuppliedTls",
    "SyncedSecret",
    "SyslogAudit",
    "TransitSeal",
    "User",
    "UserpassAuth",
    "UserpassAuthArgs",
    "VaultAgentInjector",
    "VaultAgentInjectorArgs",
    "VaultBackend",
    "VaultBackendArgs",
    "VaultBootstrap",
    "VaultBootstrapArgs",
    "VaultCertificate",
    "VaultConnection",
    "VaultKey",
    "VaultNode",
    "VaultObject",
    "VaultPath",
    "VaultSecret",
    "VaultServer",
    "VaultServerArgs",
    "VaultServerSpec",
    "Volume",
    "Workload",
    "WorkloadAuth",
    "WorkloadCertificate",
    "WorkloadRole",
]


_OF_AZURE = {"azure", "pulumi_azure_native"}
"""Top-level modules that the extra `azure` brings."""


def _load(name: str) -> object:
    """Load a public name.

    :raises AttributeError: It is none.
    :raises MissingExtraError: It needs the extra `azure`.
    """
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(_MODULES[name], __name__), name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _OF_AZURE:
            raise
        raise MissingExtraError(
            f"{name} needs packages for Azure, and {error.name} is not installed: install strongroom[azure], or "
            "components/requirements-azure.txt where the components run as a plugin"
        ) from None


if not TYPE_CHECKING:  # a type checker knows the names, and reports any other
    __getattr__ = _load

if __name__ == "components":
    # Nothing imports this package by the name of its directory, save the host of dynamic resources for states of
    # earlier versions.
    from strongroom.components.dynamic_providers import register_former_modules

    register_former_modules()
