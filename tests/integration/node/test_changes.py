"""Workloads whose secrets change, and that go: what pods have then."""

import pytest
from kubernetes.client.exceptions import ApiException

from tests.integration.node.pods import Pods
from tests.support.polling import poll_until
from tests.support.sandboxed import Project

pytestmark = pytest.mark.soak


def test_another_class_makes_other_pods_with_its_files_alone(deployed: Project, pods: Pods) -> None:
    before = pods.seen({("bank", "formats"): 1, ("shop", "checkout"): 2})
    old = {pod.metadata.uid for pod in pods.of("bank", "formats")}
    config = deployed.config
    formats = next(each for each in config["strongroom:workloads"] if each["name"] == "formats")
    formats["secrets"] = [{"name": "renamed", "object": "encoded", "key": "plain", "filePermission": "0444"}]
    deployed.write(config)
    deployed.changes("up")

    found = pods.seen({("bank", "formats"): 1, ("shop", "checkout"): 2})
    assert {name: (file.digest, file.mode) for name, file in found["formats"].items()} == {
        "renamed": (before["formats"]["latest"].digest, "444")
    }
    assert not old & {pod.metadata.uid for pod in pods.of("bank", "formats")}
    assert found["checkout"] == before["checkout"]


def test_a_workload_that_goes_takes_its_pods_and_its_secret_with_it(deployed: Project, pods: Pods) -> None:
    (pod,) = poll_until(lambda: pods.all_ready("bank", "copied", 1), 60)
    name = pods.secret(pod).metadata.name
    config = deployed.config
    config["strongroom:workloads"] = [each for each in config["strongroom:workloads"] if each["name"] != "copied"]
    deployed.write(config)
    deployed.changes("up")

    def is_gone() -> bool:
        try:
            pods.core.read_namespaced_secret(name, "bank")
        except ApiException as error:
            return error.status == 404
        return False

    poll_until(lambda: not pods.of("bank", "copied"), 60)
    poll_until(is_gone, 60)
