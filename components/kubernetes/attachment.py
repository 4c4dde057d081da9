"""A patch of an object that others made: its pods get a workload's secrets."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from ..attachment import Attachment
from ..workload import Workload
from .access import DeclaredAccess

_PATCHES: Mapping[str, Any] = {
    "CronJob": kubernetes.batch.v1.CronJobPatch,
    "DaemonSet": kubernetes.apps.v1.DaemonSetPatch,
    "Deployment": kubernetes.apps.v1.DeploymentPatch,
    "StatefulSet": kubernetes.apps.v1.StatefulSetPatch,
}


def declare_attachment(
    workload: Workload, attachment: Attachment, access: DeclaredAccess, opts: pulumi.ResourceOptions
) -> None:
    """Declare the patch of an object that exists, and what takes it back.

    Both are applied by one field manager. The official plugin compares a patch's lists with the object's by position:
    behind an item of the owner's it would be updated in each preview, and a refresh writes the owner's items into the
    state. So its `spec` is ignored, and it is only ever replaced, when its digest changes: the new one is applied in
    the place of the old one, which stays. What gives up the manager's fields is the other resource, when it is deleted.
    Neither waits for pods, because a refresh that finds pods not ready has the next update apply the state's `spec`.
    (pulumi-kubernetes: `pruneLiveState`; Pulumi docs: "ignoreChanges", "retainOnDelete")

    :param opts: Of both.
    """
    patch = _PATCHES[attachment.kind]
    place = {"name": attachment.name, "namespace": workload.namespace}
    own = {"pulumi.com/patchFieldManager": f"strongroom-{workload.name}", "pulumi.com/skipAwait": "true"}
    removal = patch(
        f"{workload.path}/removal",
        metadata={**place, "annotations": own},
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(ignore_changes=["metadata.annotations"])),
    )
    spec = _build_spec(attachment, access)
    patch(
        workload.path,
        metadata={
            **place,
            "annotations": {
                **own,
                **access.controller_annotations,
                "strongroom/attachment": pulumi.Output.from_input(spec).apply(_compute_digest),
            },
        },
        spec=spec,
        opts=pulumi.ResourceOptions.merge(
            opts,
            pulumi.ResourceOptions(
                depends_on=[removal],
                ignore_changes=["spec"],
                replace_on_changes=["metadata.annotations"],
                delete_before_replace=False,
                retain_on_delete=True,
            ),
        ),
    )


def _build_spec(attachment: Attachment, access: DeclaredAccess) -> Mapping[str, Any]:
    parts = access.parts
    reads = _drop_empty({"env": list(parts.environment), "volumeMounts": list(parts.mounts)})
    pod = {
        "serviceAccountName": access.service_account_name,
        # The API server copies each of the two to the other: what only one is given up of stays.
        "serviceAccount": access.service_account_name,
        "automountServiceAccountToken": parts.api_token,
        **_drop_empty({"volumes": list(parts.volumes)}),
        **({"containers": [{"name": name, **reads} for name in attachment.containers]} if reads else {}),
    }
    metadata = {**_drop_empty({"labels": access.pod_labels}), "annotations": access.pod_annotations}
    template = {"template": {"metadata": metadata, "spec": pod}}
    return {"jobTemplate": {"spec": template}} if attachment.kind == "CronJob" else template


def _drop_empty(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value}


def _compute_digest(spec: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:16]
