"""Strongroom's components: they take a secret from its store to the pod that needs it.

Importing this package costs nothing: each name loads its module, and that module's Pulumi provider, when first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .azure.backend import AzureKeyVaultBackend
    from .azure.borrowed import NodeIdentity, ServicePrincipal
    from .azure.certificate import Certificate
    from .azure.cluster import AksCluster
    from .azure.federated import OwnIdentities, SharedIdentity
    from .azure.identity_binding import IdentityBindings
    from .azure.key_vault import KeyVault
    from .azure.pod_identity import PodIdentities
    from .backend import Backend, Grant
    from .kubernetes.agent_injector import VaultAgentInjector
    from .kubernetes.akv2k8s import Akv2k8sEnvInjector
    from .kubernetes.csi_driver import SecretsStoreCsiDriver
    from .kubernetes.secret_provider_class import SecretProviderClass
    from .kubernetes.workload import SecretWorkload
    from .seeds import Generate
    from .vault.approle import AppRole, AppRoleAuth
    from .vault.audit import AuditDevice, FileAudit, SocketAudit, SyslogAudit
    from .vault.auth import KubernetesAuth
    from .vault.azure_seal import AzureSealKey
    from .vault.backend import VaultBackend
    from .vault.bootstrap import VaultBootstrap
    from .vault.directory_group import DirectoryGroup
    from .vault.engines import KvEngine
    from .vault.file_custody import FileCustody
    from .vault.github import GithubAuth
    from .vault.jwt_auth import JwtAuth
    from .vault.key_vault_custody import KeyVaultCustody
    from .vault.ldap import LdapAuth
    from .vault.oidc import OidcAuth
    from .vault.reach import VaultNode
    from .vault.server import VaultServer
    from .vault.server_args import VaultServerArgs
    from .vault.userpass import User, UserpassAuth
    from .workload import Secret, Workload

_HOME = {
    "AksCluster": ".azure.cluster",
    "Akv2k8sEnvInjector": ".kubernetes.akv2k8s",
    "AppRole": ".vault.approle",
    "AppRoleAuth": ".vault.approle",
    "AuditDevice": ".vault.audit",
    "AzureKeyVaultBackend": ".azure.backend",
    "AzureSealKey": ".vault.azure_seal",
    "Backend": ".backend",
    "Certificate": ".azure.certificate",
    "DirectoryGroup": ".vault.directory_group",
    "FileAudit": ".vault.audit",
    "FileCustody": ".vault.file_custody",
    "Generate": ".seeds",
    "GithubAuth": ".vault.github",
    "Grant": ".backend",
    "IdentityBindings": ".azure.identity_binding",
    "JwtAuth": ".vault.jwt_auth",
    "KeyVault": ".azure.key_vault",
    "KeyVaultCustody": ".vault.key_vault_custody",
    "KubernetesAuth": ".vault.auth",
    "KvEngine": ".vault.engines",
    "LdapAuth": ".vault.ldap",
    "NodeIdentity": ".azure.borrowed",
    "OidcAuth": ".vault.oidc",
    "OwnIdentities": ".azure.federated",
    "PodIdentities": ".azure.pod_identity",
    "Secret": ".workload",
    "SecretProviderClass": ".kubernetes.secret_provider_class",
    "SecretWorkload": ".kubernetes.workload",
    "SecretsStoreCsiDriver": ".kubernetes.csi_driver",
    "ServicePrincipal": ".azure.borrowed",
    "SharedIdentity": ".azure.federated",
    "SocketAudit": ".vault.audit",
    "SyslogAudit": ".vault.audit",
    "User": ".vault.userpass",
    "UserpassAuth": ".vault.userpass",
    "VaultAgentInjector": ".kubernetes.agent_injector",
    "VaultBackend": ".vault.backend",
    "VaultBootstrap": ".vault.bootstrap",
    "VaultNode": ".vault.reach",
    "VaultServer": ".vault.server",
    "VaultServerArgs": ".vault.server_args",
    "Workload": ".workload",
}

__all__ = [
    "AksCluster",
    "Akv2k8sEnvInjector",
    "AppRole",
    "AppRoleAuth",
    "AuditDevice",
    "AzureKeyVaultBackend",
    "AzureSealKey",
    "Backend",
    "Certificate",
    "DirectoryGroup",
    "FileAudit",
    "FileCustody",
    "Generate",
    "GithubAuth",
    "Grant",
    "IdentityBindings",
    "JwtAuth",
    "KeyVault",
    "KeyVaultCustody",
    "KubernetesAuth",
    "KvEngine",
    "LdapAuth",
    "NodeIdentity",
    "OidcAuth",
    "OwnIdentities",
    "PodIdentities",
    "Secret",
    "SecretProviderClass",
    "SecretWorkload",
    "SecretsStoreCsiDriver",
    "ServicePrincipal",
    "SharedIdentity",
    "SocketAudit",
    "SyslogAudit",
    "User",
    "UserpassAuth",
    "VaultAgentInjector",
    "VaultBackend",
    "VaultBootstrap",
    "VaultNode",
    "VaultServer",
    "VaultServerArgs",
    "Workload",
]


_OF_AZURE = {"azure", "pulumi_azure_native"}
"""Top-level modules that the extra `azure` brings."""


class MissingExtraError(ImportError):
    """A name needs packages that were not installed: those of the extra `azure`."""


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(_HOME[name], __name__), name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _OF_AZURE:
            raise
        raise MissingExtraError(
            f"{name} needs packages for Azure, and {error.name} is not installed: install strongroom[azure], or "
            "components/requirements-azure.txt where the components run as a plugin"
        ) from None
