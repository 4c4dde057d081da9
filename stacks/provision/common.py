"""What the provisioning of every store shares."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import pulumi
import pulumi_kubernetes as kubernetes

from strongroom.components.backend import Backend
from strongroom.components.kubernetes.akv2k8s import NAMESPACE_LABEL
from strongroom.components.workload import PodSecurity

from ..settings.root import Settings

_LEVELS = get_args(PodSecurity)


@dataclass(frozen=True)
class Provisioned:
    """A backend, and what the rest of a stack must know of it."""

    backend: Backend

    description: Mapping[str, Any]
    """For the stack's outputs."""

    cluster: kubernetes.Provider
    """The cluster."""

    namespaces: Mapping[str, Sequence[pulumi.Resource]]
    """The namespaces that the stack makes."""

    vault_ca: pulumi.Input[str] | None = None
    """PEM of the CA of Vault's certificate, where it has one of its own."""


@dataclass(frozen=True)
class ReachedVault:
    """A Vault, as the machine that runs the program reaches it."""

    address: pulumi.Input[str]
    """Its URL."""

    authority: pulumi.Input[str] | None = None
    """PEM of the CA of its certificate, where it has one of its own."""

    authority_file: pulumi.Input[str] | None = None
    """The file with it."""

    token: pulumi.Input[str] | None = None
    """A token for it; defaults to the environment's."""

    forward: Mapping[str, Any] | None = None
    """The ports that lead to its pods, where there are some: for the command `strongroom`."""


def declare_namespaces(settings: Settings, opts: pulumi.ResourceOptions) -> dict[str, list[pulumi.Resource]]:
    """Declare the workloads' namespaces, save those that exist: each enforces the weakest level of its workloads."""
    levels: dict[str, str] = {}
    for workload in sorted(settings.workloads, key=lambda each: _LEVELS.index(each.pod_security)):
        levels[workload.namespace] = workload.pod_security
    filled = {workload.namespace for workload in settings.workloads if workload.delivery.kind == "akv2k8s"}
    return {
        name: [declare_namespace(name, levels[name], opts, NAMESPACE_LABEL if name in filled else {})]
        for name in sorted(levels.keys() - set(settings.kubernetes.existing_namespaces))
    }


def declare_cluster_provider(settings: Settings, kubeconfig: pulumi.Input[str] | None) -> kubernetes.Provider:
    """Declare the provider of the stack's cluster.

    Other contents of a Secret or ConfigMap are changed in place. By itself the provider deletes it and creates it anew,
    and no pod that mounts it starts in between. (pulumi-kubernetes: "enableSecretMutable", "enableConfigMapMutable")
    """
    return kubernetes.Provider(
        "kubernetes",
        kubeconfig=kubeconfig,
        context=settings.kubernetes.context,
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
    )


def declare_namespace(
    name: str, level: str, opts: pulumi.ResourceOptions, labels: Mapping[str, str] | None = None
) -> kubernetes.core.v1.Namespace:
    """Declare a namespace.

    :param level: What its pods are held to. (Kubernetes docs: "Pod Security Standards")
    :param labels: More labels of it.
    """
    return kubernetes.core.v1.Namespace(
        name,
        metadata={"name": name, "labels": {"pod-security.kubernetes.io/enforce": level, **(labels or {})}},
        opts=pulumi.ResourceOptions.merge(opts, None),
    )
