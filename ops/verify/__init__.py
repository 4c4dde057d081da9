"""The proof of a deployed stack: what it consists of is as deployed, and each workload reads that and nothing else."""

from .check import Check
from .digests import Digests
from .verifier import Verifier

__all__ = ["Check", "Digests", "Verifier"]
