"""Every message that is known."""

from .known.azure import AZURE
from .known.cluster import CLUSTER
from .known.network import NETWORK
from .known.vault import VAULT

EXPLANATIONS = (*CLUSTER, *AZURE, *VAULT, *NETWORK)
"""In the order in which they are tried: what is said where nothing answers comes last, as it names no cause."""
