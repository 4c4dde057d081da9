"""What a delivery puts into a pod."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi


@dataclass(frozen=True)
class PodParts:
    """What a delivery puts into the pods of one workload."""

    volumes: Sequence[Any] = ()
    """Volumes of the pod, as a manifest has them."""

    mounts: Sequence[Any] = ()
    """What each container mounts, as a manifest has it."""

    environment: Sequence[Any] = ()
    """Environment variables of each container."""

    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    """Labels of the pod."""

    annotations: pulumi.Output[Mapping[str, str]] = field(default_factory=lambda: pulumi.Output.from_input({}))
    """Annotations of the pod. They differ where something else is delivered, so that the pod is replaced."""

    reloading: Mapping[str, str] = field(default_factory=dict[str, str])
    """Annotations of what makes the pods, by which Stakater Reloader replaces them once a value changes."""

    api_token: bool = False
    """Whether the pod needs a token of its service account for the Kubernetes API."""

    requires: Sequence[pulumi.Resource] = ()
    """What must exist before the pod starts."""
