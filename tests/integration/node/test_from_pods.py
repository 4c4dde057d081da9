"""`verify --from-pods` on a node: what is wrong within a pod is found, and nothing else is."""

import re
from pathlib import Path

import psutil
import pytest

from sandbox.running import Sandbox
from strongroom.ops.cluster import pods as pods_module
from strongroom.ops.cluster.pods import NoShellError
from strongroom.ops.doctor import mount
from strongroom.ops.pulumi.stack import read_stack
from strongroom.ops.verify import pod_checks
from tests.integration.doctored import seen as diagnosed
from tests.integration.node.pods import Pods
from tests.support.polling import poll_until
from tests.support.sandboxed import Project

pytestmark = pytest.mark.soak


def details(project: Project, passed: bool | None = False, image: str | None = None) -> str:
    """The lines of `verify` that went so."""
    found = [each for each in project.checks(image) if each["passed"] is passed]
    return "\n".join(f"{each['workload']} {each['what']}: {each['detail']}" for each in found)


def node_process(world: Sandbox, name: str) -> psutil.Process:
    """A process of the node."""
    node = next(server.pid for server in world.status() if server.name == "node")
    found = psutil.Process(node).children(recursive=True)
    (process,) = [each for each in found if Path((each.cmdline() or [""])[0]).name == name]
    return process


def test_files_that_differ_within_a_pod_are_found(world: Sandbox, project: Project, pods: Pods) -> None:
    (pod,) = poll_until(lambda: pods.all_ready("bank", "ledger", 1), 60)
    root = Path(f"/proc/{node_process(world, 'kubelet').pid}/root/var/lib/kubelet/pods/{pod.metadata.uid}")
    volume = root / "volumes/kubernetes.io~csi/secrets-store/mount"
    token = volume / "..data" / "token"

    (volume / "surplus").write_text("x")
    token.chmod(0o600)
    try:
        found = details(project)
    finally:
        (volume / "surplus").unlink()
        token.chmod(0o644)

    assert found == (
        "bank/ledger pod ledger has its files: surplus: surplus; token has the mode 0600, and 0644 was deployed; "
        "token can't be read by user 65532 of the container"
    )
    assert details(project) == ""


def test_a_rotation_that_fails_silently_is_found(
    world: Sandbox, project: Project, pods: Pods, monkeypatch: pytest.MonkeyPatch
) -> None:
    kv = world.vault.client().secrets.kv.v2
    before = kv.read_secret_version("ledger", mount_point="strongroom", raise_on_deleted_version=True)["data"]["data"]
    delay = pod_checks.find_allowed_delay
    provider = node_process(world, "vault-csi-provider")

    provider.suspend()
    try:
        kv.create_or_update_secret("ledger", {"token": "another"}, mount_point="strongroom")
        young = details(project, passed=None)
        monkeypatch.setattr(pod_checks, "find_allowed_delay", lambda sets: 0 * delay(sets))
        late = details(project)
        monkeypatch.setattr(mount, "find_allowed_delay", lambda sets: 0 * delay(sets))
        compared = next(each for each in diagnosed(read_stack("local"), "bank/ledger").checks if each.name == "mount")
    finally:
        provider.resume()
        kv.create_or_update_secret("ledger", before, mount_point="strongroom")

    assert "bank/ledger pod ledger has the store's values: token: the store's value is younger" in young
    assert "bank/ledger pod ledger has its files: token has another value than the store, which was written" in late
    assert compared.state == "warning"
    assert re.match(
        "strongroom/data/ledger has version [0-9]+ since .*Z, and ledger has its files as of", compared.seen
    )


def test_a_container_without_a_shell_is_looked_at_from_an_ephemeral_one(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = pods_module.Pods.run

    def without_shell(self: pods_module.Pods, pod: pods_module.Pod, container: str, command: list[str]) -> str:
        if container == "checkout":
            raise NoShellError("no sh")
        return run(self, pod, container, command)

    monkeypatch.setattr(pods_module.Pods, "run", without_shell)
    skipped = details(project, passed=None)
    looked = details(project, passed=True, image="busybox:1.36")

    assert skipped.count("has its files: no sh: --debug-image names an image") == 2
    assert looked.count("has its files: payment-key (0644, user 0); read as user 65532") == 2
    assert "has files at paths of their own: /etc/app/text" in looked
