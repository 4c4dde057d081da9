"""A node whose parts die, hang or are away for a while: pods live on, and none is ever ready without its secrets."""

import os
import random
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from kubernetes.client.exceptions import ApiException

from sandbox.running import Sandbox
from tests.integration.node.conftest import mounts
from tests.integration.node.pods import Pods, SeenFile
from tests.support.polling import poll_until
from tests.support.sandboxed import Project

pytestmark = pytest.mark.soak

WORKLOADS = {
    **{("shop", "orders"): 1, ("shop", "checkout"): 2, ("bank", "ledger"): 1},
    **{("bank", name): 1 for name in ("formats", "agent", "copied")},
}
"""The workloads of the stack `local` as it is deployed here, and how many pods each has."""

KILLED = ("kubelet", "containerd", "secrets-store-csi", "vault-csi-provider")
SEEDS = 40
SECONDS_OF_HANGING = 180


def processes(world: Sandbox, name: str) -> list[psutil.Process]:
    """The processes of a program on the node."""
    node = next(server.pid for server in world.status() if server.name == "node")
    found: list[psutil.Process] = []
    for process in psutil.Process(node).children(recursive=True):
        try:
            if Path(process.cmdline()[0]).name == name:
                found.append(process)
        except (psutil.Error, IndexError):  # it ended meanwhile
            continue
    return found


def volumes(world: Sandbox) -> set[str]:
    """The pods that have something mounted by the driver, by their uids."""
    kubelet = poll_until(lambda: processes(world, "kubelet"))[0]
    lines = Path(f"/proc/{kubelet.pid}/mountinfo").read_text().splitlines()
    places = [line.split(maxsplit=5)[4] for line in lines]
    return {place.split("/pods/")[1].split("/")[0] for place in places if "kubernetes.io~csi" in place}


def whole(pods: Pods) -> dict[str, dict[str, SeenFile]]:
    """All files of all pods, once they are ready; a kubelet that has just been started knows no pods for a moment."""
    return poll_until(lambda: pods.seen(WORKLOADS), 120, ignored=(ApiException, AssertionError, ValueError))


def uids(pods: Pods, *, mounted: bool = False) -> set[str]:
    """The pods of the stack, by their uids.

    :param mounted: Those alone that the driver mounts something for.
    """
    found = [pod for workload in WORKLOADS if not mounted or workload[1] != "agent" for pod in pods.of(*workload)]
    return {pod.metadata.uid for pod in found}


@pytest.mark.parametrize("name", KILLED)
def test_a_part_that_dies_comes_back_and_pods_live_on(project: Project, pods: Pods, world: Sandbox, name: str) -> None:
    def containers() -> set[str]:
        return {each.container_id for pod in pods.of("shop", "checkout") for each in pod.status.container_statuses}

    whole(pods)
    before = containers()
    (part,) = processes(world, name)

    part.kill()
    part.wait()
    poll_until(lambda: processes(world, name), 60)
    poll_until(lambda: all(server.healthy for server in world.status()))

    whole(pods)
    assert containers() == before


@pytest.mark.parametrize("seed", range(SEEDS))
def test_after_a_death_at_any_moment_everything_is_as_undisturbed(
    project: Project, pods: Pods, world: Sandbox, seed: int
) -> None:
    before, chosen = whole(pods), random.Random(seed)  # noqa: S311 - to be repeated
    workload = chosen.choice(list(WORKLOADS))
    for pod in pods.of(*workload)[:1] if workload != ("bank", "ledger") else []:
        pods.core.delete_namespaced_pod(pod.metadata.name, workload[0])

    time.sleep(chosen.uniform(0, 5))
    for part in processes(world, chosen.choice(KILLED)):
        part.kill()
    world.up()

    assert whole(pods) == before
    poll_until(lambda: volumes(world) == uids(pods, mounted=True), 60)


def test_a_node_that_is_killed_leaves_no_mount_and_comes_back_with_its_pods(
    world: Sandbox, project: Project, pods: Pods
) -> None:
    files, before = whole(pods), mounts()
    node = next(server.pid for server in world.status() if server.name == "node")
    below = psutil.Process(node).children(recursive=True)

    os.kill(node, signal.SIGKILL)
    psutil.wait_procs(below, 10)

    assert not any(process.is_running() for process in below)
    assert mounts() == before
    world.up()
    assert whole(pods) == files
    assert project.wrong() == set()


@contextmanager
def stopped(found: Sequence[psutil.Process]) -> Iterator[None]:
    """Have processes hang meanwhile."""
    for process in found:
        process.suspend()
    try:
        yield
    finally:
        for process in found:
            process.resume()


def never_ready(pods: Pods, before: set[str], seconds: float) -> Any:
    """Watch new pods of shop/orders for so long: none is ready."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        new = [pod for pod in pods.of("shop", "orders") if pod.metadata.uid not in before]
        assert not any(map(pods.ready, new))
        time.sleep(0.5)


def test_no_pod_is_ready_without_its_secrets_while_its_provider_hangs(
    world: Sandbox, project: Project, pods: Pods
) -> None:
    files = whole(pods)
    (pod,) = pods.of("shop", "orders")

    with stopped(processes(world, "vault-csi-provider")):
        pods.core.delete_namespaced_pod(pod.metadata.name, "shop")
        never_ready(pods, {pod.metadata.uid}, SECONDS_OF_HANGING)
        assert "DeadlineExceeded" in pods.warnings("shop")

    assert whole(pods) == files


def test_pods_outlive_an_azure_that_is_away_for_a_minute_and_new_ones_wait(
    world: Sandbox, azure_project: Project, pods: Pods
) -> None:
    workloads = {("shop", "orders"): 1, ("shop", "checkout"): 2}
    files = pods.seen(workloads)
    (pod,) = pods.of("shop", "orders")

    world.azure.process.stop()
    pods.core.delete_namespaced_pod(pod.metadata.name, "shop")
    try:
        never_ready(pods, {pod.metadata.uid}, 60)
        for other in pods.of("shop", "checkout"):
            assert pods.files(other) == files["checkout"]
    finally:
        world.up()

    assert pods.seen(workloads) == files
