"""A workload and everything in Kubernetes that brings its secrets to it."""

from collections.abc import Iterator, Mapping
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from ..backend import Grant
from ..cross_checks import cross_check
from ..field_types import Switch
from ..workload import ONE_IMAGE, Workload
from .access import DeclaredAccess, SecretAccessArgs, declare_access
from .pod_parts import PodParts

_EXISTS = {"pulumi.com/waitFor": "jsonpath={.metadata.uid}"}
"""Not to wait for pods to be ready. With `skipAwait` the official plugin doesn't wait for a deletion either, and a
replacement is made while what it replaces is still being deleted: it fails. (pulumi/pulumi-kubernetes: "skipAwait does
not wait for deletion", issues 1232 and 3154)
"""


class SecretWorkloadArgs(SecretAccessArgs):
    """The arguments of a `SecretWorkload`."""

    workload: Workload
    """What the workload declares."""

    wait_for_rollout: Switch = True
    """Whether an update waits until the pods are ready."""

    @cross_check
    def _check_image(self) -> Iterator[tuple[str, str]]:
        if self.workload.image is None and self.workload.images is None:
            yield "workload", ONE_IMAGE


class SecretWorkload(pulumi.ComponentResource):
    """A Deployment, or a bare Pod, whose secrets are delivered from the backend under an identity of its own.

    Its pods meet the restricted Pod Security Standard and carry no API token, save where the delivery needs one. They
    are replaced when the declared secrets change, since a running pod never sees another class.
    (Kubernetes docs: "Pod Security Standards")
    """

    description: pulumi.Output[Mapping[str, Any]]
    """What the command `strongroom` reads from the state: the workload's objects and identity, and no secret."""

    grant: Grant
    """What the backend granted."""

    def __init__(self, name: str, args: SecretWorkloadArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the workload's objects.

        :param name: The component's name in the stack.
        :param args: Its arguments.
        :raises InvalidArgumentsError: A secret that the backend, or the delivery, can't bring.
        """
        super().__init__("strongroom:index:SecretWorkload", name, None, opts)
        workload = args.workload
        access = declare_access(workload, args.backend, args.after, self)
        self.grant = access.grant
        _pods(
            workload,
            access,
            args.wait_for_rollout,
            pulumi.ResourceOptions(parent=self, depends_on=list(access.requires), delete_before_replace=True),
        )
        self.description = pulumi.Output.from_input(_describe(workload, self.grant))
        self.register_outputs({"description": self.description})


def _describe(workload: Workload, grant: Grant) -> Mapping[str, Any]:
    return {
        "name": workload.name,
        "namespace": workload.namespace,
        "serviceAccount": workload.name,
        "secretProviderClass": workload.name,
        "delivery": workload.delivery.kind,
        "controller": workload.kind,
        "identity": dict(grant.identity),
        "objects": [
            {
                "name": secret.name,
                "object": secret.object,
                "key": secret.key,
                "version": secret.version,
                "type": secret.type,
                "env": secret.env,
            }
            for secret in workload.secrets
        ],
    }


def _pods(workload: Workload, access: DeclaredAccess, wait_for_rollout: bool, opts: pulumi.ResourceOptions) -> None:
    labels = {"app.kubernetes.io/name": workload.name, "app.kubernetes.io/managed-by": "strongroom"}
    annotations = access.pod_annotations
    await_annotations = {} if wait_for_rollout else _EXISTS
    pod_labels = {**labels, **access.pod_labels}
    spec = _pod_spec(workload, access.parts)
    if workload.kind == "Pod":
        kubernetes.core.v1.Pod(
            workload.path,
            metadata={
                "name": workload.name,
                "namespace": workload.namespace,
                "labels": pod_labels,
                "annotations": annotations.apply(lambda own: {**own, **await_annotations}),
            },
            spec=spec,
            opts=pulumi.ResourceOptions.merge(
                opts, pulumi.ResourceOptions(replace_on_changes=["metadata.annotations"])
            ),
        )
    else:
        kubernetes.apps.v1.Deployment(
            workload.path,
            metadata={
                "name": workload.name,
                "namespace": workload.namespace,
                "labels": labels,
                "annotations": await_annotations,
            },
            spec={
                "replicas": workload.replicas,
                "selector": {"match_labels": labels},
                "template": {"metadata": {"labels": pod_labels, "annotations": annotations}, "spec": spec},
            },
            opts=opts,
        )


def _pod_spec(workload: Workload, parts: PodParts) -> Any:
    return {
        "service_account_name": workload.name,
        "automount_service_account_token": parts.api_token,
        "security_context": {
            "run_as_non_root": True,
            "run_as_user": workload.run_as_user,
            "run_as_group": workload.run_as_user,
            "fs_group": workload.run_as_user,
            "seccomp_profile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": name,
                "image": image,
                **({"command": list(workload.command)} if workload.command else {}),
                "env": list(parts.environment),
                "volume_mounts": list(parts.mounts),
                "security_context": {
                    "allow_privilege_escalation": False,
                    "capabilities": {"drop": ["ALL"]},
                    "read_only_root_filesystem": True,
                },
            }
            for name, image in workload.containers.items()
        ],
        "volumes": list(parts.volumes),
    }
