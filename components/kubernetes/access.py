"""Everything that brings a workload's secrets to its pods, save the pods."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import pulumi
import pulumi_kubernetes as kubernetes

from ..args import Args
from ..backend import Backend, Grant
from ..cross_checks import cross_check
from ..workload import Workload
from .delivered import declare_delivery
from .pod_parts import PodParts

T = TypeVar("T")


class SecretAccessArgs(Args):
    """The arguments of a `SecretAccess`."""

    workload: Workload
    """What the workload declares. Its image, command, replicas and kind belong to its pods, and may be omitted."""

    backend: Backend
    """The store that holds its secrets; it is asked for this workload's grant."""

    after: Sequence[pulumi.Resource] = ()
    """What must exist before: the namespace, and what delivers, with its CRDs."""

    @cross_check
    def _check_pods(self) -> Iterator[tuple[str, str]]:
        if self.workload.attach:
            yield (
                "workload",
                "This workload has attach, whose patch a SecretWorkload makes: make that, or remove attach",
            )


@dataclass(frozen=True)
class DeclaredAccess:
    """The objects of a workload's access."""

    grant: Grant
    """What the backend granted."""

    parts: PodParts
    """What the delivery puts into the pods."""

    account: pulumi.Resource | None
    """The service account; none where it isn't made."""

    service_account_name: str
    """Its name."""

    restarts: bool
    """Whether pods are replaced once a value changes."""

    @property
    def requires(self) -> Sequence[pulumi.Resource]:
        """What must exist before a pod starts."""
        return [*filter(None, [self.account]), *self.parts.requires, *self.grant.requires]

    @property
    def pod_labels(self) -> Mapping[str, str]:
        """Labels that the delivery and the store need on the pod."""
        return {**self.parts.labels, **self.grant.pod_labels}

    @property
    def pod_annotations(self) -> pulumi.Output[Mapping[str, str]]:
        """Annotations that the delivery and the store need on the pod."""
        versions = pulumi.Output.from_input(dict[str, Any](self.grant.versions)).apply(_format_versions)
        return pulumi.Output.all(self.parts.annotations, self.grant.pod_annotations, versions).apply(
            lambda parts: {name: value for part in parts for name, value in part.items()}
        )

    @property
    def controller_annotations(self) -> Mapping[str, str]:
        """Annotations of what makes the pods."""
        return self.parts.reloading if self.restarts else {}

    @property
    def pod(self) -> Mapping[str, Any]:
        """What pods that others make need, as a manifest has it: the pod, and each container that reads the secrets."""
        return {
            "labels": self.pod_labels,
            "annotations": self.pod_annotations,
            **({"controllerAnnotations": self.controller_annotations} if self.controller_annotations else {}),
            "serviceAccountName": self.service_account_name,
            "automountServiceAccountToken": self.parts.api_token,
            "volumes": list(self.parts.volumes),
            "volumeMounts": list(self.parts.mounts),
            "env": list(self.parts.environment),
        }


def declare_access(
    workload: Workload, backend: Backend, after: Sequence[pulumi.Resource], parent: pulumi.Resource
) -> DeclaredAccess:
    """Declare the grant, the service account and the delivery of `workload`.

    :param after: What must exist before the account and the delivery's objects.
    :param parent: Of the account and the delivery's objects.
    :raises InvalidArgumentsError: A secret that the backend, or the delivery, can't bring.
    """
    grant = backend.grant(workload)
    child = pulumi.ResourceOptions(parent=parent, depends_on=list(after))
    account = _declare_account(workload, grant, child) if workload.creates_service_account else None
    return DeclaredAccess(
        grant=grant,
        parts=declare_delivery(workload, grant, child),
        account=account,
        service_account_name=workload.service_account_name,
        restarts=workload.on_rotation == "restart",
    )


def _format_versions(versions: Mapping[str, str]) -> Mapping[str, str]:
    # A digest of a value would let a short one be guessed.
    text = " ".join(f"{name}@{versions[name]}" for name in sorted(versions))
    return {"strongroom/versions": text} if text else {}


def _declare_account(workload: Workload, grant: Grant, opts: pulumi.ResourceOptions) -> pulumi.Resource:
    return kubernetes.core.v1.ServiceAccount(
        workload.path,
        metadata={
            "name": workload.service_account_name,
            "namespace": workload.namespace,
            "annotations": dict(grant.service_account_annotations),
        },
        automount_service_account_token=False,
        opts=opts,
    )


def describe_access(
    workload: Workload, access: DeclaredAccess, *, has_pods: bool = False
) -> pulumi.Output[Mapping[str, Any]]:
    """Describe a workload for the command `strongroom`: its objects and identity, and no secret.

    :param has_pods: Whether Strongroom makes its pods; if others do, the description has what those pods need.
    """
    attachment = workload.attach
    described: dict[str, Any] = {
        "name": workload.name,
        "namespace": workload.namespace,
        "serviceAccount": workload.service_account_name,
        **({} if workload.creates_service_account else {"serviceAccountMade": False}),
        **({"revoked": True} if workload.revoked else {}),
        "secretProviderClass": workload.name,
        "delivery": workload.delivery.kind,
        "controller": workload.kind if has_pods else attachment.kind if attachment else "none",
        "identity": dict(access.grant.identity),
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
        **({"dynamic": list(access.grant.dynamic)} if access.grant.dynamic else {}),
    }
    if not has_pods:
        described["pod"] = access.pod
    if attachment:
        described["attachment"] = {"name": attachment.name, "containers": list(attachment.containers)}
    return pulumi.Output.from_input(described)


class SecretAccess(pulumi.ComponentResource):
    """A workload's access to its secrets, for pods that the program makes itself.

    It makes the service account, unless that exists, the grant and what the delivery needs. Its outputs go into the
    pod's template as they are, and pods with any of them start after all that they need. The account, the volumes and
    the labels and annotations belong into each pod; the mounts and the environment into each container that reads the
    secrets.
    """

    service_account_name: pulumi.Output[str]
    """The pod's service account."""

    volumes: pulumi.Output[Sequence[Any]]
    """Volumes of the pod, as a manifest has them."""

    volume_mounts: pulumi.Output[Sequence[Any]]
    """Mounts of a container, as a manifest has them."""

    env: pulumi.Output[Sequence[Any]]
    """Environment variables of a container, as a manifest has them."""

    pod_labels: pulumi.Output[Mapping[str, str]]
    """Labels of the pod."""

    pod_annotations: pulumi.Output[Mapping[str, str]]
    """Annotations of the pod. They differ where other secrets are declared, so that pods are replaced: a running pod
    never sees another class."""

    controller_annotations: pulumi.Output[Mapping[str, str]]
    """Annotations of what makes the pod, for Stakater Reloader: with `on_rotation` `restart` alone."""

    automount_service_account_token: pulumi.Output[bool]
    """Whether the pod needs a token for the Kubernetes API: with delivery `akv2k8s` alone."""

    description: pulumi.Output[Mapping[str, Any]]
    """What the command `strongroom` reads from the state: the workload's objects and identity, and no secret."""

    requires: Sequence[pulumi.Resource]
    """What must exist before a pod starts, for `depends_on` of what takes none of the outputs."""

    def __init__(self, name: str, args: SecretAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the workload's access.

        :param name: The component's name in the stack.
        :param args: Its arguments.
        :raises InvalidArgumentsError: A secret that the backend, or the delivery, can't bring.
        """
        super().__init__("strongroom:index:SecretAccess", name, None, opts)
        access = declare_access(args.workload, args.backend, args.after, self)
        parts = access.parts
        self.requires = access.requires
        exist = pulumi.Output.all(*(each.urn for each in self.requires))

        def await_requires(value: pulumi.Input[T]) -> pulumi.Output[T]:
            # Other languages see no resource of this provider's: an output's dependencies reach them.
            return pulumi.Output.all(exist, value).apply(lambda both: both[1])

        self.description = describe_access(args.workload, access)
        self.service_account_name = await_requires(access.service_account_name)
        self.volumes = await_requires(list(parts.volumes))
        self.volume_mounts = await_requires(list(parts.mounts))
        self.env = await_requires(list(parts.environment))
        self.pod_labels = await_requires(access.pod_labels)
        self.pod_annotations = await_requires(access.pod_annotations)
        self.controller_annotations = await_requires(access.controller_annotations)
        self.automount_service_account_token = await_requires(parts.api_token)
        self.register_outputs(
            {
                "description": self.description,
                "serviceAccountName": self.service_account_name,
                "volumes": self.volumes,
                "volumeMounts": self.volume_mounts,
                "env": self.env,
                "podLabels": self.pod_labels,
                "podAnnotations": self.pod_annotations,
                "controllerAnnotations": self.controller_annotations,
                "automountServiceAccountToken": self.automount_service_account_token,
            }
        )
