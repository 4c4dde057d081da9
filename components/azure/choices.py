"""What may be chosen, and what Azure limits: known without loading a provider."""

from typing import Literal

AccessMode = Literal["rbac", "policies"]
"""What decides on reads: role assignments, or the vault's access policies."""

RoleScope = Literal["object", "vault"]
"""How far a role assignment reaches."""

IdentityMode = Literal[
    "workload-identity",
    "shared",
    "addon",
    "node",
    "system-assigned",
    "service-principal",
    "identity-binding",
    "pod-identity",
]
"""Who workloads are to Azure."""

KeyType = Literal["RSA", "RSA-HSM", "EC", "EC-HSM"]
"""Of a key, or of a certificate's."""

MOST_POLICIES = 1024
"""Access policies of one vault. (Microsoft Learn: "Azure Key Vault service limits")"""

MOST_FEDERATED = 20
"""Federated credentials on one identity. (Microsoft Learn: "Important considerations and restrictions for federated
identity credentials")"""

LARGEST_SECRET = 25 * 1024
"""Bytes of a secret. (Microsoft Learn: "About Azure Key Vault secrets")"""


def too_many(count: int) -> str:
    """What to tell of more workloads than one identity can have."""
    return (
        f"{count} workloads would share one identity, which can have {MOST_FEDERATED} federated credentials: "
        "give each its own (identity.mode: workload-identity), or use identity-binding"
    )
