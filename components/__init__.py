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
    from .vault.auth import KubernetesAuth
    from .vault.azure_seal import AzureSealKey
    from .vault.backend import VaultBackend
    from .vault.bootstrap import VaultBootstrap
    from .vault.engines import KvEngine
    from .vault.file_custody import FileCustody
    from .vault.key_vault_custody import KeyVaultCustody
    from .vault.reach import VaultNode
    from .vault.server import VaultServer
    from .vault.server_args import VaultServerArgs
    from .workload import Secret, Workload

_HOME = {
    "AksCluster": ".azure.cluster",
    "Akv2k8sEnvInjector": ".kubernetes.akv2k8s",
    "AzureKeyVaultBackend": ".azure.backend",
    "AzureSealKey": ".vault.azure_seal",
    "Backend": ".backend",
    "Certificate": ".azure.certificate",
    "FileCustody": ".vault.file_custody",
    "Generate": ".seeds",
    "Grant": ".backend",
    "IdentityBindings": ".azure.identity_binding",
    "KeyVault": ".azure.key_vault",
    "KeyVaultCustody": ".vault.key_vault_custody",
    "KubernetesAuth": ".vault.auth",
    "KvEngine": ".vault.engines",
    "NodeIdentity": ".azure.borrowed",
    "OwnIdentities": ".azure.federated",
    "PodIdentities": ".azure.pod_identity",
    "Secret": ".workload",
    "SecretProviderClass": ".kubernetes.secret_provider_class",
    "SecretWorkload": ".kubernetes.workload",
    "SecretsStoreCsiDriver": ".kubernetes.csi_driver",
    "ServicePrincipal": ".azure.borrowed",
    "SharedIdentity": ".azure.federated",
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
    "AzureKeyVaultBackend",
    "AzureSealKey",
    "Backend",
    "Certificate",
    "FileCustody",
    "Generate",
    "Grant",
    "IdentityBindings",
    "KeyVault",
    "KeyVaultCustody",
    "KubernetesAuth",
    "KvEngine",
    "NodeIdentity",
    "OwnIdentities",
    "PodIdentities",
    "Secret",
    "SecretProviderClass",
    "SecretWorkload",
    "SecretsStoreCsiDriver",
    "ServicePrincipal",
    "SharedIdentity",
    "VaultAgentInjector",
    "VaultBackend",
    "VaultBootstrap",
    "VaultNode",
    "VaultServer",
    "VaultServerArgs",
    "Workload",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name], __name__), name)
