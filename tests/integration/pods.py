"""Pods of a real node, seen from within."""

import base64
import hashlib
import shlex
from dataclasses import dataclass
from typing import Any

from kubernetes import client, config
from kubernetes.stream import stream

from sandbox.world import World

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

    def __init__(self, world: World) -> None:
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

    def run(self, pod: Any, script: str) -> str:
        """What a shell script says in the first container of a pod."""
        name, namespace = pod.metadata.name, pod.metadata.namespace
        return stream(
            self._streaming.connect_get_namespaced_pod_exec,
            name,
            namespace,
            command=["sh", "-c", script],
            stdout=True,
            stderr=True,
        )

    def files(self, pod: Any, directory: str = MOUNT) -> dict[str, SeenFile]:
        """All files of a pod's volume, without those that the driver keeps its versions in."""
        script = (
            f"cd {shlex.quote(directory)}/..data/ && for name in $(find . -type f); do "
            'echo ${name#./} $(sha256sum < $name) $(stat -L -c "%a %u:%g" $name); done'
        )
        lines = [line.split() for line in self.run(pod, script).splitlines()]
        return {name: SeenFile(found, mode, owner) for name, found, _, mode, owner in lines}

    def content(self, pod: Any, name: str) -> bytes:
        """What a file of a pod's volume holds."""
        return base64.b64decode(self.run(pod, f"base64 {shlex.quote(f'{MOUNT}/{name}')}"))

    def ready(self, pod: Any) -> bool:
        """Whether a pod is ready."""
        conditions = pod.status.conditions or ()
        return any(each.type == "Ready" and each.status == "True" for each in conditions)

    def warnings(self, namespace: str) -> str:
        """The kubelet's and the driver's warnings in a namespace."""
        events = self.core.list_namespaced_event(namespace, field_selector="type=Warning").items
        return "\n".join(event.message for event in events)
