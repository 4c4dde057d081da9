"""What settings become, beyond what each component tests by itself."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

import pytest

from strongroom.stacks.errors import InvalidSettingsError, ValidationIssue
from strongroom.stacks.load import parse
from strongroom.stacks.provision.installation import Installation
from strongroom.stacks.provision.program import provision
from tests.stacks.settings.test_root import GOOD as ON_VAULT
from tests.stacks.test_azure_settings import GOOD as ON_KEY_VAULT
from tests.support.recording import Declare, Recorder

NAMESPACE = "kubernetes:core/v1:Namespace"
CLASS = "kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass"
RELEASE = "kubernetes:helm.sh/v3:Release"
GATE = "pulumi-python:dynamic/strongroom:AccessReady"


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Be where the cluster has no driver, and no subscription can be asked."""
    monkeypatch.setattr(Installation, "find_conflicts", lambda _: [])
    monkeypatch.delenv("ARM_SUBSCRIPTION_ID", raising=False)
    yield


def provisioned(declare: Declare, good: Mapping[str, Any] = ON_VAULT, **backend: Any) -> Recorder:
    raw = {**deepcopy(dict(good)), "kubernetes": {"install": "helm", **good.get("kubernetes", {})}}
    raw["backend"] |= backend
    if good is ON_VAULT:
        raw["backend"]["auth"] = {"kubernetesHost": "https://10.0.0.1", "reviewer": "client"}
    return declare(lambda: provision(parse(raw, stack="dev")))


def test_a_stacks_namespaces_are_held_to_the_restricted_standard(declare: Declare) -> None:
    labels = provisioned(declare).one(NAMESPACE, "shop").inputs["metadata"]["labels"]

    assert labels == {"pod-security.kubernetes.io/enforce": "restricted"}


def test_a_workload_comes_after_its_namespace_and_the_driver(declare: Declare) -> None:
    recorder = provisioned(declare)

    for kind in (CLASS, "kubernetes:core/v1:ServiceAccount"):
        assert {NAMESPACE, RELEASE} <= recorder.one(kind).dependency_types


def test_roles_have_the_audience_and_the_lives_that_settings_say(declare: Declare) -> None:
    recorder = provisioned(declare, audience="vault-dev", tokenTtl=600, tokenMaxTtl=1800)
    role = recorder.one("vault:kubernetes/authBackendRole:AuthBackendRole").inputs

    assert (role["audience"], role["tokenTtl"], role["tokenMaxTtl"]) == ("vault-dev", 600, 1800)
    (driver,) = [item.inputs["values"] for item in recorder.all(RELEASE) if "tokenRequests" in item.inputs["values"]]
    assert driver["tokenRequests"] == [{"audience": "vault-dev"}]


@pytest.mark.parametrize("good", [ON_VAULT, ON_KEY_VAULT])
def test_contents_of_secrets_are_changed_in_place(declare: Declare, good: Mapping[str, Any]) -> None:
    inputs = provisioned(declare, good).one("pulumi:providers:kubernetes").inputs

    assert (inputs["enableSecretMutable"], inputs["enableConfigMapMutable"]) == ("true", "true")


def test_pods_of_a_stack_on_azure_wait_for_their_access(declare: Declare) -> None:
    recorder = provisioned(declare, ON_KEY_VAULT)

    assert recorder.one(GATE).inputs["timeout"] == 300
    assert GATE in recorder.one("kubernetes:apps/v1:Deployment").dependency_types
    assert provisioned(declare, ON_KEY_VAULT, readinessTimeout=0).all(GATE) == []


def test_a_driver_beside_another_is_refused_before_anything_is_declared(
    declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    another = ValidationIssue(("kubernetes", "install"), "is 'helm', and the cluster has a driver")
    monkeypatch.setattr(Installation, "find_conflicts", lambda _: [another])

    with pytest.raises(InvalidSettingsError, match="the cluster has a driver"):
        provisioned(declare)


def test_verify_is_reported_who_may_administer(declare: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    outputs: dict[str, Any] = {}
    monkeypatch.setattr("pulumi.export", outputs.__setitem__)
    raw = {**deepcopy(dict(ON_VAULT)), "administrators": ["policy ops", "group platform"]}
    raw["backend"]["auth"] = {"kubernetesHost": "https://10.0.0.1", "reviewer": "client"}

    declare(lambda: provision(parse(raw, stack="dev")))

    assert outputs["administrators"] == ["policy ops", "group platform"]
