"""Workloads that read a value: whether each of their pods has its newest version, and a restart of those that must."""
# pyright: reportUnknownMemberType=false
# The kubernetes client types its models and little else.

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from kubernetes import client

from ..age.stored import Version
from ..cluster.client import ClusterClient, call_api, connect
from ..cluster.delivery import Delivery, read_delivery, request_login_token
from ..cluster.driver_records import DriverRecords
from ..cluster.pods import NoShellError, Pods
from ..cluster.selection import ENDED_PHASES, list_pods
from ..errors import NotAllowedError, OpsError
from ..pulumi.stack import DeclaredObject, DeployedStack, DeployedWorkload
from ..store.base import DeniedError, ExpectedFile, NotTriedError, Store
from ..store.open import open_store
from ..verify.pod_script import build_command, compute_digest, matches, parse

_TLS = "kubernetes.io/tls"
_RELOADER = "reloader.stakater.com/"
_RESTARTED = "strongroom/restartedAt"

_CONTROLLERS: Mapping[str, str] = {
    "Deployment": "deployment",
    "StatefulSet": "stateful_set",
    "DaemonSet": "daemon_set",
}
"""What the client calls each kind whose pods can be restarted."""


@dataclass(frozen=True)
class Progress:
    """How far a value is at a workload."""

    has_value: bool | None
    """Whether each pod, and each Kubernetes Secret, has it; `None` if that can't be seen."""

    seen: str

    old_pods: frozenset[str] = frozenset()
    """Pods that started before it was written, and read it at their start."""

    @property
    def is_left(self) -> bool:
        """Whether something is left to wait for, or to restart."""
        return self.has_value is False or bool(self.old_pods)


class Reader:
    """A workload that reads a value."""

    def __init__(self, stack: DeployedStack, workload: DeployedWorkload, declared: Sequence[DeclaredObject]) -> None:
        """Keep what is read; nothing is asked yet.

        :param stack: The stack.
        :param workload: The workload.
        :param declared: What it declares of the value.
        """
        self.workload = workload
        self._stack = stack
        self._files = {each.name for each in declared}
        self._has_variables = any(each.env for each in declared)
        self._salt = secrets.token_hex(16)

    def look(self, version: Version) -> Progress:
        """Look how far the value is.

        :param version: Its newest version.
        :raises UnreachableError: A server doesn't respond.
        """
        try:
            pods = self._list_pods()
            if not pods:
                return Progress(True, "no pod runs")
            old = {name for name, started in pods.items() if started < version.written} if self.restarts else set[str]()
            try:
                missing = [*self._list_missing(version, {*pods})]
            except (DeniedError, NotTriedError, NoShellError, NotAllowedError) as error:
                return Progress(None, f"not seen: {error}", frozenset(old))
        except NotAllowedError as error:
            return Progress(None, f"not seen: {error}")
        seen = "; ".join(missing) or f"{len(pods)} pod{'s' if len(pods) > 1 else ''} have it"
        return Progress(not missing, seen, frozenset(old))

    @cached_property
    def restarts(self) -> bool:
        """Whether pods read the value at their start alone, or are to be replaced by `onRotation: restart`."""
        if self._has_variables or self.workload.delivery == "akv2k8s":
            return True
        if self.workload.controller not in _CONTROLLERS:
            return False
        annotations: Mapping[str, str] = self._call("read").metadata.annotations or {}
        return any(_RELOADER in name for name in annotations)

    @cached_property
    def needs_earlier(self) -> bool:
        """Whether earlier versions are mounted, too."""
        return "objectVersionHistory" in self._delivery.provider_class.parameters.get("objects", "")

    def restart(self) -> str:
        """Have its controller replace its pods, and return what was done.

        :raises OpsError: It can't, or the caller may not.
        """
        kind = self.workload.controller
        if kind not in _CONTROLLERS:
            raise OpsError(f"pods of {kind} are not restarted: start them anew")
        annotations = {_RESTARTED: datetime.now(UTC).isoformat(timespec="seconds")}
        body = {"spec": {"template": {"metadata": {"annotations": annotations}}}}
        self._call("patch", body, field_manager="strongroom-rotate")
        return f"{kind} restarted"

    def _list_missing(self, version: Version, pods: set[str]) -> Iterator[str]:
        """List what doesn't have the value."""
        match self.workload.delivery:
            case "csi" | "kubernetes-secret":
                yield from self._list_missing_mounts(version, pods)
                yield from self._list_missing_copies()
            case "agent-injector":
                yield from self._list_missing_files()
            case "akv2k8s":
                raise NotTriedError("akv2k8s gives values to a container's first process alone")

    def _list_missing_mounts(self, version: Version, pods: set[str]) -> Iterator[str]:
        """List the pods without the version, by the driver's records: by its name, or else by when it was recorded."""
        ids = {each.object_id for each in self._list_files() if each.object_id}
        current: set[str] = set()
        for each in DriverRecords(self._stack.kubernetes, self.workload).read_mounts():
            recorded = {name for id_, name in each.versions.items() if id_ in ids}
            is_current = recorded == {version.name} if recorded else each.written >= version.written
            if is_current and each.provider_class == self.workload.secret_provider_class:
                current.add(each.pod)
        if behind := sorted(pods - current):
            yield f"not mounted yet: {', '.join(behind)}"

    def _list_missing_copies(self) -> Iterator[str]:
        """List Kubernetes Secrets with another value; what they hold is dropped at once."""
        places = self._delivery.provider_class.places.items()
        copies = [(secret, key, file) for (secret, key), file in places if file in self._files]
        contents: Mapping[str, bytes | None] = self._read_contents() if copies else {}
        for secret, key, file in copies:
            kind, data = self._cluster.read_secret_data(self.workload.namespace, secret)
            wanted = contents.get(file)
            # The driver takes a certificate and its private key out of PEM.
            if wanted is None or kind == _TLS:
                raise NotTriedError(f"the provider converts {file} for the Secret {secret}")
            if not matches(self._salt, wanted, compute_digest(self._salt, data.get(key, b""))):
                yield f"not in the Secret {secret} yet"

    def _list_missing_files(self) -> Iterator[str]:
        """List the pods whose files have another value, by digests that a shell in the container computes."""
        contents, pods = self._read_contents(), Pods(self._stack.kubernetes)
        for pod in pods.list(self.workload):
            for container in pod.containers:
                command = build_command(self._salt, container.mount_path, ())
                found = parse(pods.run(pod, container.name, command)).files
                for file, wanted in contents.items():
                    if wanted is None:
                        raise NotTriedError(f"the agent converts {file}")
                    if file not in found or not matches(self._salt, wanted, found[file].digest):
                        yield f"not in {file} of {pod.name} yet"

    def _read_contents(self) -> Mapping[str, bytes | None]:
        """Read what its files must hold, with a login of its own."""
        delivery, workload = self._delivery, self.workload
        token = request_login_token(self._cluster, workload, delivery.audience)
        session = self._store.log_in(workload, delivery.provider_class, token)
        try:
            found = [each.read_contents(session) for each in self._list_files()]
            return {name: value for each in found for name, value in each.items()}
        finally:
            session.close()

    def _list_files(self) -> Sequence[ExpectedFile]:
        files = self._store.list_expected_files(self._delivery.provider_class)
        return [each for each in files if each.file in self._files]

    def _list_pods(self) -> Mapping[str, datetime]:
        """List its pods that run, with when each was made."""
        found = list_pods(client.CoreV1Api(self._api), self.workload)
        live = (each for each in found if each.status.phase not in ENDED_PHASES and each.spec.node_name)
        return {each.metadata.name: each.metadata.creation_timestamp for each in live if not _is_deleted(each)}

    def _call(self, verb: str, *body: object, **options: str) -> Any:
        attachment, workload = self.workload.attachment, self.workload
        name = attachment.name if attachment else workload.name
        method = getattr(client.AppsV1Api(self._api), f"{verb}_namespaced_{_CONTROLLERS[workload.controller]}")
        what = f"{workload.controller} {workload.namespace}/{name}"
        return call_api(what, lambda: method(name, workload.namespace, *body, **options))

    @cached_property
    def _store(self) -> Store:
        return open_store(self._stack, self._cluster)

    @cached_property
    def _delivery(self) -> Delivery:
        return read_delivery(self._cluster, self._stack, self.workload)

    @cached_property
    def _cluster(self) -> ClusterClient:
        return ClusterClient(self._stack.kubernetes)

    @cached_property
    def _api(self) -> client.ApiClient:
        return connect(self._stack.kubernetes)


def _is_deleted(pod: Any) -> bool:
    return pod.metadata.deletion_timestamp is not None
