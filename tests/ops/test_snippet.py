"""What pods that others make need, as their makers take it."""

from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from strongroom.ops.app import app
from strongroom.ops.errors import OpsError
from strongroom.ops.pulumi.stack import DeployedWorkload
from strongroom.ops.snippet import build_fragment, build_patch, build_values

VOLUMES = [{"name": "secrets-store", "csi": {"driver": "secrets-store.csi.k8s.io"}}]
MOUNTS = [{"name": "secrets-store", "mountPath": "/mnt/secrets-store", "readOnly": True}]
POD = {
    "labels": {},
    "annotations": {"strongroom/parameters": "0123"},
    "serviceAccountName": "orders",
    "automountServiceAccountToken": False,
    "volumes": VOLUMES,
    "volumeMounts": MOUNTS,
    "env": [],
}
TEMPLATE = {
    "metadata": {"annotations": {"strongroom/parameters": "0123"}},
    "spec": {
        "serviceAccountName": "orders",
        "automountServiceAccountToken": False,
        "containers": [{"name": "orders", "volumeMounts": MOUNTS}],
        "volumes": VOLUMES,
    },
}


def workload(pod: dict[str, Any] | None = POD, **fields: Any) -> DeployedWorkload:
    names = {"name": "orders", "namespace": "shop", "service_account": "orders", "secret_provider_class": "orders"}
    given = {"controller": "none", "identity": {}, "objects": (), "pod": pod, **fields}
    return DeployedWorkload.model_validate({**names, **given})


def test_a_chart_gets_its_values_by_their_usual_keys() -> None:
    assert build_values(workload(), ()) == {
        "serviceAccount": {"create": False, "name": "orders"},
        "podAnnotations": {"strongroom/parameters": "0123"},
        "extraVolumes": VOLUMES,
        "extraVolumeMounts": MOUNTS,
    }


def test_a_chart_may_call_them_otherwise() -> None:
    pod = {**POD, "automountServiceAccountToken": True, "labels": {"a": "b"}, "env": [{"name": "A"}]}
    keys = ["extraVolumes=web.volumes", "extraEnv=web.env", "serviceAccount.name=account"]
    values = build_values(workload(pod), keys)

    assert values["web"] == {"volumes": VOLUMES, "env": [{"name": "A"}]}
    assert (values["account"], values["serviceAccount"]) == ("orders", {"create": False})
    assert (values["podLabels"], values["automountServiceAccountToken"]) == ({"a": "b"}, True)


def test_a_manifest_gets_the_fragment_of_a_template() -> None:
    assert build_fragment(workload(), ()) == TEMPLATE
    assert [each["name"] for each in build_fragment(workload(), ("a", "b"))["spec"]["containers"]] == ["a", "b"]


def test_kustomize_gets_a_patch_of_the_object() -> None:
    patch = build_patch(workload(), (), None)
    assert (patch["apiVersion"], patch["kind"]) == ("apps/v1", "Deployment")
    assert patch["metadata"] == {"name": "orders", "namespace": "shop"}
    assert patch["spec"] == {"template": TEMPLATE}
    pod = build_patch(workload(), (), "Pod/web")
    assert pod["metadata"] == {"name": "web", "namespace": "shop", **TEMPLATE["metadata"]}
    assert pod["spec"] == TEMPLATE["spec"]


def test_an_attached_object_is_patched_by_default() -> None:
    attached = workload(controller="CronJob", attachment={"name": "web", "containers": ["app"]})
    patch = build_patch(attached, (), None)

    assert (patch["apiVersion"], patch["kind"], patch["metadata"]["name"]) == ("batch/v1", "CronJob", "web")
    template = patch["spec"]["jobTemplate"]["spec"]["template"]
    assert [each["name"] for each in template["spec"]["containers"]] == ["app"]


def test_what_restarts_pods_is_on_what_makes_them() -> None:
    annotations = {"secret.reloader.stakater.com/reload": "orders-env"}
    restarting = workload({**POD, "controllerAnnotations": annotations})

    assert build_values(restarting, ())["deploymentAnnotations"] == annotations
    assert build_patch(restarting, (), None)["metadata"]["annotations"] == annotations
    assert build_patch(restarting, (), None)["spec"] == {"template": TEMPLATE}
    assert build_patch(restarting, (), "Pod/web")["metadata"]["annotations"] == POD["annotations"]


@pytest.mark.parametrize("entry", ["volumes=a", "extraVolumes", "extraVolumes=", "extraVolumes=a..b"])
def test_a_key_that_no_chart_has_is_refused(entry: str) -> None:
    with pytest.raises(OpsError, match=r"write KEY=OTHER, with KEY one of serviceAccount\.create, "):
        build_values(workload(), [entry])


@pytest.mark.parametrize("target", ["web", "Service/web", "Deployment/"])
def test_a_target_without_pods_is_refused(target: str) -> None:
    with pytest.raises(OpsError, match="write KIND/NAME, with KIND one of CronJob"):
        build_patch(workload(), (), target)


def test_pods_of_a_stack_need_no_snippet() -> None:
    for build in (lambda own: build_values(own, ()), lambda own: build_fragment(own, ())):
        with pytest.raises(OpsError, match=r"Strongroom makes the pods of shop/orders.*set `pods: none`"):
            build(workload(None, controller="Deployment"))


@pytest.mark.parametrize("form", ["helm", "kustomize", "manifest"])
def test_the_command_prints_yaml(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = type("Stack", (), {"workloads": (workload(),)})
    monkeypatch.setattr("strongroom.ops.pulumi.stack.read_stack", lambda _: stack)
    result = CliRunner().invoke(app, ["snippet", "--stack", "dev", "--workload", "orders", "--for", form])

    assert result.exit_code == 0
    expected = {
        "helm": build_values(workload(), ()),
        "kustomize": build_patch(workload(), (), None),
        "manifest": build_fragment(workload(), ()),
    }
    assert yaml.safe_load(result.output) == expected[form]
