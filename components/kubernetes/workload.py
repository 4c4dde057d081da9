"""A workload and everything in Kubernetes that brings its secrets to it."""

from collections.abc import Iterator, Mapping
from typing import Any

import pulumi

from ..backend import Grant
from ..cross_checks import cross_check
from ..field_types import Switch
from ..workload import ONE_IMAGE, Workload
from .access import SecretAccessArgs, declare_access, describe_access
from .attachment import declare_attachment
from .controllers import declare_pods


class SecretWorkloadArgs(SecretAccessArgs):
    """The arguments of a `SecretWorkload`."""

    workload: Workload
    """What the workload declares."""

    wait_for_rollout: Switch = True
    """Whether an update waits until the pods are ready; not for the pods of an object that it patches."""

    @cross_check
    def _check_pods(self) -> Iterator[tuple[str, str]]:
        if self.workload.has_own_pods and self.workload.image is None and self.workload.images is None:
            yield "workload", ONE_IMAGE


class SecretWorkload(pulumi.ComponentResource):
    """A controller, or a bare Pod, whose secrets are delivered from the backend under an identity of its own.

    Its pods meet the restricted Pod Security Standard and carry no API token, save where the delivery needs one or the
    workload's template asks for one. They are replaced when the declared secrets change, since a running pod never sees
    another class.
    (Kubernetes docs: "Pod Security Standards")
    """

    description: pulumi.Output[Mapping[str, Any]]
    """What the command `strongroom` reads from the state: the workload's objects and identity, and no secret."""

    grant: Grant
    """What the backend granted."""

    service_account: pulumi.Resource | None
    """The service account; none where it isn't made."""

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
        self.service_account = access.account
        child = pulumi.ResourceOptions(parent=self, depends_on=list(access.requires), delete_before_replace=True)
        if workload.attach:
            declare_attachment(workload, workload.attach, access, child)
        elif workload.has_own_pods:
            declare_pods(workload, access, args.wait_for_rollout, child)
        self.description = describe_access(workload, access, has_pods=workload.has_own_pods)
        self.register_outputs({"description": self.description})
