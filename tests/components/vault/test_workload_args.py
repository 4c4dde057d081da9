"""Arguments of the backend, its engine and its auth methods: a program is refused what a stack file is refused."""

from collections.abc import Callable

import pulumi
import pytest

from strongroom import (
    AuditDeviceArgs,
    FileAudit,
    Generate,
    JwtAuthArgs,
    KubernetesAuthArgs,
    KvEngine,
    KvEngineArgs,
    VaultBackend,
    VaultBackendArgs,
    VaultConnection,
)
from strongroom.components.errors import InvalidArgumentsError
from strongroom.components.vault.auth.kubernetes import KubernetesAuth
from tests.support.recording import Declare

CANARY = "canary-of-a-seed"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (KubernetesAuthArgs, "kubernetes_host: This argument is required"),
        (lambda: KubernetesAuthArgs(kubernetes_host="api.example.net:6443"), "kubernetes_host: .* is not a URL"),
        (
            lambda: KubernetesAuthArgs(create=False, kubernetes_host="https://a"),
            "kubernetes_host: .* create: true only",
        ),
        (lambda: JwtAuthArgs(issuer="http://issuer.example.net"), "issuer: .* is not an issuer"),
        (lambda: JwtAuthArgs(issuer="https://a", jwks_url="http://b.example.net"), "jwks_url: .* is not an https URL"),
        (lambda: JwtAuthArgs(create=False, issuer="https://a"), "issuer: .* create: true only"),
        (lambda: KvEngineArgs(path="sys/kv"), "path: 'sys/kv' is Vault's own"),
        (lambda: KvEngineArgs(seeds={"a": {"b/c": CANARY}}), "is not a legal key"),
        (lambda: KvEngineArgs(seeds={"a": {"b": 71977}}), "seeds"),  # pyright: ignore[reportArgumentType]
        (lambda: VaultConnection(address="vault.example.net"), "address: .* is not a URL"),
        (lambda: VaultConnection(address="HTTP://vault.example.net"), "address: .* is plain HTTP"),
        (lambda: VaultConnection(address="https://a", namespace="root"), "namespace: 'root' is not a namespace"),
        (lambda: VaultConnection(address="https://a", ca_path="ca.crt"), "ca_path: 'ca.crt' is not an absolute path"),
        (
            lambda: AuditDeviceArgs(device=FileAudit(file="audit.log")),
            "file: 'audit.log' is not a file of the server's",
        ),
    ],
)
def test_what_a_stack_file_is_refused_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(InvalidArgumentsError, match=message) as refused:
        make()

    assert CANARY not in str(refused.value)
    assert "71977" not in str(refused.value)


def test_seeds_do_not_show() -> None:
    assert CANARY not in repr(KvEngineArgs(seeds={"a": {"b": CANARY, "c": Generate()}}))


def test_what_an_output_will_be_is_not_checked_yet(declare: Declare) -> None:
    def program() -> None:
        host = pulumi.Output.from_input("https://api.example.net")
        KubernetesAuth("vault", KubernetesAuthArgs(kubernetes_host=host))

    config = declare(program).one("vault:kubernetes/authBackendConfig:AuthBackendConfig")
    assert config.inputs["kubernetesHost"] == "https://api.example.net"


@pytest.mark.parametrize(("shorter", "longer"), [(-1, 3600), (7200, 3600)])
def test_lifetimes_of_a_workloads_tokens_are_checked(declare: Declare, shorter: int, longer: int) -> None:
    def program() -> None:
        VaultBackend(
            "vault",
            VaultBackendArgs(
                connection=VaultConnection(address="https://vault.example.net"),
                engine=KvEngine("vault", KvEngineArgs()),
                auth=KubernetesAuth("vault", KubernetesAuthArgs(create=False)),
                token_ttl=shorter,
                token_max_ttl=longer,
            ),
        )

    with pytest.raises(InvalidArgumentsError, match="token_ttl"):
        declare(program)
