"""What a workload becomes in Kubernetes."""

from typing import Any

import pulumi
import pytest
from pydantic import ValidationError

from components import Grant, Secret, SecretWorkload, Workload
from tests.conftest import Declare

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
POD = "kubernetes:core/v1:Pod"
CLASS = "kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass"
SECRETS = (Secret(name="user", object="db", key="u"), Secret(name="password", object="db", key="p", env="DB_PASSWORD"))


class Store:
    """A backend that grants what it is told to."""

    def __init__(self, **parameters: str) -> None:
        self.parameters = parameters or {"objects": "[]"}

    def grant(self, workload: Workload) -> Grant:
        return Grant(
            provider="vault",
            parameters=self.parameters,
            audience="vault",
            identity={},
            pod_labels={"backend": "label"},
            requires=[pulumi.CustomResource("test:index:Role", workload.path, {})],
        )


def workload(**settings: Any) -> Workload:
    return Workload.model_validate(
        {"name": "orders", "namespace": "shop", "image": "busybox:1.36", "secrets": SECRETS, **settings}
    )


def template(inputs: dict[str, Any]) -> dict[str, Any]:
    return inputs["spec"]["template"]


def test_pods_start_after_the_class_the_account_and_what_the_backend_requires(declare: Declare) -> None:
    deployment = declare(lambda: SecretWorkload(workload(), Store())).one(DEPLOYMENT)

    assert deployment.dependencies == {"shop/orders"}
    assert deployment.inputs["spec"]["replicas"] == 1


def test_the_volume_names_the_class_and_is_mounted_read_only_in_every_container(declare: Declare) -> None:
    declared = workload(image=None, images={"app": "a:1", "sidecar": "b:1"}, mount_path="/run/secrets")
    spec = template(declare(lambda: SecretWorkload(declared, Store())).one(DEPLOYMENT).inputs)["spec"]

    assert spec["volumes"] == [
        {
            "name": "secrets-store",
            "csi": {
                "driver": "secrets-store.csi.k8s.io",
                "readOnly": True,
                "volumeAttributes": {"secretProviderClass": "orders"},
            },
        }
    ]
    for container in spec["containers"]:
        assert container["volumeMounts"] == [{"name": "secrets-store", "mountPath": "/run/secrets", "readOnly": True}]
    assert [container["name"] for container in spec["containers"]] == ["app", "sidecar"]


def test_pods_are_restricted_and_carry_no_api_token(declare: Declare) -> None:
    recorder = declare(lambda: SecretWorkload(workload(), Store()))
    spec = template(recorder.one(DEPLOYMENT).inputs)["spec"]

    assert spec["serviceAccountName"] == "orders"
    assert spec["automountServiceAccountToken"] is False
    assert recorder.one("kubernetes:core/v1:ServiceAccount").inputs["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }


def test_env_syncs_just_the_secrets_that_ask_for_it(declare: Declare) -> None:
    recorder = declare(lambda: SecretWorkload(workload(), Store()))

    assert recorder.one(CLASS).inputs["spec"]["secretObjects"] == [
        {"secretName": "orders-env", "type": "Opaque", "data": [{"objectName": "password", "key": "password"}]}
    ]
    assert template(recorder.one(DEPLOYMENT).inputs)["spec"]["containers"][0]["env"] == [
        {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "orders-env", "key": "password"}}}
    ]


def test_without_env_nothing_is_synced(declare: Declare) -> None:
    recorder = declare(lambda: SecretWorkload(workload(secrets=SECRETS[:1]), Store()))

    assert "secretObjects" not in recorder.one(CLASS).inputs["spec"]


def test_no_replicas_make_a_bare_pod_that_is_replaced_when_its_secrets_change(declare: Declare) -> None:
    recorder = declare(lambda: SecretWorkload(workload(replicas=0), Store()))

    assert recorder.all(DEPLOYMENT) == []
    assert recorder.one(POD).replace_on_changes == ["metadata.annotations"]
    assert recorder.one(POD).inputs["metadata"]["labels"]["backend"] == "label"


@pytest.mark.parametrize("replicas", [0, 1])
def test_other_parameters_make_other_pods(declare: Declare, replicas: int) -> None:
    def annotations(objects: str) -> Any:
        recorder = declare(lambda: SecretWorkload(workload(replicas=replicas), Store(objects=objects)))
        inputs = recorder.one(DEPLOYMENT if replicas else POD).inputs
        return (template(inputs) if replicas else inputs)["metadata"]["annotations"]

    assert annotations("a") == annotations("a")
    assert annotations("a") != annotations("b")


def test_a_rollout_is_waited_for_unless_told_otherwise(declare: Declare) -> None:
    def annotations(wait: bool) -> Any:
        recorder = declare(lambda: SecretWorkload(workload(), Store(), wait_for_rollout=wait))
        return recorder.one(DEPLOYMENT).inputs["metadata"].get("annotations", {})

    assert annotations(True) == {}
    assert annotations(False) == {"pulumi.com/skipAwait": "true"}


def test_what_must_exist_first_is_waited_for(declare: Declare) -> None:
    def program() -> None:
        namespace = pulumi.CustomResource("test:index:Namespace", "the-namespace", {})
        SecretWorkload(workload(), Store(), after=[namespace])

    recorder = declare(program)
    assert "the-namespace" in recorder.one(CLASS).dependencies
    assert "the-namespace" in recorder.one("kubernetes:core/v1:ServiceAccount").dependencies


@pytest.mark.parametrize("images", [{}, {"image": "a", "images": {"b": "c"}}])
def test_a_workload_names_its_images_in_one_way(images: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="exactly one of image and images"):
        Workload.model_validate({"name": "a", "namespace": "b", "secrets": SECRETS, **images})
