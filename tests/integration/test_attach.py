"""Pods that others make: by a real Helm release, attached, and by a chart that takes values."""

import copy
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client, config, dynamic

from sandbox.progress import Reporter
from sandbox.running import Sandbox
from sandbox.tools import Tools
from sandbox.tools.catalogue import CHECKS, HELM
from strongroom.ops.cluster.selection import list_pods
from strongroom.ops.doctor.diagnosis import find_workload
from strongroom.ops.pulumi.stack import read_stack
from tests.support.polling import poll_until
from tests.support.sandboxed import Project

pytestmark = pytest.mark.integration

CHART = Path(__file__).parents[1] / "charts" / "owner"
NAMESPACE = "owners"
CHANGING = ("managedFields", "resourceVersion", "generation")
COUNTERS = ("deployment.kubernetes.io/revision", "deprecated.daemonset.template.generation")
WORKLOADS = {"refunds": "Deployment", "ledger": "StatefulSet", "agent": "DaemonSet", "nightly": "CronJob"}

RELOADING = {
    "secret.reloader.stakater.com/reload": "ledger-env",
    "secretproviderclass.reloader.stakater.com/reload": "ledger",
}

Upgrade = Callable[..., None]


class Objects:
    """What Helm makes, whole."""

    def __init__(self, world: Sandbox) -> None:
        self._client = dynamic.DynamicClient(config.new_client_from_config(str(world.api_server.kubeconfig)))

    def get(self, kind: str) -> dict[str, Any]:
        """Read an object, without what every change changes."""
        live = self._read(kind)
        live["metadata"] = {key: value for key, value in live["metadata"].items() if key not in CHANGING}
        for counter in COUNTERS:
            live["metadata"]["annotations"].pop(counter, None)
        del live["status"]
        return live

    def managers(self, kind: str) -> set[str]:
        """Return the managers of its fields, save those of its status."""
        fields = self._read(kind)["metadata"]["managedFields"]
        return {each["manager"] for each in fields if not each.get("subresource")} - {"kube-controller-manager"}

    def pod(self, kind: str) -> dict[str, Any]:
        """Read the template of its pods."""
        spec = self._read(kind)["spec"]
        return (spec["jobTemplate"]["spec"] if kind == "CronJob" else spec)["template"]

    def edit_deployment(self, change: dict[str, Any]) -> None:
        """Change the Deployment as somebody else."""
        api = client.AppsV1Api(self._client.client)
        api.patch_namespaced_deployment("web", NAMESPACE, change, field_manager="somebody")

    def _read(self, kind: str) -> dict[str, Any]:
        resource: Any = self._client.resources.get(
            api_version="batch/v1" if kind == "CronJob" else "apps/v1", kind=kind
        )
        return resource.get(name="web", namespace=NAMESPACE).to_dict()


@pytest.fixture(scope="module")
def objects(world: Sandbox) -> Objects:
    return Objects(world)


@pytest.fixture(scope="module")
def upgrade(world: Sandbox) -> Iterator[Upgrade]:
    """Install or upgrade the owner's release; it is there from the first, in a namespace of its own."""
    helm = Tools(Reporter(), catalogue=(HELM,)).path("helm")
    core = client.CoreV1Api(config.new_client_from_config(str(world.api_server.kubeconfig)))

    def install(*values: str, name: str = "web") -> None:
        command = [helm, "upgrade", "--install", name, CHART, f"--namespace={NAMESPACE}"]
        subprocess.run(
            [*command, f"--kubeconfig={world.api_server.kubeconfig}", *values], check=True, capture_output=True
        )

    core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=NAMESPACE)))
    install()
    yield install
    core.delete_namespace(NAMESPACE)


def attached(settings: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """Add workloads on what the release has."""
    settings = copy.deepcopy(settings)
    settings["strongroom:kubernetes"]["existingNamespaces"] = [NAMESPACE]
    secrets = [
        {"name": "db-password", "object": "db-pass", "key": "password", "env": "DB_PASSWORD"},
        {"name": "db-username", "object": "db-pass", "key": "username"},
    ]
    settings["strongroom:workloads"] += [
        {
            "name": name,
            "namespace": NAMESPACE,
            "attach": {"kind": kind, "name": "web", "containers": ["app"]},
            "secrets": secrets,
            **({} if kind == "CronJob" else {"onRotation": "restart"}),
            **changed,
        }
        for name, kind in WORKLOADS.items()
    ]
    return settings


def mounts(pod: dict[str, Any]) -> list[str]:
    first, app = pod["spec"]["containers"]
    assert not [each for each in first.get("volumeMounts", ()) if each["name"] != "theirs"]
    return [each["mountPath"] for each in app.get("volumeMounts", ())]


def find_version(pod: dict[str, Any]) -> int:
    """Return the version of the object that the pods' annotation names."""
    name, _, version = pod["metadata"]["annotations"]["strongroom/versions"].partition("@")
    assert name == "db-pass"
    return int(version)


def sort_lists(value: Any) -> Any:
    """Sort lists, whose order kustomize changes."""
    if isinstance(value, dict):
        return {key: sort_lists(entry) for key, entry in value.items()}
    return sorted(map(sort_lists, value), key=str) if isinstance(value, list) else value


def check_kustomized(project: Project, objects: Objects, directory: Path) -> None:
    """Render the patches, and have kustomize apply them to what the owner has."""
    kubectl = Tools(Reporter(), catalogue=CHECKS).path("kubectl")
    patches = directory / "patches"
    done = project.ops("render", f"--to={directory / 'objects'}", f"--patches-to={patches}")
    assert done.returncode == 0, done.stderr
    for name, kind in WORKLOADS.items():
        overlay = directory / name
        overlay.mkdir()
        (overlay / "web.yaml").write_text(yaml.safe_dump(objects.get(kind)))
        components = [f"../patches/owners/{name}"]
        (overlay / "kustomization.yaml").write_text(
            yaml.safe_dump({"resources": ["web.yaml"], "components": components})
        )
        built = subprocess.run([kubectl, "kustomize", overlay], check=True, capture_output=True, text=True)
        found = yaml.safe_load(built.stdout)
        # The stack has patched it already.
        assert sort_lists(found["spec"]) == sort_lists(objects.get(kind)["spec"])


def test_an_attachment_survives_its_owners_updates_and_leaves_nothing_behind(
    project: Project, upgrade: Upgrade, objects: Objects, tmp_path: Path
) -> None:
    live_attached(project, upgrade, objects, tmp_path)


def live_attached(project: Project, upgrade: Upgrade, objects: Objects, directory: Path) -> None:
    """Attach, have the owner update its release, change the workload, and take the attachment back."""
    kinds = tuple(WORKLOADS.values())
    upgrade("--set=tag=3")
    before = {kind: objects.get(kind) for kind in kinds}
    owners = {kind: objects.managers(kind) for kind in kinds}
    upgrade("--set=tag=1")
    plain = project.config

    project.write(attached(plain))
    done = project.changes("up")
    assert {f"create {kind}Patch owners/{name}" for name, kind in WORKLOADS.items()} <= done
    assert mounts(objects.pod("Deployment")) == ["/theirs", "/mnt/secrets-store"]
    for name, kind in WORKLOADS.items():
        assert mounts(objects.pod(kind))[-1:] == ["/mnt/secrets-store"]
        assert objects.pod(kind)["spec"]["serviceAccountName"] == name
    assert objects.get("StatefulSet")["metadata"]["annotations"].items() >= RELOADING.items()
    first = find_version(objects.pod("StatefulSet"))
    assert project.changes("preview") == set()

    upgrade("--set=tag=2")
    assert mounts(objects.pod("Deployment")) == ["/theirs", "/mnt/secrets-store"]
    assert objects.pod("Deployment")["spec"]["containers"][1]["image"] == "busybox:2"
    assert project.changes("preview") == set()
    assert project.wrong() == set()

    # Somebody takes the mount away, which no preview sees.
    gone = {"$patch": "delete", "mountPath": "/mnt/secrets-store"}
    pod = {"containers": [{"name": "app", "volumeMounts": [gone]}]}
    objects.edit_deployment({"spec": {"template": {"spec": pod}}})
    assert project.wrong() == {("owners/refunds", "Deployment owners/web has what its pods need")}
    with project.engine.stack(project.stack) as stack:
        stack.up(replace=["**:DeploymentPatch::owners/refunds"])
    assert mounts(objects.pod("Deployment")) == ["/theirs", "/mnt/secrets-store"]
    assert project.wrong() == set()
    check_kustomized(project, objects, directory)

    # A refresh writes the owner's items into the state, at the places of the patch's own.
    project.changes("refresh")
    assert not [each for each in project.changes("preview") if "Patch" in each]
    moved = attached(plain, mountPath="/run/secrets")
    moved["strongroom:seeds"]["db-pass"]["username"]["generate"]["length"] += 1
    project.write(moved)
    changed = project.changes("up")
    assert {each for each in changed if "Patch" in each} == {
        f"{operation} {kind}Patch owners/{name}"
        for operation in ("create-replacement", "replace", "delete-replaced")
        for name, kind in WORKLOADS.items()
    }
    assert mounts(objects.pod("Deployment")) == ["/theirs", "/run/secrets"]
    assert {find_version(objects.pod(kind)) for kind in ("Deployment", "StatefulSet", "DaemonSet")} == {first + 1}
    upgrade("--set=tag=3")
    assert mounts(objects.pod("Deployment")) == ["/theirs", "/run/secrets"]
    assert mounts(objects.pod("CronJob")) == ["/run/secrets"]
    assert project.changes("preview") == set()
    assert project.wrong() == set()

    project.write(plain)
    project.changes("up")
    for kind in kinds:
        assert objects.get(kind) == before[kind]
        assert objects.managers(kind) == owners[kind]


def test_a_chart_that_takes_values_runs_with_a_snippet(
    project: Project, upgrade: Upgrade, world: Sandbox, tmp_path: Path
) -> None:
    plain = project.config
    settings = attached(plain)
    secret = {"name": "db-password", "object": "db-pass", "key": "password"}
    settings["strongroom:workloads"][3:] = [
        {"name": "billing", "namespace": NAMESPACE, "pods": "none", "secrets": [secret]}
    ]
    project.write(settings)
    project.changes("up")
    try:
        assert project.wrong() == set()
        printed = project.ops("snippet", "--workload=billing", "--for=helm")
        assert printed.returncode == 0, printed.stderr
        (tmp_path / "values.yaml").write_text(printed.stdout)
        upgrade(f"--values={tmp_path / 'values.yaml'}", name="billing")

        core = client.CoreV1Api(config.new_client_from_config(str(world.api_server.kubeconfig)))
        billing = find_workload(read_stack(project.stack), "billing")
        poll_until(lambda: len(list_pods(core, billing)) == 1)
    finally:
        project.write(plain)
        project.changes("up")
