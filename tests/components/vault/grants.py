"""A backend on mocks that grants to one workload."""

from collections.abc import Callable
from typing import Any

from strongroom import (
    KubernetesAuth,
    KubernetesAuthArgs,
    KvEngine,
    KvEngineArgs,
    VaultBackend,
    VaultBackendArgs,
    VaultConnection,
    Workload,
)
from strongroom.components.backend import Grant
from tests.support.recording import Declare, Recorder


def declare_grant(
    declare: Declare, build_workload: Callable[[], Workload], build_engines: Callable[[], dict[str, Any]]
) -> tuple[Recorder, Grant]:
    """Declare a grant by a backend with engines of dynamic secrets; return what it declared, and the grant."""
    found: list[Grant] = []

    def program() -> None:
        backend = VaultBackend(
            "vault",
            VaultBackendArgs(
                connection=VaultConnection(address="https://vault.example.net:8200"),
                engine=KvEngine("vault", KvEngineArgs()),
                auth=KubernetesAuth("vault", KubernetesAuthArgs(path="kubernetes-dev", create=False)),
                **build_engines(),
            ),
        )
        found.append(backend.grant(build_workload()))

    return declare(program), found[0]
