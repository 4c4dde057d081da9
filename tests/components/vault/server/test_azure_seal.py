"""What is declared for a seal by a key in Azure Key Vault."""

import asyncio

import pytest

from strongroom.components.azure.clouds import CLOUDS
from strongroom.components.azure.identities.workload_identity import IdentityLocation
from strongroom.components.azure.vault_args import ExistingVault, VaultKey
from strongroom.components.errors import InvalidArgumentsError
from strongroom.components.vault.server.args import VaultServerSpec
from strongroom.components.vault.server.azure_seal import AzureSealKey, AzureSealKeyArgs
from strongroom.components.vault.server.chart_values import build_values
from strongroom.components.vault.server.server import VaultServer, VaultServerArgs
from strongroom.components.vault.server.tls import GeneratedTls
from tests.support.recording import VAULT_ID, Declare

PLACE = IdentityLocation(
    resource_group="rg-seal", location="westeurope", tenant_id="11111111-1111-1111-1111-111111111111"
)
ISSUER = "https://issuer.example.net/"


def seal(**more: object) -> AzureSealKey:
    args = AzureSealKeyArgs(**{"place": PLACE, "issuer": ISSUER, "vault_name": "kv-seal", **more})  # type: ignore[arg-type]
    return AzureSealKey("seal", args)


def test_the_servers_identity_may_wrap_with_the_one_key_and_nothing_else(declare: Declare) -> None:
    recorder = declare(seal)
    key = recorder.one("azure-native:keyvault:Key").inputs
    role = recorder.one("azure-native:authorization:RoleAssignment")
    credential = recorder.one("azure-native:managedidentity:FederatedIdentityCredential").inputs

    assert (key["keyName"], key["properties"]["kty"]) == ("vault-unseal", "RSA")
    assert key["properties"]["keyOps"] == ["wrapKey", "unwrapKey"]
    assert role.inputs["scope"] == f"{VAULT_ID}/keys/vault-unseal"
    assert role.inputs["roleDefinitionId"].endswith("e147488a-f6f5-4113-8e2d-b22465e65bf6")
    assert role.inputs["principalId"] == "principal of vault/vault"
    assert credential["subject"] == "system:serviceaccount:vault:vault"
    assert credential["issuer"] == ISSUER
    assert credential["audiences"] == ["api://AzureADTokenExchange"]
    assert recorder.one("azure-native:keyvault:Vault").inputs["properties"]["enablePurgeProtection"] is True


def test_the_server_is_that_identity_and_comes_after_its_key(declare: Declare) -> None:
    def program() -> None:
        made = seal(namespace="secrets", service_account="store")
        args = VaultServerSpec(name="store", namespace="secrets", tls=GeneratedTls(), seal=made.seal)
        VaultServer("store", VaultServerArgs(server=args, after=made.ready))

    recorder = declare(program)
    release = recorder.one("kubernetes:helm.sh/v3:Release")
    server = release.inputs["values"]["server"]

    assert server["serviceAccount"]["annotations"] == {
        "azure.workload.identity/client-id": "client of secrets/store",
        "azure.workload.identity/tenant-id": PLACE.tenant_id,
    }
    assert server["extraLabels"] == {"azure.workload.identity/use": "true"}
    assert {"vault-unseal", "secrets/store"} <= release.dependencies
    assert any("Key Vault Crypto Service Encryption User" in name for name in release.dependencies)


def test_a_vault_that_exists_only_gets_the_key(declare: Declare) -> None:
    recorder = declare(lambda: seal(vault=ExistingVault()))

    assert recorder.all("azure-native:keyvault:Vault") == []
    assert recorder.one("azure-native:keyvault:Key").inputs["vaultName"] == "kv-seal"


def test_another_cloud_is_reported_to_vault(declare: Declare) -> None:
    made: list[AzureSealKey] = []
    declare(lambda: made.append(seal(cloud=CLOUDS["AzureChinaCloud"])))
    config = build_values(VaultServerSpec(tls=GeneratedTls(), seal=made[0].seal))["server"]["ha"]["raft"]["config"]

    assert '"environment": "AZURECHINACLOUD"' in config
    client = made[0].seal.client_id
    assert not isinstance(client, str)
    assert asyncio.run(client.future()) == "client of vault/vault"  # type: ignore[union-attr]


@pytest.mark.parametrize("key", [VaultKey(type="EC"), VaultKey(operations=("sign", "verify"))])
def test_a_key_that_can_not_wrap_is_refused(declare: Declare, key: VaultKey) -> None:
    with pytest.raises(ValueError, match="needs an RSA key that may wrapKey and unwrapKey"):
        declare(lambda: seal(key=key))


def test_an_issuer_without_tls_is_refused(declare: Declare) -> None:
    with pytest.raises(InvalidArgumentsError, match=r"issuer: 'http://issuer.example.net' is not an issuer"):
        declare(lambda: seal(issuer="http://issuer.example.net"))
