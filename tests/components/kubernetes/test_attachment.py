"""An object that others made, attached to a workload."""

from typing import Any

import pytest

from strongroom import Attachment, SecretAccessArgs, SecretWorkload, SecretWorkloadArgs, Workload
from strongroom.components.errors import InvalidArgumentsError
from tests.components.kubernetes.test_access import SECRETS, Store
from tests.support.recording import Declare, Recorded

PATCHES = {
    "Deployment": "kubernetes:apps/v1:DeploymentPatch",
    "StatefulSet": "kubernetes:apps/v1:StatefulSetPatch",
    "DaemonSet": "kubernetes:apps/v1:DaemonSetPatch",
    "CronJob": "kubernetes:batch/v1:CronJobPatch",
}


def workload(kind: str = "Deployment", **settings: Any) -> Workload:
    attachment = {"kind": kind, "name": "web", "containers": ["app", "worker"]}
    return Workload(**{"name": "orders", "namespace": "shop", "secrets": SECRETS, "attach": attachment, **settings})


def patches(declare: Declare, declared: Workload) -> tuple[Recorded, Recorded]:
    """Return the patch, and what takes it back."""
    args = SecretWorkloadArgs(workload=declared, backend=Store())
    recorder = declare(lambda: SecretWorkload("orders", args))
    assert not recorder.all("kubernetes:apps/v1:Deployment")
    assert declared.attach
    found = {each.name: each for each in recorder.all(PATCHES[declared.attach.kind])}
    return found["shop/orders"], found["shop/orders/removal"]


@pytest.mark.parametrize("kind", PATCHES)
def test_its_pods_get_what_they_need_and_nothing_else(declare: Declare, kind: str) -> None:
    patch, _ = patches(declare, workload(kind))
    spec = patch.inputs["spec"]
    template = (spec["jobTemplate"]["spec"] if kind == "CronJob" else spec)["template"]

    assert (patch.inputs["metadata"]["name"], patch.inputs["metadata"]["namespace"]) == ("web", "shop")
    assert template["metadata"]["labels"] == {"backend": "label"}
    assert template["metadata"]["annotations"].keys() == {"backend", "strongroom/parameters"}
    pod = template["spec"]
    assert pod.keys() == {
        "serviceAccountName",
        "serviceAccount",
        "automountServiceAccountToken",
        "containers",
        "volumes",
    }
    assert (pod["serviceAccountName"], pod["serviceAccount"]) == ("orders", "orders")
    assert pod["automountServiceAccountToken"] is False
    assert [each["csi"]["volumeAttributes"] for each in pod["volumes"]] == [{"secretProviderClass": "orders"}]
    for name, container in zip(("app", "worker"), pod["containers"], strict=True):
        assert container.keys() == {"name", "env", "volumeMounts"}
        assert container["name"] == name
        assert [each["name"] for each in container["env"]] == ["DB_PASSWORD"]
        assert [each["mountPath"] for each in container["volumeMounts"]] == ["/mnt/secrets-store"]


def test_nothing_is_taken_back_before_the_pods_and_everything_with_the_workload(declare: Declare) -> None:
    patch, removal = patches(declare, workload())

    manager = "strongroom-orders"
    assert {each.inputs["metadata"]["annotations"]["pulumi.com/patchFieldManager"] for each in (patch, removal)} == {
        manager
    }
    assert "spec" not in removal.inputs
    assert removal.name in patch.dependencies
    assert "shop/orders" in removal.dependencies
    assert (patch.retain_on_delete, removal.retain_on_delete) == (True, False)
    assert patch.replace_on_changes == ["metadata.annotations"]
    assert (patch.ignore_changes, removal.ignore_changes) == (["spec"], ["metadata.annotations"])


def test_a_change_of_what_pods_need_is_a_change_of_the_digest(declare: Declare) -> None:
    def digest(**settings: Any) -> str:
        return patches(declare, workload(**settings))[0].inputs["metadata"]["annotations"]["strongroom/attachment"]

    assert digest() == digest()
    others = [
        digest(mount_path="/other"),
        digest(secrets=SECRETS[:1]),
        digest(attach={"kind": "Deployment", "name": "web", "containers": ["app"]}),
    ]
    assert len({digest(), *others}) == len(others) + 1


def test_an_object_whose_pods_restart_is_annotated_and_patched_again_after_a_change(declare: Declare) -> None:
    patch, removal = patches(declare, workload(on_rotation="restart"))

    assert patch.inputs["metadata"]["annotations"].keys() - removal.inputs["metadata"]["annotations"].keys() == {
        "strongroom/attachment",
        "secret.reloader.stakater.com/reload",
        "secretproviderclass.reloader.stakater.com/reload",
    }
    # It is in what the digest is of.
    assert patch.inputs["spec"]["template"]["metadata"]["annotations"]["strongroom/versions"] == "api@12 db@7"


def test_no_refresh_finds_pods_that_are_not_ready(declare: Declare) -> None:
    """It would have the next update apply what the refresh wrote into the state."""
    for each in patches(declare, workload()):
        assert each.inputs["metadata"]["annotations"]["pulumi.com/skipAwait"] == "true"


def test_it_is_described_with_its_object_and_what_that_needs(declare: Declare) -> None:
    described: list[Any] = []
    args = SecretWorkloadArgs(workload=workload("CronJob"), backend=Store())
    declare(lambda: SecretWorkload("orders", args).description.apply(described.append))

    assert described[0]["controller"] == "CronJob"
    assert described[0]["attachment"] == {"name": "web", "containers": ["app", "worker"]}
    assert described[0]["pod"]["serviceAccountName"] == "orders"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"image": "a:1"}, r"image.*made by others \(attach\), and image is theirs: remove it"),
        ({"pods": "none"}, "those of the object in attach: remove one of the two"),
        ({"attach": {"kind": "Job", "name": "web", "containers": ["app"]}}, "kind"),
        ({"attach": {"kind": "Deployment", "name": "web", "containers": []}}, "containers"),
        (
            {"attach": {"kind": "Deployment", "name": "web", "containers": ["app", "app"]}},
            "'app' is the name of entry .0. too",
        ),
        ({"attach": {"kind": "Deployment", "name": "web/1", "containers": ["app"]}}, "is not a legal Kubernetes name"),
    ],
)
def test_what_can_not_be_attached_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentsError, match=message):
        workload(**settings)


def test_an_access_alone_attaches_nothing() -> None:
    with pytest.raises(InvalidArgumentsError, match="whose patch a SecretWorkload makes: make that, or remove attach"):
        SecretAccessArgs(workload=workload(), backend=Store())
    assert Attachment(kind="Deployment", name="web.v2", containers=("app",)).name == "web.v2"
