"""What the driver has noted of the volumes that it mounted, and the Kubernetes Secrets that it made."""
# pyright: reportUnknownMemberType=false
# The kubernetes client types its models and little else.

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, cast

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from ..pulumi.stack import Cluster, DeployedWorkload
from .client import METADATA_LIST, asked, connected

_MANAGED = "secrets-store.csi.k8s.io/managed=true"
"""The label of the Secrets that the driver makes. (Source of the driver: "SecretManagedLabel")"""


@dataclass(frozen=True)
class Mount:
    """A class, mounted in a pod."""

    pod: str
    provider_class: str

    written: datetime
    """When the driver last noted other contents: at the mount, or at a rotation that found a new version."""


@dataclass(frozen=True)
class MadeSecret:
    """A Kubernetes Secret that the driver made."""

    name: str

    owners: frozenset[str]
    """The pods, or the ReplicaSets, with the last of which it goes."""


class DriverRecords:
    """What the driver has noted in a workload's namespace."""

    def __init__(self, cluster: Cluster, workload: DeployedWorkload) -> None:
        """
        :param cluster: Which kubeconfig and context.
        :param workload: Whose pods are meant.
        :raises OpsError: There is no such kubeconfig or context.
        """
        self._api = connected(cluster)
        self._workload = workload
        self._labels = f"app.kubernetes.io/name={workload.name}"

    def read_mounts(self) -> list[Mount]:
        """Read the namespace's SecretProviderClassPodStatuses.

        :raises OpsError: They can't be asked for, or not by this user.
        """
        namespace = self._workload.namespace

        def read() -> list[Mount]:
            found: Any = client.CustomObjectsApi(self._api).list_namespaced_custom_object(
                "secrets-store.csi.x-k8s.io", "v1", namespace, "secretproviderclasspodstatuses"
            )
            return [_mount(entry) for entry in found["items"] or () if (entry.get("status") or {}).get("podName")]

        return asked(f"SecretProviderClassPodStatuses of {namespace}", read)

    def read_ready_pods(self) -> Mapping[str, datetime]:
        """Read which of the workload's pods are ready, each with the time since when.

        :raises OpsError: They can't be asked for, or not by this user.
        """

        def read() -> Mapping[str, datetime]:
            pods: Any = client.CoreV1Api(self._api).list_namespaced_pod(
                self._workload.namespace, label_selector=self._labels
            )
            return {
                pod.metadata.name: condition.last_transition_time
                for pod in pods.items
                if not pod.metadata.deletion_timestamp
                for condition in pod.status.conditions or ()
                if condition.type == "Ready" and condition.status == "True" and condition.last_transition_time
            }

        return asked(f"pods of {self._workload.path}", read)

    def read_made_secrets(self) -> list[MadeSecret]:
        """Read the names of the Secrets that the driver made for this workload's pods; no value is asked for.

        :raises OpsError: They can't be asked for, or not by this user.
        """
        namespace = self._workload.namespace
        sets: Any = asked(
            f"ReplicaSets of {self._workload.path}",
            lambda: client.AppsV1Api(self._api).list_namespaced_replica_set(namespace, label_selector=self._labels),
        )

        def read() -> list[MadeSecret]:
            mine = {self._workload.name, *(entry.metadata.name for entry in sets.items)}
            made: list[MadeSecret] = []
            # An empty list of this form is null.
            for entry in cast("list[dict[str, Any]]", self._list_secrets()["items"] or []):
                metadata: dict[str, Any] = entry["metadata"]
                owners = mine & {owner["name"] for owner in metadata.get("ownerReferences") or ()}
                if owners:
                    made.append(MadeSecret(metadata["name"], frozenset(owners)))
            return made

        return asked(f"names of Secrets of {namespace}", read)

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


def _mount(entry: Any) -> Mount:
    metadata: dict[str, Any] = entry["metadata"]
    moments = [field["time"] for field in metadata.get("managedFields") or () if field.get("time")]
    written = max(datetime.fromisoformat(moment) for moment in (*moments, metadata["creationTimestamp"]))
    return Mount(entry["status"]["podName"], entry["status"].get("secretProviderClassName", ""), written)
