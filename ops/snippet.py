"""What pods that others make need, in the form that their maker takes."""

from collections.abc import Mapping, Sequence
from typing import Any

from .errors import OpsError
from .pulumi.stack import DeployedWorkload
from .render.text import Manifest

HELM_KEYS = (
    "serviceAccount.create",
    "serviceAccount.name",
    "automountServiceAccountToken",
    "podLabels",
    "podAnnotations",
    "deploymentAnnotations",
    "extraVolumes",
    "extraVolumeMounts",
    "extraEnv",
)
"""The usual keys of charts' values, each with the steps to it."""

_API_VERSIONS = {"CronJob": "batch/v1", "Job": "batch/v1", "Pod": "v1"}
_KINDS = ("CronJob", "DaemonSet", "Deployment", "Job", "Pod", "StatefulSet")


def build_values(workload: DeployedWorkload, renamed: Sequence[str]) -> dict[str, Any]:
    """Build a chart's values.

    :param renamed: Keys that the chart calls otherwise, each as `key=other`; a key may have steps, `app.volumes`.
    :raises OpsError: There is no such key, or Strongroom makes the workload's pods.
    """
    pod = _get_pod(workload)
    names: dict[str, str] = dict(zip(HELM_KEYS, HELM_KEYS, strict=True))
    for entry in renamed:
        key, _, other = entry.partition("=")
        if key not in names or not all(other.split(".")):
            raise OpsError(f"--key {entry}: write KEY=OTHER, with KEY one of {', '.join(HELM_KEYS)}")
        names[key] = other
    found = {
        "serviceAccount.create": False,
        "serviceAccount.name": workload.service_account,
        # The account itself has no token mounted.
        "automountServiceAccountToken": pod.get("automountServiceAccountToken") or None,
        "podLabels": pod.get("labels") or None,
        "podAnnotations": pod.get("annotations") or None,
        "deploymentAnnotations": pod.get("controllerAnnotations") or None,
        "extraVolumes": pod.get("volumes") or None,
        "extraVolumeMounts": pod.get("volumeMounts") or None,
        "extraEnv": pod.get("env") or None,
    }
    values: dict[str, Any] = {}
    for key, value in found.items():
        if value is not None:
            *steps, last = names[key].split(".")
            place = values
            for step in steps:
                place = place.setdefault(step, {})
            place[last] = value
    return values


def build_fragment(workload: DeployedWorkload, containers: Sequence[str]) -> Manifest:
    """Build the fragment of a PodTemplateSpec.

    :param containers: The containers that read the secrets; defaults to those that the workload is attached to, or to
        one of its name.
    :raises OpsError: Strongroom makes the workload's pods.
    """
    _get_pod(workload)
    attached = workload.attachment.containers if workload.attachment else ()
    return workload.build_pod(containers or attached or (workload.name,))


def build_patch(workload: DeployedWorkload, containers: Sequence[str], target: str | None) -> Manifest:
    """Build a strategic merge patch, as kustomize takes it.

    :param containers: As `build_fragment` has them.
    :param target: The object as `KIND/NAME`; defaults to the one that the workload is attached to, or to a Deployment
        of its name.
    :raises OpsError: There is no such kind, or Strongroom makes the workload's pods.
    """
    fragment = build_fragment(workload, containers)
    attachment = workload.attachment
    default = f"{workload.controller}/{attachment.name}" if attachment else f"Deployment/{workload.name}"
    kind, _, name = (target or default).partition("/")
    if kind not in _KINDS or not name:
        raise OpsError(f"--target {target}: write KIND/NAME, with KIND one of {', '.join(_KINDS)}")
    annotations = _get_pod(workload).get("controllerAnnotations")
    metadata = {
        "name": name,
        "namespace": workload.namespace,
        **({"annotations": annotations} if annotations and kind != "Pod" else {}),
    }
    typed = {"apiVersion": _API_VERSIONS.get(kind, "apps/v1"), "kind": kind}
    if kind == "Pod":
        return {**typed, "metadata": {**fragment["metadata"], **metadata}, "spec": fragment["spec"]}
    spec = {"template": fragment}
    return {**typed, "metadata": metadata, "spec": {"jobTemplate": {"spec": spec}} if kind == "CronJob" else spec}


def _get_pod(workload: DeployedWorkload) -> Mapping[str, Any]:
    if workload.pod is None:
        raise OpsError(
            f"Strongroom makes the pods of {workload.path}, so nothing else needs a snippet: set `pods: none` for it, "
            "and run `pulumi up`, if others are to make them"
        )
    return workload.pod
