"""The Vault Agent injector and akv2k8s, as releases."""

from typing import Any

import pytest

from strongroom import (
    Akv2k8sEnvInjector,
    Akv2k8sEnvInjectorArgs,
    InvalidArgumentsError,
    Principal,
    VaultAgentInjector,
    VaultAgentInjectorArgs,
)
from tests.support.recording import Declare, Recorder

RELEASE = "kubernetes:helm.sh/v3:Release"
PASSWORD = "canary-11d0"
TENANT, CLIENT = "11111111-2222-3333-4444-555555555555", "66666666-7777-8888-9999-000000000000"


def test_the_injector_comes_alone_and_holds_up_only_the_pods_that_it_serves(declare: Declare) -> None:
    recorder = declare(
        lambda: VaultAgentInjector("vault-injector", VaultAgentInjectorArgs(address="https://vault:8200"))
    )
    values = recorder.one(RELEASE).inputs["values"]

    assert values["csi"] == {"enabled": False}
    assert values["server"]["enabled"] is values["server"]["authDelegator"]["enabled"] is False
    assert values["global"] == {"externalVaultAddr": "https://vault:8200"}
    assert values["injector"]["webhook"] == {
        "failurePolicy": "Fail",
        "objectSelector": {"matchLabels": {"strongroom/delivery": "agent-injector"}},
    }
    assert values["injector"]["replicas"] == 2


def akv2k8s(declare: Declare, **arguments: Any) -> Recorder:
    readers = [("shop", "orders"), ("bank", "ledger"), ("shop", "orders")]
    args = Akv2k8sEnvInjectorArgs(credentials="creds", readers=readers, **arguments)
    return declare(lambda: Akv2k8sEnvInjector("akv2k8s", args))


def test_akv2k8s_makes_no_kubernetes_secrets_of_its_own_and_is_read_by_its_workloads_alone(declare: Declare) -> None:
    values = akv2k8s(declare).one(RELEASE).inputs["values"]

    assert values["controller"] == {"enabled": False}
    assert values["env_injector"]["rbacSubjects"] == [
        {"kind": "ServiceAccount", "namespace": "bank", "name": "ledger"},
        {"kind": "ServiceAccount", "namespace": "shop", "name": "orders"},
    ]
    assert values["env_injector"]["env"]["WEBHOOK_CONTAINER_SECURITY_CONTEXT_PRIVILEGED"] == "false"


def test_akv2k8ss_password_is_in_a_kubernetes_secret_and_not_in_the_release(declare: Declare) -> None:
    principal = Principal(tenant_id=TENANT, client_id=CLIENT, secret=PASSWORD)
    recorder = akv2k8s(declare, principal=principal, cloud="AzureUSGovernmentCloud")
    credentials, release = recorder.one("kubernetes:core/v1:Secret"), recorder.one(RELEASE)

    assert credentials.inputs["metadata"] == {"name": "creds", "namespace": "kube-system"}
    assert credentials.inputs["stringData"] == {
        "AZURE_TENANT_ID": TENANT,
        "AZURE_CLIENT_ID": CLIENT,
        "AZURE_CLIENT_SECRET": PASSWORD,
        "AZURE_ENVIRONMENT": "AzureUSGovernmentCloud",
    }
    assert credentials.secret_inputs == {"stringData"}
    assert PASSWORD not in str(release.shown)
    assert release.inputs["values"]["env_injector"]["envFromSecret"] == [{"name": "creds"}]


def test_a_secret_of_somebody_elses_is_used_as_it_is(declare: Declare) -> None:
    assert akv2k8s(declare).all("kubernetes:core/v1:Secret") == []


@pytest.mark.parametrize("wrong", [{"address": "vault:8200"}, {"replicas": 0}, {"namespace": "A_"}, {"tls": True}])
def test_what_a_stack_file_is_refused_a_program_is_too(wrong: dict[str, Any]) -> None:
    arguments: dict[str, Any] = {"address": "https://vault:8200"} | wrong
    with pytest.raises(InvalidArgumentsError, match=next(iter(wrong))):
        VaultAgentInjectorArgs(**arguments)


def test_a_refused_principals_password_is_not_repeated() -> None:
    with pytest.raises(InvalidArgumentsError, match="client_id: 'nobody' is not a GUID") as refused:
        Principal(tenant_id=TENANT, client_id="nobody", secret=PASSWORD)

    assert PASSWORD not in str(refused.value)
