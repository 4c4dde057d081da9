"""The one seam: what a backend owes a workload."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol, runtime_checkable

import pulumi

from .args import Args, Input
from .workload import Workload


class Grant(Args):
    """Everything that a workload needs to read its secrets, and nothing that reads another's."""

    provider: Literal["azure", "vault"]
    """The CSI provider's name, `spec.provider` of the SecretProviderClass."""

    parameters: Mapping[str, Input[str]]
    """`spec.parameters` of the SecretProviderClass, its objects among them."""

    audience: str
    """Audience of the service account token that the driver must request for this workload."""

    identity: Mapping[str, Input[str]]
    """What the workload is in the backend, for the reader of a stack's outputs: e.g. its role and its policy."""

    dynamic: Sequence[Mapping[str, Any]] = ()
    """What the store makes when the workload asks: the `path`, the `capability` that it has there, and the `files` by
    the keys of the response."""

    service_account_annotations: Mapping[str, Input[str]] = {}
    """Annotations that tie the service account to the identity."""

    pod_labels: Mapping[str, str] = {}
    """Labels that the backend needs on the pod."""

    pod_annotations: Mapping[str, str] = {}
    """Annotations that the backend needs on the pod."""

    node_publish_secret: str | None = None
    """The Kubernetes Secret, in the workload's namespace, that the provider takes credentials from."""

    certificate_authority: Input[str] | None = None
    """PEM of the CA of the store's certificate, for what reads from within the pod; none where the system's do."""

    versions: Mapping[str, Input[str]] = {}
    """The versions that the stack wrote of the objects whose change restarts pods, by their names; they are not secret.
    (`Workload.restarting`)"""

    requires: Sequence[pulumi.Resource] = ()
    """What must exist before the pod starts."""


@runtime_checkable
class Backend(Protocol):
    """A store of secrets that can let exactly one workload read exactly its declared secrets."""

    def grant(self, workload: Workload) -> Grant:
        """Create what lets `workload`, and no other, read its declared secrets, and those alone."""
        ...
