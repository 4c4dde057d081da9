"""From settings to components."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi
import pulumi_kubernetes as kubernetes

from components.backend import Backend
from components.kubernetes.csi_driver import SecretsStoreCsiDriver
from components.kubernetes.workload import SecretWorkload
from components.workload import Workload

from .faults import InvalidSettingsError
from .files import read_files
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

    provider: Literal["azure", "vault"]
    """The CSI provider that it needs."""

    audiences: Sequence[str]
    """Of the tokens that the driver must request."""

    provider_ca: str | None = None
    """PEM of the CA that the provider must trust, where it needs one."""


def provision(settings: Settings) -> None:
    """Declare everything that `settings` describe, and export what `ops` needs to know of it.

    :raises InvalidSettingsError: A file that the settings name can't be read.
    """
    files, faults = read_files(settings)
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
    driver = _driver(settings, made, on_cluster)
    deployed = [
        (
            workload,
            SecretWorkload(
                workload,
                made.backend,
                wait_for_rollout=settings.kubernetes.wait_for_rollout,
                after=[*driver, *made.namespaces.get(workload.namespace, [])],
                opts=on_cluster,
            ),
        )
        for workload in settings.workloads
    ]
    pulumi.export("backend", made.described)
    pulumi.export("kubernetes", {"kubeconfig": settings.kubernetes.kubeconfig, "context": settings.kubernetes.context})
    pulumi.export("workloads", [_described(workload, component) for workload, component in deployed])


def namespaces(settings: Settings, opts: pulumi.ResourceOptions) -> dict[str, list[pulumi.Resource]]:
    """The workloads' namespaces, save those that exist."""
    wanted = {workload.namespace for workload in settings.workloads}
    return {
        name: [
            kubernetes.core.v1.Namespace(
                name,
                metadata={"name": name, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
                opts=pulumi.ResourceOptions.merge(opts, None),
            )
        ]
        for name in sorted(wanted.difference(settings.kubernetes.existing_namespaces))
    }


def _driver(settings: Settings, made: Provisioned, opts: pulumi.ResourceOptions) -> list[pulumi.Resource]:
    if settings.kubernetes.install != "helm":
        return []
    return [
        SecretsStoreCsiDriver(
            "secrets-store",
            audiences=[audience for audience in made.audiences if audience],
            providers=[made.provider],
            rotation_poll_interval=settings.kubernetes.rotation_poll_interval,
            vault_ca_certificate=made.provider_ca,
            opts=opts,
        )
    ]


def _described(workload: Workload, component: SecretWorkload) -> Mapping[str, Any]:
    return {
        "name": workload.name,
        "namespace": workload.namespace,
        "serviceAccount": workload.name,
        "secretProviderClass": workload.name,
        "identity": dict(component.grant.identity),
        "objects": [
            {
                "name": secret.name,
                "object": secret.object,
                "key": secret.key,
                "version": secret.version,
                "type": secret.type,
            }
            for secret in workload.secrets
        ],
    }
