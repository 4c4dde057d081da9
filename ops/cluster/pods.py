"""A workload's pods, and commands that run in their containers."""
# pyright: reportUnknownMemberType=false
# The kubernetes client types its models and little else.

import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import yaml
from kubernetes import client
from kubernetes.client.exceptions import ApiException
from kubernetes.stream import stream  # pyright: ignore[reportUnknownVariableType]
from kubernetes.stream.ws_client import ERROR_CHANNEL

from strongroom.components.kubernetes.csi_volume import DRIVER

from ..errors import OpsError, UnreachableError
from ..pulumi.stack import Cluster, DeployedWorkload
from .client import call_api, connect
from .selection import ENDED_PHASES, list_pods

_SECONDS = 60
"""How long a command, and the start of an ephemeral container, may take."""

_LIFE = 600
"""Seconds after which an ephemeral container ends."""

_PREFIX = "strongroom-"
_HANDSHAKE = re.compile(r"Handshake status (\d+) ([\w ]*)")
_NO_PROGRAM = re.compile(r"executable file not found|no such file or directory|exit code 12[67]\b")


class NoShellError(OpsError):
    """The container's image lacks a program of the command."""


@dataclass(frozen=True)
class Container:
    """A container that its workload's files are mounted in."""

    name: str
    mount_path: str

    user: int | None
    """The user that its pod sets; `None` if its image decides."""

    kept: Mapping[str, str] = field(default_factory=dict[str, str])
    """Paths at which it has a single file (`subPath`) as that was when it started, each with the file's name."""


@dataclass(frozen=True)
class Pod:
    """A pod of a workload."""

    namespace: str
    name: str

    problem: str
    """Why it is not ready; empty if it is."""

    containers: tuple[Container, ...]
    """Its containers with the workload's files."""


class Pods:
    """The pods of a cluster, with the caller's rights."""

    def __init__(self, cluster: Cluster) -> None:
        """Make a client; nothing is asked yet.

        :param cluster: Which kubeconfig and context.
        :raises OpsError: There is no such kubeconfig or context.
        """
        self._api = connect(cluster)
        self._core = client.CoreV1Api(self._api)

    def list(self, workload: DeployedWorkload) -> list[Pod]:
        """List the pods of a workload, without those that are being deleted or have ended.

        :raises OpsError: They can't be read, or not by this user.
        """
        return [
            _parse_pod(each, workload)
            for each in list_pods(self._core, workload)
            if not each.metadata.deletion_timestamp
            and (workload.controller == "Pod" or each.status.phase not in ENDED_PHASES)
        ]

    def run(self, pod: Pod, container: str, command: Sequence[str]) -> str:
        """Run a command in a container, and return what it prints.

        (Kubernetes docs: "Get a Shell to a Running Container"; the rights are `get` and `create` on `pods/exec`)

        :raises NoShellError: The image lacks a program of the command.
        :raises NotAllowedError: The caller may not.
        :raises OpsError: It fails, or the API server can't be reached.
        """
        what = f"exec in {pod.namespace}/{pod.name}, container {container}"

        def execute() -> Any:
            # `stream` changes the client that it is given.
            core = client.CoreV1Api(client.ApiClient(self._api.configuration))
            try:
                return cast("Callable[..., Any]", stream)(
                    core.connect_get_namespaced_pod_exec,
                    pod.name,
                    pod.namespace,
                    container=container,
                    command=list(command),
                    stdout=True,
                    stderr=True,
                    _preload_content=False,
                )
            except ApiException as error:
                raise _build_handshake_error(what, error) from None

        session: Any = call_api(what, execute)
        session.run_forever(timeout=_SECONDS)
        if session.is_open():
            session.close()
            raise UnreachableError(f"{what}: no result within {_SECONDS} s")
        status: Any = yaml.safe_load(session.read_channel(ERROR_CHANNEL) or "{}") or {}
        if status.get("status") == "Success":
            return session.read_stdout()
        message = str(status.get("message") or "the connection broke off")
        kind = NoShellError if _NO_PROGRAM.search(message) else OpsError
        raise kind(f"{what}: {message}")

    def add_shell(self, pod: Pod, container: Container, image: str) -> str:
        """Start an ephemeral container beside a container, as the same user, and return its name once it runs.

        It shares the container's processes, so that `/proc/1/root` is the container's file system. It can't be removed
        from the pod; it ends by itself, and until then it is used again. (Kubernetes docs: "Ephemeral Containers";
        the right is `patch` on `pods/ephemeralcontainers`)

        :raises NotAllowedError: The caller may not.
        :raises OpsError: It does not start, or the API server can't be reached.
        """
        what = f"ephemeral container of {pod.namespace}/{pod.name}"

        def read() -> Any:
            return call_api(what, lambda: self._core.read_namespaced_pod(pod.name, pod.namespace))

        found = read()
        running = _list_running(found)
        for each in found.spec.ephemeral_containers or ():
            if (each.target_container_name, each.image) == (container.name, image) and each.name in running:
                return each.name
        name = f"{_PREFIX}{secrets.token_hex(4)}"
        added = {
            "name": name,
            "image": image,
            "command": ["sleep", str(_LIFE)],
            "targetContainerName": container.name,
            "securityContext": {
                "runAsUser": container.user,
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
            },
        }
        call_api(
            what,
            lambda: self._core.patch_namespaced_pod_ephemeralcontainers(
                pod.name,
                pod.namespace,
                {"spec": {"ephemeralContainers": [added]}},
                field_manager="strongroom",
                _content_type="application/strategic-merge-patch+json",
            ),
        )
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            if name in _list_running(read()):
                return name
            time.sleep(0.5)
        raise OpsError(f"{what}: the image {image} did not start within {_SECONDS} s")


def _list_running(pod: Any) -> set[str]:
    """List the ephemeral containers that run."""
    statuses: list[Any] = pod.status.ephemeral_container_statuses or []
    return {each.name for each in statuses if each.name.startswith(_PREFIX) and each.state and each.state.running}


def _build_handshake_error(what: str, error: ApiException) -> Exception:
    """Build the error of a refused stream: the client has its status in a text alone."""
    match = _HANDSHAKE.search(str(cast(object, error.reason)))
    if match is None:
        return UnreachableError(f"The API server can't be reached for {what}")
    return ApiException(status=int(match[1]), reason=match[2].strip())


def _parse_pod(pod: Any, workload: DeployedWorkload) -> Pod:
    annotations: dict[str, str] = pod.metadata.annotations or {}
    volumes = {
        volume.name
        for volume in pod.spec.volumes or ()
        if volume.csi
        and volume.csi.driver == DRIVER
        and (volume.csi.volume_attributes or {}).get("secretProviderClass") == workload.secret_provider_class
    }
    injected = annotations.get("vault.hashicorp.com/secret-volume-path")
    containers: list[Container] = []
    for each in pod.spec.containers:
        paths = [
            mount.mount_path
            for mount in each.volume_mounts or ()
            if (mount.name in volumes and not mount.sub_path)
            or (mount.mount_path == injected and each.name != "vault-agent")
        ]
        kept = {
            mount.mount_path: mount.sub_path
            for mount in each.volume_mounts or ()
            if mount.name in volumes and mount.sub_path
        }
        contexts = (each.security_context, pod.spec.security_context)
        user = next((found.run_as_user for found in contexts if found and found.run_as_user is not None), None)
        containers += [Container(each.name, path, user, kept) for path in paths]
    return Pod(pod.metadata.namespace, pod.metadata.name, _find_problem(pod), tuple(containers))


def _find_problem(pod: Any) -> str:
    """Find why a pod is not ready."""
    conditions: list[Any] = pod.status.conditions or []
    if any(each.type == "Ready" and each.status == "True" for each in conditions):
        return ""
    waiting = [
        f"{each.name}: {each.state.waiting.reason}"
        for each in (*(pod.status.init_container_statuses or ()), *(pod.status.container_statuses or ()))
        if each.state and each.state.waiting
    ]
    unmet = [each.message for each in conditions if each.status != "True" and each.message]
    return f"{pod.status.phase or 'Pending'} ({'; '.join(waiting or unmet) or 'no reason given'})"
