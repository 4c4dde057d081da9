"""A workload's access without its pods."""

from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import pytest

from strongroom import (
    Grant,
    Secret,
    SecretAccess,
    SecretAccessArgs,
    SecretWorkload,
    SecretWorkloadArgs,
    ServiceAccount,
    Workload,
)
from strongroom.components.errors import InvalidArgumentsError
from strongroom.components.plugin.provider import ComponentProvider
from tests.support.recording import Declare

ACCOUNT = "kubernetes:core/v1:ServiceAccount"
CLASS = "kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SECRETS = (Secret(name="user", object="db", key="u"), Secret(name="password", object="db", key="p", env="DB_PASSWORD"))


class Store:
    """A backend that grants."""

    def grant(self, workload: Workload) -> Grant:
        return Grant(
            provider="vault",
            parameters={"vaultAuthMountPath": "kubernetes", "roleName": "shop.orders", "objects": "[]"},
            audience="vault",
            identity={},
            pod_labels={"backend": "label"},
            pod_annotations={"backend": "annotation"},
            node_publish_secret="credentials",
            versions={"db": "7", "api": "12"} if workload.restarting else {},
            certificate_authority="PEM",
            requires=[pulumi.CustomResource("test:index:Role", workload.path, {})],
        )


def workload(**settings: Any) -> Workload:
    return Workload(**{"name": "orders", "namespace": "shop", "secrets": SECRETS, **settings})


def deploy_own(access: SecretAccess) -> None:
    container = {"name": "app", "image": "a:1", "volume_mounts": access.volume_mounts, "env": access.env}
    template: Any = {
        "metadata": {"labels": access.pod_labels, "annotations": access.pod_annotations},
        "spec": {
            "service_account_name": access.service_account_name,
            "automount_service_account_token": access.automount_service_account_token,
            "containers": [container],
            "volumes": access.volumes,
        },
    }
    kubernetes.apps.v1.Deployment("own", spec={"selector": {"match_labels": {"app": "orders"}}, "template": template})


@pytest.mark.parametrize("delivery", ["csi", "kubernetes-secret", "agent-injector"])
def test_own_pods_get_what_those_of_a_secret_workload_get(declare: Declare, delivery: str) -> None:
    secrets = SECRETS if delivery == "csi" else SECRETS[:1]

    def template(program: Any) -> Any:
        return declare(program).one(DEPLOYMENT).inputs["spec"]["template"]

    def own() -> None:
        declared = workload(delivery=delivery, secrets=secrets)
        deploy_own(SecretAccess("orders", SecretAccessArgs(workload=declared, backend=Store())))

    def made() -> None:
        declared = workload(delivery=delivery, secrets=secrets, image="a:1", scratch=[])
        SecretWorkload("orders", SecretWorkloadArgs(workload=declared, backend=Store()))

    mine, theirs = template(own), template(made)
    assert mine["metadata"]["annotations"] == theirs["metadata"]["annotations"]
    assert mine["metadata"]["labels"].items() <= theirs["metadata"]["labels"].items()
    for field in ("serviceAccountName", "automountServiceAccountToken", "volumes"):
        assert mine["spec"][field] == theirs["spec"][field]
    for field in ("volumeMounts", "env"):
        assert mine["spec"]["containers"][0].get(field, []) == theirs["spec"]["containers"][0].get(field, [])


def test_pods_with_an_output_of_it_start_after_all_that_they_need(declare: Declare) -> None:
    def program() -> None:
        access = SecretAccess("orders", SecretAccessArgs(workload=workload(), backend=Store()))
        pulumi.CustomResource("test:index:Pod", "own", {"account": access.service_account_name})
        pulumi.CustomResource("test:index:Job", "other", {}, pulumi.ResourceOptions(depends_on=access.requires))

    recorder = declare(program)
    for type_ in ("test:index:Pod", "test:index:Job"):
        assert recorder.one(type_).dependency_types == {ACCOUNT, CLASS, "test:index:Role"}


def test_it_makes_no_pods(declare: Declare) -> None:
    recorder = declare(lambda: SecretAccess("orders", SecretAccessArgs(workload=workload(), backend=Store())))

    assert {each.type for each in recorder.recorded if each.type.startswith("kubernetes:")} == {ACCOUNT, CLASS}


def test_a_workload_without_pods_is_described_with_what_its_pods_need(declare: Declare) -> None:
    described: list[Any] = []

    def program() -> None:
        declared = workload(pods="none", secrets=SECRETS[:1])
        SecretWorkload("orders", SecretWorkloadArgs(workload=declared, backend=Store())).description.apply(
            described.append
        )
        access = SecretAccess("refunds", SecretAccessArgs(workload=workload(secrets=SECRETS[:1]), backend=Store()))
        access.description.apply(described.append)

    assert not declare(program).all(DEPLOYMENT)
    one, other = described
    assert one == other
    assert one["controller"] == "none"
    annotations = one["pod"].pop("annotations")
    assert annotations.keys() == {"backend", "strongroom/parameters"}
    csi = {
        "driver": "secrets-store.csi.k8s.io",
        "readOnly": True,
        "volumeAttributes": {"secretProviderClass": "orders"},
        "nodePublishSecretRef": {"name": "credentials"},
    }
    assert one["pod"] == {
        "labels": {"backend": "label"},
        "serviceAccountName": "orders",
        "automountServiceAccountToken": False,
        "volumes": [{"name": "secrets-store", "csi": csi}],
        "volumeMounts": [{"name": "secrets-store", "mountPath": "/mnt/secrets-store", "readOnly": True}],
        "env": [],
    }


def test_a_workload_with_pods_is_described_without_them(declare: Declare) -> None:
    described: list[Any] = []
    args = SecretWorkloadArgs(workload=workload(image="a:1"), backend=Store())
    declare(lambda: SecretWorkload("orders", args).description.apply(described.append))

    assert described[0]["controller"] == "Deployment"
    assert "pod" not in described[0]


@pytest.mark.parametrize(
    "fields", [{"image": "a"}, {"images": {"a": "b"}}, {"command": ["a"]}, {"replicas": 2}, {"kind": "Pod"}]
)
def test_fields_of_pods_that_others_make_are_refused(fields: dict[str, Any]) -> None:
    (name,) = fields
    with pytest.raises(InvalidArgumentsError, match=rf"{name}.*made by others \(pods: none\), and {name} is theirs"):
        workload(pods="none", **fields)


def test_what_must_exist_first_is_waited_for(declare: Declare) -> None:
    def program() -> None:
        namespace = pulumi.CustomResource("test:index:Namespace", "the-namespace", {})
        SecretAccess("orders", SecretAccessArgs(workload=workload(), backend=Store(), after=[namespace]))

    recorder = declare(program)
    assert "the-namespace" in recorder.one(CLASS).dependencies
    assert "the-namespace" in recorder.one(ACCOUNT).dependencies


@pytest.mark.parametrize("component", [SecretAccess, SecretWorkload])
def test_a_states_objects_keep_their_parent(declare: Declare, component: Any) -> None:
    """A URN has the types of the parents: with another one, an upgrade would replace the account and the class."""
    args = SecretAccessArgs if component is SecretAccess else SecretWorkloadArgs

    recorder = declare(lambda: component("orders", args(workload=workload(image="a:1"), backend=Store())))
    own = [each for each in recorder.recorded if each.type in {ACCOUNT, CLASS, DEPLOYMENT}]
    assert {each.parent_type for each in own} == {f"strongroom:index:{component.__name__}"}


def test_other_languages_get_its_outputs() -> None:
    component = ComponentProvider()._catalogue.components["strongroom:index:SecretAccess"]

    assert component.inputs.keys() == {"workload", "backend"}
    assert component.outputs.keys() == {
        "serviceAccountName",
        "automountServiceAccountToken",
        "volumes",
        "volumeMounts",
        "env",
        "podLabels",
        "podAnnotations",
        "controllerAnnotations",
    }


def test_an_account_of_another_name_is_made_and_an_existing_one_is_not(declare: Declare) -> None:
    def accounts(**account: Any) -> list[str]:
        declared = workload(image="a:1", service_account=ServiceAccount(**account))
        recorder = declare(lambda: SecretWorkload("orders", SecretWorkloadArgs(workload=declared, backend=Store())))
        assert recorder.one(DEPLOYMENT).inputs["spec"]["template"]["spec"]["serviceAccountName"] == "shared"
        return [each.inputs["metadata"]["name"] for each in recorder.all(ACCOUNT)]

    assert accounts(name="shared") == ["shared"]
    assert accounts(name="shared", create=False) == []


@pytest.mark.parametrize(
    ("delivery", "number", "annotations"),
    [
        ("csi", 0, {"secretproviderclass": "orders"}),
        ("csi", 1, {"secret": "orders-env"}),
        ("csi", 2, {"secret": "orders-env", "secretproviderclass": "orders"}),
        ("kubernetes-secret", 0, {"secret": "orders-secrets"}),
        ("agent-injector", 0, {}),
    ],
)
def test_reloader_looks_at_what_the_pods_read(
    declare: Declare, delivery: str, number: int, annotations: dict[str, str]
) -> None:
    secrets = SECRETS if number == 2 else SECRETS[number : number + 1]

    def annotate(**settings: Any) -> Any:
        declared = workload(image="a:1", delivery=delivery, secrets=secrets, **settings)
        recorder = declare(lambda: SecretWorkload("orders", SecretWorkloadArgs(workload=declared, backend=Store())))
        return recorder.one(DEPLOYMENT).inputs["metadata"]["annotations"]

    assert annotate() == {}
    expected = {f"{kind}.reloader.stakater.com/reload": name for kind, name in annotations.items()}
    assert annotate(on_rotation="restart") == expected


def test_pods_that_restart_bear_the_versions_that_the_stack_wrote(declare: Declare) -> None:
    def annotate(**settings: Any) -> Any:
        declared = workload(image="a:1", secrets=SECRETS[:1], **settings)
        recorder = declare(lambda: SecretWorkload("orders", SecretWorkloadArgs(workload=declared, backend=Store())))
        return recorder.one(DEPLOYMENT).inputs["spec"]["template"]["metadata"]["annotations"]

    assert annotate(on_rotation="restart")["strongroom/versions"] == "api@12 db@7"
    assert "strongroom/versions" not in annotate()


def test_pods_of_others_are_described_with_what_restarts_them(declare: Declare) -> None:
    described: list[Any] = []
    access = SecretAccessArgs(workload=workload(on_rotation="restart", secrets=SECRETS[:1]), backend=Store())
    declare(lambda: SecretAccess("orders", access).description.apply(described.append))

    assert described[0]["pod"]["controllerAnnotations"] == {
        "secretproviderclass.reloader.stakater.com/reload": "orders"
    }
    assert described[0]["pod"]["annotations"]["strongroom/versions"] == "api@12 db@7"


@pytest.mark.parametrize(
    ("delivery", "secret", "names"),
    [
        ("csi", {}, ["password"]),
        ("agent-injector", {}, ["password"]),
        ("akv2k8s", {"env": "DB_PASSWORD"}, ["password"]),
        ("csi", {"version": "3"}, []),
        # The driver fills the Secret after the pod has started.
        ("csi", {"env": "DB_PASSWORD"}, []),
        ("kubernetes-secret", {}, []),
    ],
)
def test_an_update_restarts_pods_for_what_they_read_of_the_store_itself(
    delivery: str, secret: dict[str, str], names: list[str]
) -> None:
    given = {"delivery": delivery, "secrets": [{"name": "password", "object": "db", "key": "p", **secret}]}

    assert [each.name for each in workload(on_rotation="restart", **given).restarting] == names
    assert workload(**given).restarting == ()


@pytest.mark.parametrize("kind", ["Job", "CronJob"])
def test_pods_that_end_are_not_restarted(kind: str) -> None:
    schedule = {"schedule": "0 3 * * *"} if kind == "CronJob" else {}
    with pytest.raises(InvalidArgumentsError, match=f"The pods of a {kind} end, and each new one reads the latest"):
        workload(image="a:1", kind=kind, controller=schedule, on_rotation="restart")
