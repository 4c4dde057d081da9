"""Deliveries in a stack's file, and the errors of those that do not fit."""

from copy import deepcopy
from typing import Any

import pytest

from strongroom.components.delivery import AgentInjector, Csi, KubernetesSecret
from strongroom.stacks.errors import InvalidSettingsError
from strongroom.stacks.load import parse
from strongroom.stacks.settings.root import SECRET_KEYS, Settings
from tests.stacks.settings.test_root import GOOD as ON_VAULT
from tests.stacks.test_azure_settings import GOOD as ON_KEY_VAULT

PRINCIPAL = {
    "mode": "service-principal",
    "clientId": "11111111-2222-3333-4444-555555555555",
    "principalId": "11111111-2222-3333-4444-666666666666",
}


def stack(good: dict[str, Any], delivery: Any, **more: Any) -> dict[str, Any]:
    raw = deepcopy(good)
    raw["workloads"][0]["delivery"] = delivery
    secret = more.pop("secret", {})
    raw["workloads"][0]["secrets"][0] |= secret
    raw["backend"] |= more.pop("backend", {})
    return {**raw, **more}


def accepted(raw: dict[str, Any]) -> Settings:
    return parse(raw, stack="dev")


def list_issues(raw: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(InvalidSettingsError) as caught:
        parse(raw, stack="dev", secret_keys=SECRET_KEYS)
    return {issue.key.removeprefix("strongroom:"): issue.message for issue in caught.value.issues}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("csi", Csi()),
        ({"kind": "csi"}, Csi()),
        ("agent-injector", AgentInjector(mode="sidecar", render_interval="2m")),
        ({"kind": "agent-injector", "mode": "init"}, AgentInjector(mode="init")),
        ({"kind": "kubernetes-secret", "secretName": "db"}, KubernetesSecret(secret_name="db")),
    ],
)
def test_a_delivery_is_its_kind_alone_or_with_its_options(written: Any, meant: Any) -> None:
    assert accepted(stack(ON_VAULT, written)).workloads[0].delivery == meant


def test_akv2k8s_reads_as_a_service_principal() -> None:
    raw = stack(ON_KEY_VAULT, "akv2k8s", backend={"identity": PRINCIPAL}, secret={"env": "DB_PASSWORD"})

    assert accepted(raw).workloads[0].delivery.kind == "akv2k8s"


@pytest.mark.parametrize(
    ("delivery", "permission"),
    [("csi", "0444"), ("csi", "0644"), ("kubernetes-secret", "0604"), ("agent-injector", "0400")],
)
def test_a_file_that_its_containers_can_read_is_accepted(delivery: str, permission: str) -> None:
    raw = stack(ON_VAULT, delivery, secret={"filePermission": permission, "env": None})

    assert accepted(raw).workloads[0].secrets[0].file_permission == permission


def test_a_certificate_and_its_key_become_a_tls_secret() -> None:
    raw = stack(ON_KEY_VAULT, {"kind": "kubernetes-secret", "type": "kubernetes.io/tls"})
    raw["backend"]["vault"] = {"name": "kv-shop-test", "create": False}
    raw["seeds"] = {}
    raw["workloads"][0]["secrets"] = [
        {"name": "tls.crt", "object": "web", "type": "cert"},
        {"name": "tls.key", "object": "web"},
    ]

    assert accepted(raw).workloads[0].delivery.kind == "kubernetes-secret"


DELIVERY = "workloads[0].delivery"
SECRET = "workloads[0].secrets[0]"


@pytest.mark.parametrize(
    ("raw", "key", "message"),
    [
        (stack(ON_VAULT, "fax"), DELIVERY, "use 'csi', 'agent-injector', 'kubernetes-secret', 'akv2k8s'"),
        (stack(ON_VAULT, {"kind": "fax"}), f"{DELIVERY}.kind", "'fax' is not allowed: use 'csi' or"),
        (stack(ON_VAULT, {"mode": "init"}), f"{DELIVERY}.kind", "This setting is required"),
        (
            stack(ON_VAULT, {"kind": "csi", "mode": "init"}),
            f"{DELIVERY}.mode",
            "This key is unknown. Allowed here: kind, labels, annotations, syncedSecrets",
        ),
        (
            stack(ON_VAULT, {"kind": "agent-injector", "mod": "init"}),
            f"{DELIVERY}.mod",
            "Did you mean mode? Allowed here: kind, mode, renderInterval",
        ),
        (stack(ON_VAULT, {"kind": "agent-injector", "mode": "x"}), f"{DELIVERY}.mode", "use 'sidecar' or 'init'"),
        (stack(ON_VAULT, 3), DELIVERY, "must be a mapping"),
        (stack(ON_VAULT, "akv2k8s", secret={"env": "A"}), DELIVERY, "is Key Vault's: with Vault use 'csi' or"),
        (stack(ON_KEY_VAULT, "agent-injector"), DELIVERY, "is Vault's: with Key Vault use 'csi'"),
        (stack(ON_VAULT, "agent-injector", secret={"env": "A"}), SECRET, "read the file, or use 'csi'"),
        (stack(ON_VAULT, {"kind": "agent-injector"}, secret={"encoding": "hex"}), SECRET, "use 'base64', or delivery"),
        (stack(ON_KEY_VAULT, "akv2k8s", backend={"identity": PRINCIPAL}), SECRET, "has no env"),
        (
            stack(
                ON_KEY_VAULT, "akv2k8s", backend={"identity": PRINCIPAL}, secret={"env": "A", "filePermission": "0400"}
            ),
            SECRET,
            "has filePermission, which delivery 'akv2k8s' has not",
        ),
        (stack(ON_KEY_VAULT, "akv2k8s", secret={"env": "A"}), DELIVERY, "reads as one service principal"),
        (
            stack(
                ON_KEY_VAULT,
                "akv2k8s",
                backend={"identity": PRINCIPAL},
                secret={"env": "A"},
                kubernetes={"install": "addon", "aks": {"name": "aks"}},
            ),
            DELIVERY,
            "outside AKS, and kubernetes.install is 'addon'",
        ),
        (
            stack(ON_VAULT, {"kind": "kubernetes-secret", "type": "kubernetes.io/tls"}),
            f"{DELIVERY}.type",
            "needs secrets named tls.crt and tls.key",
        ),
        (
            stack(ON_VAULT, {"kind": "agent-injector", "mode": "init", "renderInterval": "1m"}),
            f"{DELIVERY}.renderInterval",
            "is allowed with mode 'sidecar' only",
        ),
        (
            stack(ON_VAULT, "csi", kubernetes={"providers": ["azure"]}),
            "kubernetes.providers",
            "is allowed with install 'helm' only, and install is 'existing'",
        ),
    ],
)
def test_a_delivery_that_does_not_fit_is_refused_at_its_key(raw: dict[str, Any], key: str, message: str) -> None:
    assert message in list_issues(raw)[key]


def test_two_workloads_are_not_copied_to_one_kubernetes_secret() -> None:
    raw = stack(ON_VAULT, "csi", secret={"env": "A"})
    other = {**deepcopy(raw["workloads"][0]), "name": "other"}
    raw["workloads"].append({**other, "delivery": {"kind": "kubernetes-secret", "secretName": "orders-env"}})
    found = list_issues(raw)

    assert set(found) == {"workloads[1].delivery"}
    assert "'orders-env', as that of workloads[0] does" in found["workloads[1].delivery"]
    raw["workloads"][1]["namespace"] = "elsewhere"
    assert accepted(raw)


def test_a_secret_beside_files_is_no_other_workloads() -> None:
    raw = stack(ON_VAULT, "csi", secret={"env": "A"})
    name = raw["workloads"][0]["secrets"][0]["name"]
    other = {**deepcopy(raw["workloads"][0]), "name": "other"}
    synced = [{"name": "orders-env", "data": {"key": name}}]
    raw["workloads"].append({**other, "delivery": {"kind": "csi", "syncedSecrets": synced}})

    assert "'orders-env', as that of workloads[0] does" in list_issues(raw)["workloads[1].delivery"]


def test_every_workloads_misfit_is_reported_together() -> None:
    raw = stack(ON_VAULT, "agent-injector", secret={"env": "A"})
    raw["workloads"].append({**deepcopy(raw["workloads"][0]), "name": "other", "delivery": "akv2k8s"})

    assert set(list_issues(raw)) == {SECRET, "workloads[1].delivery"}


def test_an_optional_key_needs_no_seed_and_its_object_does() -> None:
    raw = stack(ON_VAULT, "agent-injector", backend={"mount": {"path": "kv", "create": True}})
    secrets: list[dict[str, Any]] = [{"name": "licence", "object": "app", "key": "licence"}]
    raw["workloads"][0]["secrets"] = secrets
    raw["workloads"] = raw["workloads"][:1]
    raw["seeds"] = {"app": {"other": "value"}}

    assert "has no value" in list_issues(raw)["workloads[0].secrets[0]"]
    secrets[0]["optional"] = True
    accepted(raw)
    raw["seeds"] = {}
    assert "has no value" in list_issues(raw)["workloads[0].secrets[0]"]


def test_a_file_of_all_keys_needs_a_seed_of_any() -> None:
    raw = stack(ON_VAULT, "agent-injector", backend={"mount": {"path": "kv", "create": True}})
    raw["workloads"] = raw["workloads"][:1]
    raw["workloads"][0]["secrets"] = [{"name": "all.json", "object": "app", "format": "json"}]
    raw["seeds"] = {}

    assert '\'strongroom:seeds["app"]["KEY"]\'' in list_issues(raw)["workloads[0].secrets[0]"]
    raw["seeds"] = {"app": {"any": "value"}}
    accepted(raw)
