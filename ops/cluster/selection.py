"""Selection of a workload's pods, and of the ReplicaSets that make them."""
# pyright: reportUnknownMemberType=false
# The kubernetes client types its models and little else.

from collections.abc import Mapping
from typing import Any

from kubernetes import client

from strongroom.components.kubernetes.csi_volume import DRIVER

from ..pulumi.stack import DeployedWorkload
from .client import call_api

ENDED_PHASES = frozenset({"Succeeded", "Failed"})
"""Phases of a pod whose containers have ended for good. (Kubernetes docs: "Pod Lifecycle")"""


def list_pods(core: client.CoreV1Api, workload: DeployedWorkload) -> list[Any]:
    """List a workload's pods: by its label, or those of others that run as its service account.

    :raises OpsError: They can't be read, or not by this user.
    """
    account = None if workload.pod is None else f"spec.serviceAccountName={workload.service_account}"
    found: Any = call_api(
        f"pods of {workload.path}",
        lambda: core.list_namespaced_pod(
            workload.namespace, field_selector=account, label_selector=_get_label(workload)
        ),
    )
    return [each for each in found.items if workload.pod is None or _has_delivery(workload, each.spec)]


def list_replica_sets(apps: client.AppsV1Api, workload: DeployedWorkload) -> list[Any]:
    """List the ReplicaSets that make, or made, a workload's pods.

    :raises OpsError: They can't be read, or not by this user.
    """
    found: Any = call_api(
        f"ReplicaSets of {workload.path}",
        lambda: apps.list_namespaced_replica_set(workload.namespace, label_selector=_get_label(workload)),
    )
    return [each for each in found.items if workload.pod is None or _is_user(workload, each.spec.template.spec)]


def _get_label(workload: DeployedWorkload) -> str | None:
    """Return the label of a workload's pods; none if others make them, with labels of their own."""
    return f"app.kubernetes.io/name={workload.name}" if workload.pod is None else None


def _is_user(workload: DeployedWorkload, spec: Any) -> bool:
    return spec.service_account_name == workload.service_account and _has_delivery(workload, spec)


def _has_delivery(workload: DeployedWorkload, spec: Any) -> bool:
    """Return whether a pod gets the workload's secrets: others may share its service account."""
    if workload.delivery not in {"csi", "kubernetes-secret"}:
        return True
    sources: list[Any] = [volume.csi for volume in spec.volumes or () if volume.csi and volume.csi.driver == DRIVER]
    attributes: list[Mapping[str, str]] = [source.volume_attributes or {} for source in sources]
    return any(each.get("secretProviderClass") == workload.secret_provider_class for each in attributes)
