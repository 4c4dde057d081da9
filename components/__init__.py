"""Strongroom's components: they take a secret from its store to the pod that needs it.

Importing this package costs nothing: each name loads its module, and that module's Pulumi provider, when first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .backend import Backend, Grant
    from .kubernetes.csi_driver import SecretsStoreCsiDriver
    from .kubernetes.secret_provider_class import SecretProviderClass
    from .kubernetes.workload import SecretWorkload
    from .seeds import Generate
    from .vault.auth import KubernetesAuth
    from .vault.backend import VaultBackend
    from .vault.engines import KvEngine
    from .workload import Secret, Workload

_HOME = {
    "Backend": ".backend",
    "Generate": ".seeds",
    "Grant": ".backend",
    "KubernetesAuth": ".vault.auth",
    "KvEngine": ".vault.engines",
    "Secret": ".workload",
    "SecretProviderClass": ".kubernetes.secret_provider_class",
    "SecretWorkload": ".kubernetes.workload",
    "SecretsStoreCsiDriver": ".kubernetes.csi_driver",
    "VaultBackend": ".vault.backend",
    "Workload": ".workload",
}

__all__ = [
    "Backend",
    "Generate",
    "Grant",
    "KubernetesAuth",
    "KvEngine",
    "Secret",
    "SecretProviderClass",
    "SecretWorkload",
    "SecretsStoreCsiDriver",
    "VaultBackend",
    "Workload",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name], __name__), name)
