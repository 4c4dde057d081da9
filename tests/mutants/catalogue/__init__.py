"""All mutants, by the part of the product that they are in."""

from .azure import AZURE
from .kubernetes import KUBERNETES
from .marks import MARKS
from .ops import OPS
from .policy import POLICY
from .stacks import STACKS
from .vault import VAULT
from .verify import VERIFY
from .workflows import WORKFLOWS

__all__ = ["AZURE", "KUBERNETES", "MARKS", "MUTANTS", "OPS", "POLICY", "STACKS", "VAULT", "VERIFY", "WORKFLOWS"]

MUTANTS = (*VAULT, *AZURE, *KUBERNETES, *MARKS, *STACKS, *OPS, *POLICY, *VERIFY, *WORKFLOWS)
"""All of them."""
