"""Releases by the real Helm, of small charts of our own, on the sandbox's API server."""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config

from sandbox.errors import SandboxError
from sandbox.progress import Reporter
from sandbox.providers.helm import Helm
from sandbox.providers.protocol import ProviderError
from sandbox.running import Sandbox
from sandbox.tools import Tools
from sandbox.tools.catalogue import HELM
from strongroom.stacks.provision.preflight_driver import find_conflicts
from strongroom.stacks.settings.kubernetes import KubernetesSettings
from tests.support.polling import poll_until
from tests.support.sandboxed import Project

pytestmark = pytest.mark.integration

CHARTS = Path(__file__).parents[1] / "charts"
DRIVER, VAULT = "secrets-store-csi-driver", "vault"
SYSTEM = "kube-system"
CLASSES = "secretproviderclasses.secrets-store.csi.x-k8s.io"


@pytest.fixture(scope="session")
def helm() -> Path:
    """The program."""
    return Tools(Reporter(), catalogue=(HELM,)).path("helm")


class Cluster:
    """The sandbox's cluster, as its administrator sees it."""

    def __init__(self, world: Sandbox) -> None:
        api = config.new_client_from_config(str(world.api_server.kubeconfig))
        self.core = client.CoreV1Api(api)
        self.apps = client.AppsV1Api(api)
        self.extensions = client.ApiextensionsV1Api(api)
        self.storage = client.StorageV1Api(api)
        self.admission = client.AdmissionregistrationV1Api(api)

    def releases(self) -> set[str]:
        found = self.core.list_secret_for_all_namespaces(field_selector="type=helm.sh/release.v1").items
        return {secret.metadata.labels["name"] for secret in found}

    def installed(self) -> set[str]:
        """What the charts' templates made."""
        lists: list[Any] = [
            self.storage.list_csi_driver(),
            self.admission.list_mutating_webhook_configuration(),
            self.apps.list_namespaced_daemon_set(SYSTEM),
        ]
        return {item.metadata.name for found in lists for item in found.items}

    def crds(self) -> set[str]:
        return {item.metadata.name for item in self.extensions.list_custom_resource_definition().items}


@pytest.fixture
def cluster(world: Sandbox) -> Cluster:
    return Cluster(world)


@pytest.fixture
def charts(world: Sandbox, tmp_path: Path) -> dict[str, Any]:
    """What a stack says to install the tests' charts: the driver's with its published CRDs."""
    shutil.copytree(CHARTS / DRIVER, tmp_path / DRIVER)
    (tmp_path / DRIVER / "crds").mkdir()
    for crd in world.tools.crds():
        shutil.copy(crd, tmp_path / DRIVER / "crds")
    return {DRIVER: {"path": str(tmp_path / DRIVER)}, VAULT: {"path": str(CHARTS / VAULT)}}


@pytest.fixture
def empty(project: Project, world: Sandbox, cluster: Cluster, helm: Path) -> Iterator[Project]:
    """The project, with nothing deployed, on a cluster that has never heard of the driver."""
    project.changes("destroy")
    for crd in cluster.crds():
        cluster.extensions.delete_custom_resource_definition(crd)
    poll_until(lambda: not cluster.crds())
    yield project
    project.changes("destroy")
    world.api_server.install(world.tools.crds())
    project.restore()
    project.changes("up")


def by_helm(project: Project, charts: dict[str, Any]) -> dict[str, Any]:
    """The local stack, installing what its deliveries need, one of each that a Vault has."""
    settings = project.config
    del settings["strongroom:backend"]["providerCaPath"]
    settings["strongroom:kubernetes"]["install"] = "helm"
    settings["strongroom:charts"] = charts
    orders, checkout, ledger = settings["strongroom:workloads"]
    orders["delivery"] = "csi"
    checkout["delivery"] = "agent-injector"
    ledger["delivery"] = "kubernetes-secret"
    return settings


def test_one_up_from_an_empty_cluster_and_one_destroy_back_to_it(
    empty: Project, cluster: Cluster, charts: dict[str, Any], helm: Path, world: Sandbox
) -> None:
    settings = by_helm(empty, charts)
    empty.write(settings)
    assert "create Release secrets-store" in empty.changes("preview")
    assert CLASSES not in cluster.crds()

    empty.changes("up")

    assert cluster.releases() == {"secrets-store", "secrets-store-vault", "vault-injector"}
    assert CLASSES in cluster.crds()
    driver = cluster.storage.read_csi_driver("secrets-store.csi.k8s.io").spec
    assert [request.audience for request in driver.token_requests] == ["vault"]
    assert driver.requires_republish is True
    assert empty.wrong() == set()
    assert empty.changes("preview") == set()
    held_up_by_the_webhook(cluster)

    settings["strongroom:kubernetes"]["rotationPollInterval"] = "1m"
    empty.write(settings)
    assert empty.changes("up") == {"update Release secrets-store"}

    somebody_uninstalls(helm, world, "secrets-store-vault")
    empty.changes("refresh")
    assert empty.changes("up") == {"create Release secrets-store-vault"}

    empty.changes("destroy")
    assert cluster.releases() == set()
    assert cluster.installed() == set()
    # Helm never deletes what is in a chart's crds folder.
    assert CLASSES in cluster.crds()


def held_up_by_the_webhook(cluster: Cluster) -> None:
    """Nobody answers for the injector, so that a pod which would start without its secrets is not made; others are."""

    def reported() -> list[str]:
        sets = cluster.apps.list_namespaced_replica_set("shop", label_selector="app.kubernetes.io/name=checkout").items
        return [each.message for found in sets for each in found.status.conditions or []]

    poll_until(lambda: any("vault.hashicorp.com" in message for message in reported()), 30)
    pods = {pod.metadata.labels["app.kubernetes.io/name"] for pod in cluster.core.list_namespaced_pod("shop").items}
    assert pods == {"orders"}


def somebody_uninstalls(helm: Path, world: Sandbox, release: str) -> None:
    kubeconfig = f"--kubeconfig={world.api_server.kubeconfig}"
    subprocess.run([helm, "uninstall", release, f"--namespace={SYSTEM}", kubeconfig], check=True, capture_output=True)


def test_values_that_a_schema_refuses_stop_everything_before_anything_is_created(
    deployed: Project, charts: dict[str, Any], cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    charts[DRIVER]["values"] = {"tokenRequests": "none", "image": {"tga": "v9"}}
    charts[VAULT]["version"] = "0.99.0"
    deployed.write(by_helm(deployed, charts))

    with pytest.raises(SandboxError):
        deployed.engine.run("up", "local")
    reported = capsys.readouterr().out
    assert "Stack local is refused, and nothing was changed. Its configuration has 3 errors" in reported
    assert f"strongroom:charts.{DRIVER}: tokenRequests must be of type array" in reported
    assert (
        f"strongroom:charts.{DRIVER}: image has a key that the chart doesn't know; it knows repository, tag" in reported
    )
    assert "strongroom:charts.vault: " in reported
    assert "is vault 0.32.0, not vault 0.99.0" in reported
    assert cluster.releases() == set()
    assert deployed.wrong() == set()


def test_a_driver_of_somebody_elses_is_reported_before_anything_is_created(
    deployed: Project, charts: dict[str, Any], cluster: Cluster, releases: Helm, capsys: pytest.CaptureFixture[str]
) -> None:
    releases.install(release(chart=str(CHARTS / DRIVER), version=None), "default", 60)
    deployed.write(by_helm(deployed, charts))

    with pytest.raises(SandboxError):
        deployed.engine.run("up", "local")
    reported = capsys.readouterr().out
    assert "strongroom:kubernetes.install: is 'helm', and the cluster has the Secrets Store CSI driver" in reported
    assert "of the Helm release default/mine already: two of them break each other, so use 'existing'" in reported
    assert cluster.releases() == {"mine"}


def test_the_addon_and_a_driver_by_helm_are_reported_of_each_other(
    world: Sandbox, cluster: Cluster, releases: Helm
) -> None:
    def reported(install: str, kubeconfig: str = str(world.api_server.kubeconfig)) -> str:
        settings = KubernetesSettings.model_validate({"install": install, "kubeconfig": kubeconfig})
        return "".join(fault.message for fault in find_conflicts(settings, "kube-system/secrets-store"))

    assert reported("helm") == reported("addon") == reported("helm", "/does/not/exist") == ""

    driver = {"metadata": {"name": "secrets-store.csi.k8s.io"}, "spec": {}}
    cluster.storage.create_csi_driver(driver)
    try:
        assert "of somebody already" in reported("helm")
        labels = {"app": "aks"}
        pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
        addon = {
            "metadata": {"name": "aks-secrets-store-csi-driver"},
            "spec": {"selector": {"matchLabels": labels}, "template": pod},
        }
        cluster.apps.create_namespaced_daemon_set(SYSTEM, addon)
        try:
            assert "of the AKS add-on already: two of them break each other, so use 'addon'" in reported("helm")
            assert reported("addon") == ""
        finally:
            cluster.apps.delete_namespaced_daemon_set("aks-secrets-store-csi-driver", SYSTEM)
    finally:
        cluster.storage.delete_csi_driver("secrets-store.csi.k8s.io")
    releases.install(release(chart=str(CHARTS / DRIVER), version=None), "default", 60)
    assert "is 'addon', and the cluster has the Secrets Store CSI driver of the Helm release default/mine" in reported(
        "addon"
    )
    settings = KubernetesSettings(install="helm", kubeconfig=str(world.api_server.kubeconfig))
    assert find_conflicts(settings, "default/mine") == []


@pytest.fixture
def mirror(helm: Path, tmp_path: Path) -> Iterator[str]:
    """A chart repository on loopback, with the driver's chart."""
    served = tmp_path / "mirror"
    subprocess.run([helm, "package", CHARTS / DRIVER, f"--destination={served}"], check=True, capture_output=True)
    subprocess.run([helm, "repo", "index", served], check=True, capture_output=True)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(served)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def releases(world: Sandbox, helm: Path, tmp_path: Path) -> Iterator[Helm]:
    made = Helm(str(world.api_server.kubeconfig), None, tmp_path)
    yield made
    made.uninstall("mine", "default", 60)


def release(**inputs: Any) -> dict[str, Any]:
    return {"name": "mine", "chart": DRIVER, "version": "1.6.0", "atomic": True, "timeout": 60, **inputs}


def test_a_mirror_serves_a_chart_as_its_repository_would(releases: Helm, cluster: Cluster, mirror: str) -> None:
    inputs = release(repositoryOpts={"repo": mirror}, values={"tokenRequests": [{"audience": "a"}]})
    id_, outputs = releases.install(inputs, "default", 60)

    assert id_ == "default/mine"
    assert (outputs["status"]["chart"], outputs["status"]["version"]) == (DRIVER, "1.6.0")
    assert (outputs["status"]["status"], outputs["status"]["revision"]) == ("deployed", 1)
    assert releases.values("mine", "default") == inputs["values"]

    upgraded = releases.install({**inputs, "values": {}}, "default", 60)[1]
    assert upgraded["status"]["revision"] == 2
    releases.uninstall("mine", "default", 60)
    assert releases.status("mine", "default") is None
    assert cluster.releases() == set()


def test_a_version_that_a_mirror_lacks_is_reported_and_nothing_stays(
    releases: Helm, cluster: Cluster, mirror: str
) -> None:
    with pytest.raises(ProviderError, match=r"helm upgrade: .*9\.9\.9"):
        releases.install(release(version="9.9.9", repositoryOpts={"repo": mirror}), "default", 60)
    assert cluster.releases() == set()


def test_helm_holds_values_against_the_schema_too(releases: Helm, cluster: Cluster, mirror: str) -> None:
    inputs = release(repositoryOpts={"repo": mirror}, values={"rotationPollInterval": "soon"})

    with pytest.raises(ProviderError, match="rotationPollInterval"):
        releases.install(inputs, "default", 60)
    assert cluster.releases() == set()


def test_an_object_that_the_api_server_refuses_takes_the_release_back(
    releases: Helm, cluster: Cluster, tmp_path: Path
) -> None:
    shutil.copytree(CHARTS / DRIVER, tmp_path / "broken")
    broken = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "Not Legal"}}
    (tmp_path / "broken" / "templates" / "broken.yaml").write_text(json.dumps(broken))

    with pytest.raises(ProviderError, match="Not Legal"):
        releases.install(release(chart=str(tmp_path / "broken"), version=None), "default", 60)
    assert cluster.releases() == set()
    assert cluster.installed() == set()
