"""The Vault Agent injector and akv2k8s, as releases."""

from typing import Any

from strongroom import Akv2k8sEnvInjector, VaultAgentInjector
from strongroom.components.kubernetes.akv2k8s import Principal
from tests.support.recording import Declare, Recorder

RELEASE = "kubernetes:helm.sh/v3:Release"
PASSWORD = "canary-11d0"


def test_the_injector_comes_alone_and_holds_up_only_the_pods_that_it_serves(declare: Declare) -> None:
    recorder = declare(lambda: VaultAgentInjector("vault-injector", address="https://vault:8200"))
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
    return declare(lambda: Akv2k8sEnvInjector("akv2k8s", credentials="creds", readers=readers, **arguments))


def test_akv2k8s_makes_no_kubernetes_secrets_of_its_own_and_is_read_by_its_workloads_alone(declare: Declare) -> None:
    values = akv2k8s(declare).one(RELEASE).inputs["values"]

    assert values["controller"] == {"enabled": False}
    assert values["env_injector"]["rbacSubjects"] == [
        {"kind": "ServiceAccount", "namespace": "bank", "name": "ledger"},
        {"kind": "ServiceAccount", "namespace": "shop", "name": "orders"},
    ]
    assert values["env_injector"]["env"]["WEBHOOK_CONTAINER_SECURITY_CONTEXT_PRIVILEGED"] == "false"


def test_akv2k8ss_password_is_in_a_kubernetes_secret_and_not_in_the_release(declare: Declare) -> None:
    principal = Principal("tenant", "client", PASSWORD)
    recorder = akv2k8s(declare, principal=principal, cloud="AzureUSGovernmentCloud")
    credentials, release = recorder.one("kubernetes:core/v1:Secret"), recorder.one(RELEASE)

    assert credentials.inputs["metadata"] == {"name": "creds", "namespace": "kube-system"}
    assert credentials.inputs["stringData"] == {
        "AZURE_TENANT_ID": "tenant",
        "AZURE_CLIENT_ID": "client",
        "AZURE_CLIENT_SECRET": PASSWORD,
        "AZURE_ENVIRONMENT": "AzureUSGovernmentCloud",
    }
    assert credentials.secret_inputs == {"stringData"}
    assert PASSWORD not in str(release.shown)
    assert release.inputs["values"]["env_injector"]["envFromSecret"] == [{"name": "creds"}]


def test_a_secret_of_somebody_elses_is_used_as_it_is(declare: Declare) -> None:
    assert akv2k8s(declare).all("kubernetes:core/v1:Secret") == []
