"""What a workload becomes in Kubernetes."""

from typing import Any

import pulumi
import pytest

from strongroom import Grant, Secret, Workload
from strongroom.components.errors import InvalidArgumentsError
from tests.components.deploying import deploy
from tests.support.recording import Declare

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
POD = "kubernetes:core/v1:Pod"
CLASS = "kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass"
SECRETS = (Secret(name="user", object="db", key="u"), Secret(name="password", object="db", key="p", env="DB_PASSWORD"))


class Store:
    """A backend that grants what a test gives it."""

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
    return Workload(**{"name": "orders", "namespace": "shop", "image": "busybox:1.36", "secrets": SECRETS, **settings})


def template(inputs: dict[str, Any]) -> dict[str, Any]:
    return inputs["spec"]["template"]


def test_pods_start_after_the_class_the_account_and_what_the_backend_requires(declare: Declare) -> None:
    deployment = declare(lambda: deploy(workload(), Store())).one(DEPLOYMENT)

    assert deployment.dependencies == {"shop/orders"}
    assert deployment.dependency_types == {CLASS, "kubernetes:core/v1:ServiceAccount", "test:index:Role"}
    assert deployment.inputs["spec"]["replicas"] == 1


def test_the_volume_names_the_class_and_is_mounted_read_only_in_every_container(declare: Declare) -> None:
    declared = workload(image=None, images={"app": "a:1", "sidecar": "b:1"}, mount_path="/run/secrets", scratch=[])
    spec = template(declare(lambda: deploy(declared, Store())).one(DEPLOYMENT).inputs)["spec"]

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


def test_a_secret_with_a_mount_path_is_a_file_of_the_volume_there_too(declare: Declare) -> None:
    secrets = (
        Secret(name="certs/tls.pem", object="tls", key="pem", mount_path="/etc/app/tls.pem"),
        Secret(name="old", object="tls", key="pem", mount_path="/etc/app/old.pem", version_history=2),
    )
    declared = workload(secrets=secrets, scratch=[])
    (container,) = template(declare(lambda: deploy(declared, Store())).one(DEPLOYMENT).inputs)["spec"]["containers"]

    assert container["volumeMounts"][1:] == [
        {"name": "secrets-store", "mountPath": path, "subPath": file, "readOnly": True}
        for path, file in (("/etc/app/tls.pem", "certs/tls.pem"), ("/etc/app/old.pem", "old/0"))
    ]


def test_pods_are_restricted_and_carry_no_api_token(declare: Declare) -> None:
    recorder = declare(lambda: deploy(workload(), Store()))
    spec = template(recorder.one(DEPLOYMENT).inputs)["spec"]

    assert spec["serviceAccountName"] == "orders"
    assert spec["automountServiceAccountToken"] is False
    assert recorder.one("kubernetes:core/v1:ServiceAccount").inputs["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert {spec["securityContext"][one] for one in ("runAsUser", "runAsGroup", "fsGroup")} == {65532}
    assert spec["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }


def test_env_syncs_just_the_secrets_that_ask_for_it(declare: Declare) -> None:
    recorder = declare(lambda: deploy(workload(), Store()))

    assert recorder.one(CLASS).inputs["spec"]["secretObjects"] == [
        {"secretName": "orders-env", "type": "Opaque", "data": [{"objectName": "password", "key": "password"}]}
    ]
    assert template(recorder.one(DEPLOYMENT).inputs)["spec"]["containers"][0]["env"] == [
        {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "orders-env", "key": "password"}}}
    ]


def test_without_env_nothing_is_synced(declare: Declare) -> None:
    recorder = declare(lambda: deploy(workload(secrets=SECRETS[:1]), Store()))

    assert "secretObjects" not in recorder.one(CLASS).inputs["spec"]


def test_a_bare_pod_is_replaced_when_its_secrets_change(declare: Declare) -> None:
    recorder = declare(lambda: deploy(workload(kind="Pod"), Store()))

    assert recorder.all(DEPLOYMENT) == []
    assert recorder.one(POD).replace_on_changes == ["metadata.annotations"]
    assert recorder.one(POD).inputs["metadata"]["labels"]["backend"] == "label"


def test_no_replicas_stop_a_workload_and_keep_its_access(declare: Declare) -> None:
    recorder = declare(lambda: deploy(workload(replicas=0), Store()))

    assert recorder.one(DEPLOYMENT).inputs["spec"]["replicas"] == 0
    assert recorder.all(POD) == []
    assert len(recorder.all(CLASS)) == 1


def test_replicas_of_an_autoscaler_are_not_declared(declare: Declare) -> None:
    recorder = declare(lambda: deploy(workload(replicas="unmanaged"), Store()))

    assert "replicas" not in recorder.one(DEPLOYMENT).inputs["spec"]


@pytest.mark.parametrize("replicas", [0, 2, "unmanaged"])
def test_a_bare_pod_is_one_pod(replicas: int | str) -> None:
    with pytest.raises(InvalidArgumentsError, match="a bare Pod is one pod, so leave replicas out"):
        workload(kind="Pod", replicas=replicas)
    assert workload(kind="Pod", replicas=1).kind == "Pod"


@pytest.mark.parametrize("kind", ["Pod", "Deployment"])
def test_other_parameters_make_other_pods(declare: Declare, kind: str) -> None:
    def annotations(objects: str, **settings: Any) -> Any:
        recorder = declare(lambda: deploy(workload(kind=kind, **settings), Store(objects=objects)))
        inputs = recorder.one(DEPLOYMENT if kind == "Deployment" else POD).inputs
        return (template(inputs) if kind == "Deployment" else inputs)["metadata"]["annotations"]

    assert annotations("a") == annotations("a")
    assert annotations("a") != annotations("b")


@pytest.mark.parametrize("changed", [{"secretName": "db"}, {"type": "kubernetes.io/basic-auth"}])
def test_another_kubernetes_secret_makes_other_pods(declare: Declare, changed: dict[str, str]) -> None:
    def annotations(**options: str) -> Any:
        secrets = (Secret(name="username", object="db", key="u"), Secret(name="password", object="db", key="p"))
        declared = workload(secrets=secrets, delivery={"kind": "kubernetes-secret", **options})
        recorder = declare(lambda: deploy(declared, Store()))
        return template(recorder.one(DEPLOYMENT).inputs)["metadata"]["annotations"]

    assert annotations() == annotations()
    assert annotations() != annotations(**changed)


@pytest.mark.parametrize("kind", ["Pod", "Deployment"])
def test_pods_are_waited_for_unless_reported_otherwise_and_deletions_always(declare: Declare, kind: str) -> None:
    def awaited(wait: bool) -> dict[str, str]:
        recorder = declare(lambda: deploy(workload(kind=kind), Store(), wait_for_rollout=wait))
        declared = recorder.one(DEPLOYMENT if kind == "Deployment" else POD).inputs
        annotations = declared["metadata"].get("annotations", {})
        return {name: value for name, value in annotations.items() if name.startswith("pulumi.com/")}

    assert awaited(True) == {}
    # `pulumi.com/skipAwait` would have the official plugin not wait for deletions either.
    assert awaited(False) == {"pulumi.com/waitFor": "jsonpath={.metadata.uid}"}


def test_what_must_exist_first_is_waited_for(declare: Declare) -> None:
    def program() -> None:
        namespace = pulumi.CustomResource("test:index:Namespace", "the-namespace", {})
        deploy(workload(), Store(), after=[namespace])

    recorder = declare(program)
    assert "the-namespace" in recorder.one(CLASS).dependencies
    assert "the-namespace" in recorder.one("kubernetes:core/v1:ServiceAccount").dependencies


@pytest.mark.parametrize("images", [{}, {"image": "a", "images": {"b": "c"}}])
def test_a_workload_names_its_images_in_one_way(images: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentsError, match="exactly one of image and images"):
        deploy(Workload(name="a", namespace="b", secrets=SECRETS, **images), Store())
