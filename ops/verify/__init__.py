"""Verification of a deployed stack: it is as deployed, and each workload reads its own secrets and nothing else."""

from .check import Check
from .digests import Digests
from .pod_checks import PodChecks
from .verifier import Verifier

__all__ = ["Check", "Digests", "PodChecks", "Verifier"]
