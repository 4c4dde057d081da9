"""Workloads as a program declares them."""

from typing import Any

from strongroom import Backend, SecretWorkload, SecretWorkloadArgs, Workload


def deploy(workload: Workload, backend: Backend, **options: Any) -> SecretWorkload:
    """Declare a workload under its path."""
    return SecretWorkload(workload.path, SecretWorkloadArgs(workload=workload, backend=backend, **options))
