"""The driver's records of mounted volumes, and the Kubernetes Secrets that it made."""
# pyright: reportUnknownMemberType=false
# The kubernetes client types its models and little else.

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from http import HTTPStatus
from typing import Any, cast

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from ..pulumi.stack import Cluster, DeployedWorkload
from .client import METADATA_LIST, call_api, connect
from .selection import list_pods, list_replica_sets

_MANAGED = "secrets-store.csi.k8s.io/managed=true"
"""The label of the Secrets that the driver makes. (Source of the driver: "SecretManagedLabel")"""

_CONTAINER = "secrets-store"
"""The driver's container, in its chart and in the AKS add-on."""

_RECORD = re.compile(r"^(?=[IWEF]\d{4} )", re.M)
"""The beginning of a record of its log, which may have several lines. (Source of klog: "Log lines have this form")"""

_MOUNTED = '"node publish volume complete"'


@dataclass(frozen=True)
class Mount:
    """A SecretProviderClass mounted in a pod."""

    pod: str
    provider_class: str

    written: datetime
    """When the driver last recorded new contents: at the mount, or at a rotation."""

    versions: Mapping[str, str]
    """What the provider says of its objects' versions, by their ids."""


@dataclass(frozen=True)
class MadeSecret:
    """A Kubernetes Secret that the driver made."""

    name: str

    owners: frozenset[str]
    """Pods or ReplicaSets that own it: it is deleted with the last of them."""


class DriverRecords:
    """The driver's records in a workload's namespace."""

    def __init__(self, cluster: Cluster, workload: DeployedWorkload) -> None:
        """Make a client for the records.

        :param cluster: Which kubeconfig and context.
        :param workload: The workload of the pods.
        :raises OpsError: There is no such kubeconfig or context.
        """
        self._api = connect(cluster)
        self._workload = workload

    def read_mounts(self) -> list[Mount]:
        """Read the namespace's SecretProviderClassPodStatuses.

        :raises OpsError: They can't be read, or not by this user.
        """
        namespace = self._workload.namespace

        def read() -> list[Mount]:
            found: Any = client.CustomObjectsApi(self._api).list_namespaced_custom_object(
                "secrets-store.csi.x-k8s.io", "v1", namespace, "secretproviderclasspodstatuses"
            )
            return [_parse_mount(entry) for entry in found["items"] or () if (entry.get("status") or {}).get("podName")]

        return call_api(f"SecretProviderClassPodStatuses of {namespace}", read)

    def read_ready_pods(self) -> Mapping[str, datetime]:
        """Read the ready pods of the workload, each with the time since when.

        :raises OpsError: They can't be read, or not by this user.
        """
        return {
            pod.metadata.name: condition.last_transition_time
            for pod in self._pods
            if not pod.metadata.deletion_timestamp
            for condition in pod.status.conditions or ()
            if condition.type == "Ready" and condition.status == "True" and condition.last_transition_time
        }

    def list_pods(self) -> frozenset[str]:
        """List the names of the workload's pods.

        :raises OpsError: They can't be read, or not by this user.
        """
        return frozenset(pod.metadata.name for pod in self._pods)

    def read_nodes(self) -> frozenset[str]:
        """Read the nodes of the workload's pods.

        :raises OpsError: They can't be read, or not by this user.
        """
        return frozenset(pod.spec.node_name for pod in self._pods if pod.spec.node_name)

    @cached_property
    def _pods(self) -> Sequence[Any]:
        """The workload's pods, read once: all checks of a diagnosis see the same ones."""
        return list_pods(client.CoreV1Api(self._api), self._workload)

    def read_failing_mounts(self, driver: str) -> Mapping[str, str]:
        """Read the driver's last record about each pod of the namespace whose last mount, or rotation, failed.

        The log alone has a rotation that fails; it is read for an hour back, on the nodes of the workload's pods.

        :param driver: The driver's DaemonSet, as `namespace/name`.
        :raises OpsError: It can't be read, or not by this user.
        """
        core, nodes = client.CoreV1Api(self._api), self.read_nodes()
        namespace, _, name = driver.partition("/")
        pods: Any = call_api(f"pods of {driver}", lambda: core.list_namespaced_pod(namespace))
        failing: dict[str, str] = {}
        for pod in pods.items:
            owners = {owner.name for owner in pod.metadata.owner_references or ()}
            if name not in owners or pod.spec.node_name not in nodes:
                continue

            def read(name: str = pod.metadata.name) -> Any:
                return core.read_namespaced_pod_log(
                    name, namespace, container=_CONTAINER, since_seconds=3600, tail_lines=5000
                )

            log: str = call_api(f"log of {namespace}/{pod.metadata.name}", read)
            failing |= _find_failing(log, self._workload.namespace)
        return failing

    def read_made_secrets(self) -> list[MadeSecret]:
        """Read the names of the Secrets that the driver made for this workload's pods; no value is requested.

        :raises OpsError: They can't be read, or not by this user.
        """
        namespace = self._workload.namespace
        sets = list_replica_sets(client.AppsV1Api(self._api), self._workload)

        def read() -> list[MadeSecret]:
            mine = {self._workload.name, *(entry.metadata.name for entry in sets)}
            made: list[MadeSecret] = []
            # An empty list of this form is null.
            for entry in cast("list[dict[str, Any]]", self._list_secrets()["items"] or []):
                metadata: dict[str, Any] = entry["metadata"]
                owners = mine & {owner["name"] for owner in metadata.get("ownerReferences") or ()}
                if owners:
                    made.append(MadeSecret(metadata["name"], frozenset(owners)))
            return made

        return call_api(f"names of Secrets of {namespace}", read)

    def _list_secrets(self) -> Any:
        request = self._api.param_serialize(
            method="GET",
            resource_path="/api/v1/namespaces/{namespace}/secrets",
            path_params={"namespace": self._workload.namespace},
            query_params=[("labelSelector", _MANAGED)],
            header_params={"Accept": METADATA_LIST},
            auth_settings=["BearerToken"],
        )
        response: Any = self._api.call_api(*request)
        if response.status != HTTPStatus.OK:
            raise ApiException(status=response.status, reason=response.reason)
        return json.loads(response.data)


def _find_failing(log: str, namespace: str) -> dict[str, str]:
    failing: dict[str, str] = {}
    for record in _RECORD.split(log):
        match = re.search(rf'pod="{re.escape(namespace)}/([^"]+)"', record)
        if match and record.startswith("E"):
            failing[match[1]] = record.strip()
        elif match and _MOUNTED in record:
            failing.pop(match[1], None)
    return failing


def _parse_mount(entry: Any) -> Mount:
    metadata: dict[str, Any] = entry["metadata"]
    moments = [field["time"] for field in metadata.get("managedFields") or () if field.get("time")]
    written = max(datetime.fromisoformat(moment) for moment in (*moments, metadata["creationTimestamp"]))
    status: dict[str, Any] = entry["status"]
    versions = {each.get("id", ""): each.get("version", "") for each in status.get("objects") or ()}
    return Mount(status["podName"], status.get("secretProviderClassName", ""), written, versions)
