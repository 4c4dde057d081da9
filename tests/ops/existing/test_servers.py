"""Which servers a stack's settings name."""

from typing import Any

import pytest

from strongroom.ops.errors import OpsError
from strongroom.ops.existing.servers import list_servers
from strongroom.stacks.load import parse

VAULT: dict[str, Any] = {
    "kind": "vault",
    "address": "https://vault.example.net:8200",
    "auth": {"kubernetesHost": "https://api.example.net"},
}
AZURE: dict[str, Any] = {
    "kind": "azure-key-vault",
    "tenantId": "11111111-2222-3333-4444-555555555555",
    "resourceGroup": "rg",
    "vault": {"name": "kv-shop-test", "create": False},
}
AKS: dict[str, Any] = {"aks": {"resourceGroup": "rg", "name": "shop", "create": False}}


@pytest.mark.parametrize(
    ("backend", "kubernetes", "packages"),
    [
        (VAULT, {}, {"kubernetes", "vault"}),
        (AZURE, {"oidcIssuer": "https://oidc.example.net/c/"}, {"kubernetes", "azure-native"}),
        (AZURE, AKS, {"azure-native"}),
        (AZURE, AKS | {"context": "shop"}, {"kubernetes", "azure-native"}),
    ],
)
def test_each_server_that_exists_is_named_by_the_package_of_its_resources(
    backend: dict[str, Any], kubernetes: dict[str, Any], packages: set[str]
) -> None:
    settings = parse({"backend": backend, "kubernetes": kubernetes, "workloads": []}, stack="dev")

    assert set(list_servers(settings)) == packages


def test_a_sealed_vault_is_said_to_be_sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("strongroom.ops.store.vault_operator.VaultOperator.sealed", property(lambda _: True))
    connect = list_servers(parse({"backend": VAULT, "workloads": []}, stack="dev"))["vault"]

    with pytest.raises(OpsError, match=r"Vault at https://vault\.example\.net:8200 is sealed"):
        connect()
