"""What makes a workload's pods, and what a workload's template adds to them."""

from typing import Any

import pytest

from strongroom import Secret, Workload
from strongroom.components.errors import InvalidArgumentsError
from tests.components.deploying import deploy
from tests.components.kubernetes.test_workload import Store
from tests.support.recording import Declare

SECRETS = (Secret(name="password", object="db", key="p", env="DB_PASSWORD"),)
MOUNT = {"name": "secrets-store", "mountPath": "/mnt/secrets-store", "readOnly": True}
SCRATCH = {"name": "scratch-0", "mountPath": "/tmp"}  # noqa: S108
TYPES = {
    "Deployment": "kubernetes:apps/v1:Deployment",
    "StatefulSet": "kubernetes:apps/v1:StatefulSet",
    "DaemonSet": "kubernetes:apps/v1:DaemonSet",
    "Job": "kubernetes:batch/v1:Job",
    "CronJob": "kubernetes:batch/v1:CronJob",
    "Pod": "kubernetes:core/v1:Pod",
}


def workload(**settings: Any) -> Workload:
    return Workload(**{"name": "orders", "namespace": "shop", "image": "a:1", "secrets": SECRETS, **settings})


def find_template(inputs: dict[str, Any], kind: str) -> dict[str, Any]:
    spec = inputs["spec"]
    return {"Pod": inputs, "CronJob": spec.get("jobTemplate", {}).get("spec", {}).get("template")}.get(
        kind, spec.get("template")
    )


def build_spec(declare: Declare, **settings: Any) -> dict[str, Any]:
    declared = workload(**settings)
    inputs = declare(lambda: deploy(declared, Store())).one(TYPES[declared.kind]).inputs
    return find_template(inputs, declared.kind)["spec"]


def refuse(**settings: Any) -> str:
    with pytest.raises(InvalidArgumentsError) as error:
        workload(**settings)
    return str(error.value)


@pytest.mark.parametrize("kind", TYPES)
def test_every_kind_runs_the_same_pod(declare: Declare, kind: str) -> None:
    controller = {"schedule": "0 3 * * *"} if kind == "CronJob" else {}
    declared = workload(kind=kind, controller=controller)
    inputs = declare(lambda: deploy(declared, Store())).one(TYPES[kind]).inputs
    template = find_template(inputs, kind)

    assert template["spec"]["containers"][0]["volumeMounts"] == [MOUNT, SCRATCH]
    assert template["spec"]["serviceAccountName"] == "orders"
    assert template["metadata"]["labels"]["app.kubernetes.io/name"] == "orders"
    assert "strongroom/parameters" in template["metadata"]["annotations"]
    assert template["spec"].get("restartPolicy") == ("Never" if kind in {"Job", "CronJob"} else None)
    assert ("selector" in inputs["spec"]) is (kind in {"Deployment", "StatefulSet", "DaemonSet"})
    assert ("replicas" in inputs["spec"]) is (kind in {"Deployment", "StatefulSet"})


@pytest.mark.parametrize("kind", TYPES)
def test_a_revoked_workload_has_no_pods(declare: Declare, kind: str) -> None:
    controller = {"schedule": "0 3 * * *", "suspend": False} if kind == "CronJob" else {}
    declared = workload(kind=kind, controller=controller, revoked=True)
    made = declare(lambda: deploy(declared, Store())).all(TYPES[kind])

    stopped = [(each.inputs["spec"].get("replicas"), each.inputs["spec"].get("suspend")) for each in made]
    ending, gone = kind in {"Job", "CronJob"}, kind in {"DaemonSet", "Pod"}
    assert stopped == ([] if gone else [(None, True)] if ending else [(0, None)])
    assert all("pulumi.com/waitFor" in each.inputs["metadata"]["annotations"] for each in made)


def test_a_controllers_fields_are_those_of_its_spec(declare: Declare) -> None:
    claim = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
    declared = workload(
        kind="StatefulSet", replicas=3, controller={"serviceName": "orders", "volumeClaimTemplates": [claim]}
    )
    spec = declare(lambda: deploy(declared, Store())).one(TYPES["StatefulSet"]).inputs["spec"]

    assert (spec["serviceName"], spec["replicas"], spec["volumeClaimTemplates"]) == ("orders", 3, [claim])

    declared = workload(kind="CronJob", controller={"schedule": "@daily", "jobTemplate": {"spec": {"backoffLimit": 1}}})
    spec = declare(lambda: deploy(declared, Store())).one(TYPES["CronJob"]).inputs["spec"]

    assert (spec["schedule"], spec["jobTemplate"]["spec"]["backoffLimit"]) == ("@daily", 1)
    assert spec["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["image"] == "a:1"


def test_a_template_is_merged_by_names_and_paths(declare: Declare) -> None:
    spec = build_spec(
        declare,
        template={
            "spec": {
                "terminationGracePeriodSeconds": 5,
                "securityContext": {"runAsUser": 1000},
                "volumes": [{"name": "data", "emptyDir": {}}],
                "containers": [
                    {
                        "name": "orders",
                        "env": [{"name": "LEVEL", "value": "info"}],
                        "ports": [{"containerPort": 8080}],
                        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
                        "securityContext": {"capabilities": {"add": ["NET_BIND_SERVICE"]}},
                    },
                    {"name": "proxy", "image": "p:1"},
                ],
            }
        },
    )
    orders, proxy = spec["containers"]

    assert spec["securityContext"]["runAsUser"] == 1000
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert [volume["name"] for volume in spec["volumes"]] == ["secrets-store", "scratch-0", "data"]
    assert [variable["name"] for variable in orders["env"]] == ["DB_PASSWORD", "LEVEL"]
    assert [mount["mountPath"] for mount in orders["volumeMounts"]] == ["/mnt/secrets-store", "/tmp", "/data"]  # noqa: S108
    assert orders["securityContext"]["capabilities"] == {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}
    assert (orders["image"], orders["ports"]) == ("a:1", [{"containerPort": 8080}])
    # A container that the template adds is as restricted, and gets no secret.
    assert proxy["env"] == []
    assert proxy["volumeMounts"] == [{**SCRATCH, "subPath": "proxy"}]
    assert proxy["securityContext"] == {**orders["securityContext"], "capabilities": {"drop": ["ALL"]}}


def test_the_named_containers_get_the_secrets_and_no_others(declare: Declare) -> None:
    migrate = {"name": "migrate", "image": "m:1"}
    spec = build_spec(declare, mounts=["migrate"], scratch=[], template={"spec": {"initContainers": [migrate]}})

    (init,), (orders,) = spec["initContainers"], spec["containers"]
    assert (init["volumeMounts"], [each["name"] for each in init["env"]]) == ([MOUNT], ["DB_PASSWORD"])
    assert (orders["volumeMounts"], orders["env"]) == ([], [])


def test_an_agent_writes_for_the_named_containers_and_before_init_containers(declare: Declare) -> None:
    secrets = (Secret(name="password", object="db", key="p"),)
    template = {"spec": {"initContainers": [{"name": "migrate", "image": "m:1"}]}}

    def annotations(**settings: Any) -> dict[str, str]:
        declared = workload(delivery="agent-injector", secrets=secrets, **settings)
        store = Store(objects="[]", vaultAuthMountPath="kubernetes", roleName="r", vaultAddress="https://v:8200")
        inputs = declare(lambda: deploy(declared, store)).one(TYPES["Deployment"]).inputs
        found = inputs["spec"]["template"]["metadata"]["annotations"]
        return {name.partition("/")[2]: value for name, value in found.items()}

    assert not {"agent-inject-containers", "agent-init-first"} & annotations().keys()
    assert annotations(template=template)["agent-inject-containers"] == "orders"
    assert "agent-init-first" not in annotations(template=template)
    named = annotations(template=template, mounts=["orders", "migrate"])
    assert (named["agent-inject-containers"], named["agent-init-first"]) == ("orders,migrate", "true")


def test_scratch_directories_step_back_where_something_else_is_mounted(declare: Declare) -> None:
    mount = {"name": "data", "mountPath": "/tmp/"}  # noqa: S108
    container = {"name": "orders", "volumeMounts": [mount]}
    template = {"spec": {"volumes": [{"name": "data", "emptyDir": {}}], "containers": [container]}}
    spec = build_spec(declare, template=template)

    assert spec["containers"][0]["volumeMounts"] == [MOUNT, mount]
    assert [volume["name"] for volume in spec["volumes"]] == ["secrets-store", "data"]
    assert "is used twice: this workload's scratch is '/tmp'" in refuse(
        scratch=["/tmp", "/run"],  # noqa: S108
        template=template,
    )


def test_what_belongs_to_strongroom_is_refused_all_together() -> None:
    text = refuse(
        controller={"replicas": 2, "template": {}},
        template={
            "metadata": {"labels": {"app.kubernetes.io/name": "x"}, "annotations": {"strongroom/parameters": "x"}},
            "spec": {
                "serviceAccountName": "default",
                "volumes": [{"name": "secrets-store"}, {"name": "scratch-0"}],
                "containers": [
                    {
                        "name": "orders",
                        "env": [{"name": "DB_PASSWORD", "value": "hunter2"}],
                        "volumeMounts": [{"name": "x", "mountPath": "/mnt/secrets-store/a"}],
                    }
                ],
            },
        },
    )

    for place in (
        "controller['replicas']",
        "controller['template']",
        "template['metadata']['labels']['app.kubernetes.io/name']",
        "template['metadata']['annotations']['strongroom/parameters']",
        "template['spec']['serviceAccountName']",
        "template['spec']['volumes'][0]['name']",
        "template['spec']['volumes'][1]['name']",
        "template['spec']['containers'][0]['env'][0]['name']",
        "template['spec']['containers'][0]['volumeMounts'][0]['mountPath']",
    ):
        assert f"\n  {place}: " in text
    assert "hunter2" not in text


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "CronJob"}, "A CronJob needs controller.schedule: add it"),
        ({"kind": "Pod", "controller": {"schedule": "x"}}, "a bare Pod has none"),
        ({"kind": "DaemonSet", "replicas": 2}, "a DaemonSet has a pod on each node"),
        ({"kind": "Job", "replicas": 2}, "set controller.parallelism"),
        ({"controller": {"strategi": {}}}, "DeploymentSpec of Kubernetes has no such field (did you mean strategy?)"),
        ({"controller": {"minReadySeconds": "5"}}, "must be a whole number, and is text"),
        ({"kind": "CronJob", "controller": {"schedule": "x", "jobTemplate": {"spec": {"selector": {}}}}}, "'selector'"),
        (
            {"template": {"spec": {"contaners": []}}},
            "PodSpec of Kubernetes has no such field (did you mean containers?)",
        ),
        ({"template": {"spec": {"containers": {"name": "orders"}}}}, "must be a list, and is a mapping"),
        ({"template": {"spec": {"containers": [{"image": "a"}]}}}, "This container needs a name"),
        ({"template": {"spec": {"containers": [{"name": "other"}]}}}, "give it an image"),
        (
            {"template": {"spec": {"containers": [{"name": "orders", "ports": [{"name": "http"}]}]}}},
            "A Deployment needs template.spec.containers[orders].ports[http].containerPort: add it",
        ),
        (
            {"template": {"spec": {"containers": [{"name": "a", "image": "a"}, {"name": "a", "image": "b"}]}}},
            "The name 'a' is another container's too",
        ),
        (
            {
                "template": {
                    "spec": {
                        "containers": [
                            {"name": "orders", "volumeMounts": [{"name": "vault-token", "mountPath": "/token"}]}
                        ]
                    }
                }
            },
            "The volume 'vault-token' belongs to Strongroom",
        ),
        ({"mounts": ["nobody"]}, "'nobody' is no container of this workload: it has orders"),
        ({"template": {"spec": {"hostNetwork": True}}}, "spec.hostNetwork is true"),
        ({"scratch": ["/tmp", "/tmp/"]}, "'/tmp/' is the path of entry [0] too"),  # noqa: S108
        ({"scratch": ["/mnt/secrets-store"]}, "'/mnt/secrets-store' is this workload's mount_path too"),
    ],
)
def test_bad_input_is_refused_with_its_place(settings: dict[str, Any], message: str) -> None:
    assert message in refuse(**settings)


@pytest.mark.parametrize(
    ("spec", "refused", "allowed"),
    [
        ({"securityContext": {"runAsNonRoot": False, "runAsUser": 0}}, "restricted", "baseline"),
        ({"hostNetwork": True}, "baseline", "privileged"),
        ({"volumes": [{"name": "host", "hostPath": {"path": "/"}}]}, "baseline", "privileged"),
    ],
)
def test_a_template_goes_below_no_level_of_pod_security(spec: dict[str, Any], refused: str, allowed: str) -> None:
    assert "Pod Security Standard forbids this template" in refuse(template={"spec": spec}, pod_security=refused)
    assert workload(template={"spec": spec}, pod_security=allowed).pod_security == allowed
