"""The end of a workload's pods, and of the Kubernetes Secrets that were made for them."""
# pyright: reportUnknownMemberType=false
# The kubernetes client types its models and little else.

import time
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Any

from kubernetes import client

from ..cluster.client import ClusterClient, call_api, connect
from ..cluster.selection import ENDED_PHASES, list_pods
from ..errors import AbsentError, OpsError
from ..pulumi.stack import Cluster, DeployedWorkload
from .step import Change, Step

_MANAGER = "strongroom-revoke"
_WAIT_SECONDS = 60

_NAMES: Mapping[str, str] = {
    "Deployment": "deployment",
    "StatefulSet": "stateful_set",
    "DaemonSet": "daemon_set",
    "Job": "job",
    "CronJob": "cron_job",
    "Pod": "pod",
}
"""What the client calls each kind."""


class PodRevocation:
    """A workload's pods, and the Kubernetes Secrets that have values of its."""

    def __init__(self, cluster: Cluster, workload: DeployedWorkload) -> None:
        """Keep what is to end.

        :param cluster: The cluster.
        :param workload: The workload.
        """
        self._cluster = cluster
        self._workload = workload
        attachment = workload.attachment
        self._name = attachment.name if attachment else workload.name

    def build_step(self) -> Step:
        """Build the step that stops the pods."""
        fix = f"Stop them by hand, in namespace {self._workload.namespace}; run again"
        return Step("pods", "stopped", self._find_pods, fix)

    def build_step_of_secrets(self) -> Step:
        """Build the step that deletes the Kubernetes Secrets, which the driver makes again as long as pods run."""
        fix = f"It takes delete on secrets in namespace {self._workload.namespace}; run again"
        return Step("Kubernetes Secrets", "deleted", self._find_secrets, fix)

    def count_running(self, *, wait: bool) -> int | None:
        """Count the pods that run; `None` if that can't be found out.

        :param wait: Wait until they end, for a minute.
        """
        end = time.monotonic() + (_WAIT_SECONDS if wait else 0)
        try:
            core: Any = client.CoreV1Api(self._api)
            while count := sum(each.status.phase not in ENDED_PHASES for each in list_pods(core, self._workload)):
                if time.monotonic() >= end:
                    return count
                time.sleep(1)
        except OpsError:
            return None
        return 0

    def _find_pods(self) -> Sequence[Change]:
        kind = self._workload.controller
        if kind == "none":
            raise OpsError("others make its pods, and their controller is not known here")
        try:
            found: Any = self._call(kind, "read", self._name)
        except AbsentError:
            return []
        what = f"{kind} {self._name}"
        match kind:
            case "Deployment" | "StatefulSet":
                count: int = found.spec.replicas
                return [self._stop(kind, self._name, f"{what}, {count} to 0", {"replicas": 0})] if count else []
            case "CronJob" | "Job":
                ended = kind == "Job" and found.status.completion_time
                jobs = [each.name for each in found.status.active or ()] if kind == "CronJob" else []
                stopping = [] if found.spec.suspend or ended else [(kind, self._name)]
                suspend = {"suspend": True}
                return [
                    self._stop(each, name, f"{each} {name}, suspended", suspend)
                    for each, name in [*stopping, *(("Job", job) for job in jobs)]
                ]
            case "DaemonSet" | "Pod":
                if self._workload.attachment:
                    raise OpsError(f"{what} is somebody else's, and has no number of pods to lower")
                return [Change(f"{what}, deleted", partial(self._call, kind, "delete", self._name))]

    def _stop(self, kind: str, name: str, what: str, spec: Mapping[str, Any]) -> Change:
        def stop() -> None:
            self._call(kind, "patch", name, {"spec": spec}, field_manager=_MANAGER)
            self._disown(kind, name)

        return Change(what, stop)

    def _disown(self, kind: str, name: str) -> None:
        """Have nobody own what was changed: the next update would end with a conflict.

        (Kubernetes docs: "Server-Side Apply", "Conflicts" and "Transferring ownership")
        """
        managers = [each.manager for each in self._call(kind, "read", name).metadata.managed_fields]
        if _MANAGER in managers:
            entry = f"/metadata/managedFields/{managers.index(_MANAGER)}"
            tested = {"op": "test", "path": f"{entry}/manager", "value": _MANAGER}
            self._call(kind, "patch", name, [tested, {"op": "remove", "path": entry}], field_manager=_MANAGER)

    def _call(self, kind: str, verb: str, name: str, *body: object, **options: str) -> Any:
        apps, batch, core = client.AppsV1Api, client.BatchV1Api, client.CoreV1Api
        group: Any = {"Job": batch, "CronJob": batch, "Pod": core}.get(kind, apps)
        method = getattr(group(self._api), f"{verb}_namespaced_{_NAMES[kind]}")
        what = f"{kind} {self._workload.namespace}/{name}"
        return call_api(what, lambda: method(name, self._workload.namespace, *body, **options))

    def _find_secrets(self) -> Sequence[Change]:
        try:
            made = ClusterClient(self._cluster).read_provider_class(
                self._workload.namespace, self._workload.secret_provider_class
            )
        except AbsentError:
            return []
        names = sorted({secret for secret, _ in made.places})
        return [Change(name, partial(self._delete_secret, name)) for name in names]

    def _delete_secret(self, name: str) -> None:
        core = client.CoreV1Api(self._api)
        call_api(f"Secret {name}", lambda: core.delete_namespaced_secret(name, self._workload.namespace))

    @cached_property
    def _api(self) -> client.ApiClient:
        return connect(self._cluster)
