"""Pods of a real node, seen from within."""

import base64
import hashlib
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kubernetes import client, config
from kubernetes.stream import stream

from sandbox.running import Sandbox
from tests.support.polling import poll_until

MOUNT = "/mnt/secrets-store"


@dataclass(frozen=True)
class SeenFile:
    """A file as a container sees it."""

    digest: str
    mode: str
    owner: str


def digest(value: str) -> str:
    """The SHA-256 sum of a value."""
    return hashlib.sha256(value.encode()).hexdigest()


class Pods:
    """The pods of a sandbox with a node, as its administrator."""

    def __init__(self, world: Sandbox) -> None:
        self._state = world.state
        self._kubeconfig = str(world.api_server.kubeconfig)
        self.core = client.CoreV1Api(config.new_client_from_config(self._kubeconfig))
        # A client that has once streamed can do nothing else.
        self._streaming = client.CoreV1Api(config.new_client_from_config(self._kubeconfig))

    def of(self, namespace: str, name: str) -> list[Any]:
        """The pods of a workload that are not on their way out."""
        found = self.core.list_namespaced_pod(namespace).items
        return [
            pod
            for pod in found
            if (pod.metadata.name == name or pod.metadata.name.startswith(f"{name}-"))
            and not pod.metadata.deletion_timestamp
        ]

    def add_volume(self, name: str) -> None:
        """Add a volume of the node that anybody may write to, for a claim of any pod."""
        place = self._state / name
        place.mkdir(mode=0o777)
        place.chmod(0o777)
        spec = {
            "accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": "1Mi"},
            "hostPath": {"path": str(place)},
            "persistentVolumeReclaimPolicy": "Retain",
        }
        self.core.create_persistent_volume({"metadata": {"name": name}, "spec": spec})

    def has_succeeded(self, pod: Any) -> bool:
        """Whether a pod has ended well."""
        return pod.status.phase == "Succeeded"

    def run(self, pod: Any, script: str, container: str | None = None) -> str:
        """What a shell script says in a container of a pod, by default the first."""
        name, namespace = pod.metadata.name, pod.metadata.namespace
        return stream(
            self._streaming.connect_get_namespaced_pod_exec,
            name,
            namespace,
            container=container or pod.spec.containers[0].name,
            command=["sh", "-c", script],
            stdout=True,
            stderr=True,
        )

    def files(self, pod: Any, directory: str = MOUNT) -> dict[str, SeenFile]:
        """All files of a pod's volume, without those that the driver keeps its versions in."""
        script = (
            f"cd {shlex.quote(directory)} && for name in $(cd ..data/ 2>&-; find . -type f); do "
            'echo ${name#./} $(sha256sum < $name) $(stat -L -c "%a %u:%g" $name); done'
        )
        lines = [line.split() for line in self.run(pod, script).splitlines()]
        return {name: SeenFile(found, mode, owner) for name, found, _, mode, owner in lines}

    def wait_for(self, pod: Any, name: str, value: str, seconds: float = 90) -> None:
        """Wait within the container until a file holds a value: each look from outside is a process on the node."""
        here = f'[ "$(sha256sum < {shlex.quote(f"{MOUNT}/{name}")})" = "{digest(value)}  -" ]'
        self.run(pod, f"busybox timeout {seconds:g} sh -c {shlex.quote(f'until {here}; do busybox sleep 0.2; done')}")
        assert self.content(pod, name).decode() == value

    def content(self, pod: Any, name: str) -> bytes:
        """What a file of a pod's volume holds."""
        return base64.b64decode(self.run(pod, f"base64 {shlex.quote(f'{MOUNT}/{name}')}"))

    def seen(self, workloads: Mapping[tuple[str, str], int]) -> dict[str, dict[str, SeenFile]]:
        """The files of workloads, once all their pods are ready: those of one workload have the same.

        :param workloads: How many pods each has, by namespace and name.
        """
        found: dict[str, dict[str, SeenFile]] = {}
        for (namespace, name), count in workloads.items():
            running = poll_until(lambda of=(namespace, name), n=count: self.all_ready(*of, n), 60)
            each, *others = [self.files(pod) for pod in running]
            assert all(other == each for other in others)
            found[name] = each
        return found

    def all_ready(self, namespace: str, name: str, count: int) -> list[Any]:
        """The pods of a workload, if they are as many and all are ready."""
        found = self.of(namespace, name)
        return found if len(found) == count and all(map(self.ready, found)) else []

    def secret(self, pod: Any) -> Any:
        """The Secret that a pod has its variables of."""
        references = {each.value_from.secret_key_ref.name for each in pod.spec.containers[0].env}
        (name,) = references
        return self.core.read_namespaced_secret(name, pod.metadata.namespace)

    def synced(self, pod: Any, name: str) -> str:
        """The value that a pod's Secret has for one of its variables."""
        (key,) = [each.value_from.secret_key_ref.key for each in pod.spec.containers[0].env if each.name == name]
        return base64.b64decode(self.secret(pod).data[key]).decode()

    def variable(self, pod: Any, name: str) -> str:
        """The digest of a variable's value in a pod's container."""
        return self.run(pod, f'printf %s "${name}" | sha256sum').split()[0]

    def ready(self, pod: Any) -> bool:
        """Whether a pod is ready."""
        conditions = pod.status.conditions or ()
        return any(each.type == "Ready" and each.status == "True" for each in conditions)

    def warnings(self, namespace: str) -> str:
        """The kubelet's and the driver's warnings in a namespace."""
        events = self.core.list_namespaced_event(namespace, field_selector="type=Warning").items
        return "\n".join(event.message for event in events)
