"""Who a workload is to Azure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import pulumi
from pydantic import ConfigDict

from ...args import Args
from ...workload import Workload
from ..access import Principal
from ..options import EXCHANGE_AUDIENCE

USE_LABEL = "azure.workload.identity/use"
CLIENT_ANNOTATION = "azure.workload.identity/client-id"
TENANT_ANNOTATION = "azure.workload.identity/tenant-id"


@dataclass(frozen=True)
class Federation:
    """What federates a service account to an identity: the one source of issuer, subject and audience."""

    issuer: pulumi.Input[str]
    """The cluster's OIDC issuer, exactly as it stands in its tokens."""

    namespace: str
    service_account: str

    audience: str = EXCHANGE_AUDIENCE
    """Of the tokens that the driver requests."""

    @property
    def subject(self) -> str:
        """The subject of the service account's tokens."""
        return f"system:serviceaccount:{self.namespace}:{self.service_account}"


@dataclass(frozen=True)
class WorkloadIdentity:
    """What one workload is to Azure, and what its class, service account and pod say about it."""

    principal: Principal
    """Who is given access."""

    parameters: Mapping[str, pulumi.Input[str]]
    """Of the SecretProviderClass."""

    audience: str = EXCHANGE_AUDIENCE
    """Of the service account token that the driver must request."""

    client_id: pulumi.Input[str] = ""
    """The identity's client id, where it has one that is known."""

    federation: Federation | None = None
    """What federates the service account to it, where something does."""

    service_account_annotations: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    pod_labels: Mapping[str, str] = field(default_factory=dict[str, str])
    pod_annotations: Mapping[str, str] = field(default_factory=dict[str, str])

    node_publish_secret: str | None = None
    """The Kubernetes Secret with a service principal's credentials."""

    requires: Sequence[pulumi.Resource] = ()
    """What must exist before it works."""


@runtime_checkable
class Identities(Protocol):
    """A way to give workloads identities."""

    @property
    def mode(self) -> str:
        """Its name in settings."""
        ...

    @property
    def shared(self) -> bool:
        """Whether several workloads are one principal, and so can read what any of them declares."""
        ...

    def identify(self, workload: Workload, parent: pulumi.Resource) -> WorkloadIdentity:
        """Return the identity of `workload`, made below `parent` if it must be."""
        ...


class IdentitiesArgs(Args):
    """The base of ways to give workloads identities, whose `mode` and `shared` are constants and no arguments."""

    model_config = ConfigDict(ignored_types=(str, bool))
