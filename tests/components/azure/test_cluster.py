"""What an AKS cluster declares, and what is found of one."""

from typing import Any

import pulumi
import pytest

from strongroom import AksCluster, AksClusterArgs, InvalidArgumentsError, NewCluster
from tests.components.outputs import is_secret
from tests.support.recording import Declare

CLUSTER = "azure-native:containerservice:ManagedCluster"


def test_a_new_cluster_has_what_workload_identity_needs(declare: Declare) -> None:
    issuers: list[str] = []

    def program() -> object:
        cluster = AksCluster("aks", AksClusterArgs(cluster_name="aks-shop", resource_group="rg", new=NewCluster()))
        return cluster.issuer.apply(issuers.append)

    made = declare(program).one(CLUSTER).inputs

    assert made["oidcIssuerProfile"] == {"enabled": True}
    assert made["enableRBAC"] is True
    assert made["securityProfile"] == {"workloadIdentity": {"enabled": True}}
    addon = made["addonProfiles"]["azureKeyvaultSecretsProvider"]
    assert addon == {"enabled": True, "config": {"enableSecretRotation": "true", "rotationPollInterval": "2m"}}
    assert issuers == ["https://issuer of aks/"]


@pytest.mark.parametrize(
    "wrong", [{"rotation_poll_interval": "10m"}, {"nodes": 0}, {"zones": ["4"]}, {"subnet_id": "s"}, {"vm_size": "big"}]
)
def test_what_a_stack_file_is_refused_a_program_is_too(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentsError, match=next(iter(wrong))):
        NewCluster(**wrong)


def test_the_addon_can_be_omitted(declare: Declare) -> None:
    new = NewCluster(addon=False)
    made = (
        declare(lambda: AksCluster("aks", AksClusterArgs(cluster_name="aks", resource_group="rg", new=new)))
        .one(CLUSTER)
        .inputs
    )

    assert made["addonProfiles"]["azureKeyvaultSecretsProvider"] == {"enabled": False}


def test_a_cluster_that_exists_is_looked_up(declare: Declare) -> None:
    found: list[list[str]] = []

    def program() -> object:
        cluster = AksCluster("aks", AksClusterArgs(cluster_name="aks-shop", resource_group="rg"))
        return pulumi.Output.all(
            cluster.issuer, cluster.addon_client_id, cluster.addon_principal_id, cluster.kubeconfig
        ).apply(found.append)

    recorder = declare(program)

    assert recorder.all(CLUSTER) == []
    assert found == [["https://found/", "addon client", "addon principal", "kubeconfig"]]


def test_a_kubeconfig_is_secret(declare: Declare) -> None:
    made: list[AksCluster] = []
    declare(lambda: made.append(AksCluster("aks", AksClusterArgs(cluster_name="aks-shop", resource_group="rg"))))

    assert is_secret(made[0].kubeconfig) is True
    assert is_secret(made[0].issuer) is False
