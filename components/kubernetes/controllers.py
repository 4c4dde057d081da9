"""The controllers that make a workload's pods, and their specifications."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from ..workload import ENDING_KINDS, Workload
from .access import DeclaredAccess
from .merge import merge
from .pod_template import build_labels, build_pod_spec

_EXISTS = {"pulumi.com/waitFor": "jsonpath={.metadata.uid}"}
"""Not to wait for pods to be ready. With `skipAwait` the official plugin doesn't wait for a deletion either, and a
replacement is made while what it replaces is still being deleted: it fails. (pulumi/pulumi-kubernetes: "skipAwait does
not wait for deletion", issues 1232 and 3154)
"""

CONTROLLERS: Mapping[str, tuple[str, str]] = {
    "Deployment": ("apps", "DeploymentSpec"),
    "StatefulSet": ("apps", "StatefulSetSpec"),
    "DaemonSet": ("apps", "DaemonSetSpec"),
    "Job": ("batch", "JobSpec"),
    "CronJob": ("batch", "CronJobSpec"),
}
"""The controllers, each with its group in the SDK and the type of its specification."""


def build_controller_spec(workload: Workload, template: Mapping[str, Any]) -> dict[str, Any]:
    """Build the specification of a workload's controller.

    :param template: Of its pods.
    """
    own: dict[str, Any] = {"template": template}
    if workload.kind == "CronJob":
        own = {"jobTemplate": {"spec": own}}
    elif workload.kind != "Job":
        own["selector"] = {"matchLabels": build_labels(workload)}
    # A null would claim the field, and conflict with the autoscaler.
    if workload.kind in {"Deployment", "StatefulSet"} and workload.replicas != "unmanaged":
        own["replicas"] = 0 if workload.revoked else workload.replicas
    stopped = {"suspend": True} if workload.revoked and workload.kind in ENDING_KINDS else {}
    return {**merge(own, workload.controller), **stopped}


def declare_pods(
    workload: Workload, access: DeclaredAccess, wait_for_rollout: bool, opts: pulumi.ResourceOptions
) -> None:
    """Declare what makes a workload's pods, or its bare Pod; of a revoked one, what can be without pods.

    :param access: What it needs to read its secrets.
    :param wait_for_rollout: Whether an update waits until the pods are ready; with a Job, until it is complete.
    :param opts: Of the controller.
    """
    if workload.revoked and workload.kind in {"DaemonSet", "Pod"}:
        return
    await_annotations = {} if wait_for_rollout and not workload.revoked else _EXISTS
    added: Mapping[str, Any] = workload.template.get("metadata") or {}
    more_labels: Mapping[str, Any] = added.get("labels") or {}
    more_annotations: Mapping[str, Any] = added.get("annotations") or {}
    labels = {**build_labels(workload), **access.pod_labels, **more_labels}
    annotations = pulumi.Output.all(access.pod_annotations, more_annotations).apply(_join)
    spec: Any = build_pod_spec(workload, access.parts)
    if workload.kind == "Pod":
        kubernetes.core.v1.Pod(
            workload.path,
            metadata={
                "name": workload.name,
                "namespace": workload.namespace,
                "labels": labels,
                "annotations": pulumi.Output.all(annotations, await_annotations).apply(_join),
            },
            spec=spec,
            opts=pulumi.ResourceOptions.merge(
                opts, pulumi.ResourceOptions(replace_on_changes=["metadata.annotations"])
            ),
        )
        return
    template: Mapping[str, Any] = {"metadata": {**added, "labels": labels, "annotations": annotations}, "spec": spec}
    group, _ = CONTROLLERS[workload.kind]
    make: Any = getattr(getattr(kubernetes, group).v1, workload.kind)
    make(
        workload.path,
        metadata={
            "name": workload.name,
            "namespace": workload.namespace,
            "labels": build_labels(workload),
            "annotations": {**await_annotations, **access.controller_annotations},
        },
        spec=build_controller_spec(workload, template),
        opts=opts,
    )


def _join(all_of: Sequence[Mapping[str, str]]) -> dict[str, str]:
    return {name: value for each in all_of for name, value in each.items()}
