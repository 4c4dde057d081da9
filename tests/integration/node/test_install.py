"""A node on which the stack itself installs the driver and a provider, by the charts that these publish."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client, config, dynamic
from kubernetes.client.exceptions import ApiException

from sandbox.node import objects
from sandbox.running import Sandbox
from sandbox.tools.build import go_program, module_directory
from sandbox.tools.catalogue import CSI_AZURE, CSI_DRIVER
from tests.integration.node.pods import Pods
from tests.support.polling import poll_until
from tests.support.sandboxed import Project

pytestmark = pytest.mark.soak

DRIVER, AZURE = "secrets-store-csi-driver", "csi-secrets-store-provider-azure"
RELEASES = {"secrets-store", "secrets-store-azure"}
WORKLOADS = {("shop", "orders"): 1, ("shop", "checkout"): 2, ("bank", "ledger"): 1}


@pytest.fixture
def charts(world: Sandbox, tmp_path: Path) -> dict[str, Any]:
    """What a stack says to install the published charts."""
    go = go_program("charts", os.environ)
    for name, source in ((DRIVER, CSI_DRIVER), (AZURE, CSI_AZURE)):
        shutil.copytree(module_directory(go, name, source, os.environ) / "charts" / name, tmp_path / name)
    for file in tmp_path.rglob("*"):
        file.chmod(0o700)  # Go's are read-only
    # The driver comes by its own chart, and the one that is bundled is not at hand.
    chart = tmp_path / AZURE / "Chart.yaml"
    chart.write_text(yaml.safe_dump({**yaml.safe_load(chart.read_text()), "dependencies": []}))
    (tmp_path / AZURE / "Chart.lock").unlink()
    fast = {"resources": {"limits": {"cpu": "2"}}}
    # Jobs with an image of kubectl would bring the CRDs, which the sandbox has.
    linux = {"crds": {"enabled": False}, "driver": fast, "registrar": fast, "livenessProbe": fast}
    return {
        DRIVER: {"path": str(tmp_path / DRIVER), "values": {"linux": linux}},
        AZURE: {"path": str(tmp_path / AZURE), "values": {"linux": fast}},
    }


@pytest.fixture
def without_driver(world: Sandbox, azure_project: Project, pods: Pods) -> Iterator[Project]:
    """The stack on Key Vault, destroyed, and a node that has neither driver nor providers."""
    azure_project.engine.run("destroy", "local-azure")
    api = dynamic.DynamicClient(config.new_client_from_config(str(world.api_server.kubeconfig)))
    for each in objects.build(world.tools.manifests(), ""):
        kind = api.resources.get(api_version=each["apiVersion"], kind=each["kind"])
        kind.delete(each["metadata"]["name"], namespace=each["metadata"].get("namespace"))
    poll_until(lambda: not pods.core.list_namespaced_pod(objects.NAMESPACE).items, 60)
    yield azure_project
    azure_project.engine.run("destroy", "local-azure")
    world.up()


def test_one_up_by_helm_leads_to_running_pods_and_destroy_back(
    world: Sandbox, without_driver: Project, pods: Pods, charts: dict[str, Any]
) -> None:
    project, settings = without_driver, without_driver.config
    settings["strongroom:kubernetes"]["install"] = "helm"
    settings["strongroom:charts"] = charts
    project.write(settings)

    project.changes("up")

    assert releases(pods) == RELEASES
    assert {name: len(files) for name, files in pods.seen(WORKLOADS).items()} == {
        "orders": 2,
        "checkout": 1,
        "ledger": 1,
    }
    assert project.wrong() == set()

    project.engine.run("destroy", "local-azure")
    assert releases(pods) == set()
    with pytest.raises(ApiException, match="Not Found"):
        client.StorageV1Api(pods.core.api_client).read_csi_driver("secrets-store.csi.k8s.io")


def releases(pods: Pods) -> set[str]:
    """The Helm releases that there are."""
    found = pods.core.list_secret_for_all_namespaces(field_selector="type=helm.sh/release.v1").items
    return {secret.metadata.labels["name"] for secret in found}
