"""What may be chosen, and what Azure limits: known without loading a provider."""

from collections.abc import Mapping
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

EXCHANGE_AUDIENCE = "api://AzureADTokenExchange"
"""Audience of the tokens that Microsoft Entra ID exchanges. (Microsoft Learn: "Workload identity federation")"""

BINDING_AUDIENCE = "api://AKSIdentityBinding"
"""Audience of the tokens that identity bindings exchange. (Microsoft Learn: "Set up identity bindings on Azure
Kubernetes Service (AKS) (preview)")"""

AUDIENCES: Mapping[IdentityMode, str] = {
    "workload-identity": EXCHANGE_AUDIENCE,
    "shared": EXCHANGE_AUDIENCE,
    "identity-binding": BINDING_AUDIENCE,
}
"""Audience of the service account token that the driver must request, by mode; the other modes need none."""

FEDERATED = frozenset[IdentityMode](mode for mode, audience in AUDIENCES.items() if audience == EXCHANGE_AUDIENCE)
"""The modes in which a federated credential ties a service account to an identity."""

KeyType = Literal["RSA", "RSA-HSM", "EC", "EC-HSM"]
"""Of a key, or of a certificate's."""

MOST_POLICIES = 1024
"""Access policies of one vault. (Microsoft Learn: "Azure Key Vault service limits")"""

MOST_FEDERATED = 20
"""Federated credentials on one identity. (Microsoft Learn: "Important considerations and restrictions for federated
identity credentials")"""

LARGEST_SECRET = 25 * 1024
"""Bytes of a secret. (Microsoft Learn: "About Azure Key Vault secrets")"""


def check_size(value: str) -> str | None:
    """Return why Key Vault can't keep `value`, as a sentence without its full stop; `None` if it can."""
    if (size := len(value.encode())) <= LARGEST_SECRET:
        return None
    return f"The value has {size} bytes: a secret of Key Vault has at most {LARGEST_SECRET} (25 KB)"


def describe_excess(count: int) -> str:
    """Describe the error of more workloads than one identity can have."""
    return (
        f"{count} workloads would share one identity, which can have {MOST_FEDERATED} federated credentials: "
        "give each its own (identity.mode: workload-identity), or use identity-binding"
    )
