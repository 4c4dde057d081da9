"""From settings to components."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from components.backend import Backend
from components.kubernetes.akv2k8s import NAMESPACE_LABEL
from components.kubernetes.workload import SecretWorkload
from components.workload import Workload

from .faults import InvalidSettingsError
from .files import read_files
from .installation import Installation
from .settings import Settings
from .vault import VaultSettings


@dataclass(frozen=True)
class Provisioned:
    """A backend, and what the rest of a stack must know of it."""

    backend: Backend

    described: Mapping[str, Any]
    """For the stack's outputs."""

    cluster: kubernetes.Provider
    """The cluster."""

    namespaces: Mapping[str, Sequence[pulumi.Resource]]
    """The namespaces that the stack makes."""

    vault_ca: pulumi.Input[str] | None = None
    """PEM of the CA of Vault's certificate, where it has one of its own."""


def provision(settings: Settings) -> None:
    """Declare everything that `settings` describe, and export what `ops` needs to know of it.

    :raises InvalidSettingsError: A file that the settings name can't be read, a chart can't be what they say,
        or the cluster has another driver.
    """
    for _ in provision_stepwise(settings):
        pass


def provision_stepwise(settings: Settings) -> Iterator[SecretWorkload]:
    """Declare everything as `provision` does, and yield each workload as soon as it is declared.

    The caller may let the registrations of one finish before the next is declared.

    :raises InvalidSettingsError: As `provision`.
    """
    files, faults = read_files(settings)
    installation = Installation(settings)
    faults += installation.faults() + installation.conflicts()
    if faults:
        raise InvalidSettingsError(pulumi.get_stack(), faults)
    # A stack loads the provider that it uses, and not the other.
    if isinstance(settings.backend, VaultSettings):
        from .provision_vault import provision_vault  # noqa: PLC0415

        made = provision_vault(settings, settings.backend, files)
    else:
        from .provision_azure import provision_azure  # noqa: PLC0415

        made = provision_azure(settings, settings.backend)
    on_cluster = pulumi.ResourceOptions(providers=[made.cluster])
    installed = installation.declare(made.vault_ca, on_cluster)
    described: list[Mapping[str, Any]] = []
    for workload in settings.workloads:
        component = SecretWorkload(
            workload,
            made.backend,
            wait_for_rollout=settings.kubernetes.wait_for_rollout,
            after=[*installed.get(workload.delivery.kind, []), *made.namespaces.get(workload.namespace, [])],
            opts=on_cluster,
        )
        described.append(_described(workload, component))
        yield component
    pulumi.export("backend", made.described)
    pulumi.export(
        "kubernetes",
        {
            "kubeconfig": settings.kubernetes.kubeconfig,
            "context": settings.kubernetes.context,
            "akv2k8sCredentials": installation.akv2k8s_credentials,
        },
    )
    pulumi.export("administrators", [*settings.administrators])
    pulumi.export("workloads", described)


def namespaces(settings: Settings, opts: pulumi.ResourceOptions) -> dict[str, list[pulumi.Resource]]:
    """The workloads' namespaces, save those that exist."""
    wanted = {workload.namespace for workload in settings.workloads}
    filled = {workload.namespace for workload in settings.workloads if workload.delivery.kind == "akv2k8s"}
    return {
        name: [namespace(name, "restricted", opts, NAMESPACE_LABEL if name in filled else {})]
        for name in sorted(wanted.difference(settings.kubernetes.existing_namespaces))
    }


def cluster_provider(settings: Settings, kubeconfig: pulumi.Input[str] | None) -> kubernetes.Provider:
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


def namespace(
    name: str, level: str, opts: pulumi.ResourceOptions, labels: Mapping[str, str] | None = None
) -> kubernetes.core.v1.Namespace:
    """A namespace.

    :param level: What its pods are held to. (Kubernetes docs: "Pod Security Standards")
    :param labels: More labels of it.
    """
    return kubernetes.core.v1.Namespace(
        name,
        metadata={"name": name, "labels": {"pod-security.kubernetes.io/enforce": level, **(labels or {})}},
        opts=pulumi.ResourceOptions.merge(opts, None),
    )


def _described(workload: Workload, component: SecretWorkload) -> Mapping[str, Any]:
    return {
        "name": workload.name,
        "namespace": workload.namespace,
        "serviceAccount": workload.name,
        "secretProviderClass": workload.name,
        "delivery": workload.delivery.kind,
        "controller": workload.kind,
        "identity": dict(component.grant.identity),
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
