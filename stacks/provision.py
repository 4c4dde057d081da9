"""From settings to components."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import pulumi_vault

from components.kubernetes.csi_driver import CA_PATH, SecretsStoreCsiDriver
from components.kubernetes.workload import SecretWorkload
from components.vault.auth import KubernetesAuth
from components.vault.backend import VaultBackend, VaultConnection
from components.vault.engines import Generate, KvEngine
from components.vault.engines import Seed as SeedInput
from components.workload import Workload

from .faults import InvalidSettingsError
from .files import Files, read_files
from .settings import Generated, Settings


def provision(settings: Settings) -> None:
    """Declare everything that `settings` describe, and export what `ops` needs to know of it.

    :raises InvalidSettingsError: A file that the settings name can't be read.
    """
    files, faults = read_files(settings)
    if faults:
        raise InvalidSettingsError(pulumi.get_stack(), faults)
    cluster = kubernetes.Provider(
        "kubernetes", kubeconfig=settings.kubernetes.kubeconfig, context=settings.kubernetes.context
    )
    on_cluster = pulumi.ResourceOptions(providers=[cluster])
    backend = _vault(settings, files, cluster)
    driver = _driver(settings, files, on_cluster)
    namespaces = _namespaces(settings, on_cluster)
    deployed = [
        (
            workload,
            SecretWorkload(
                workload,
                backend,
                wait_for_rollout=settings.kubernetes.wait_for_rollout,
                after=[*driver, *namespaces.get(workload.namespace, [])],
                opts=on_cluster,
            ),
        )
        for workload in settings.workloads
    ]
    _export(settings, deployed)


def _vault(settings: Settings, files: Files, cluster: kubernetes.Provider) -> VaultBackend:
    vault = settings.backend
    provider = pulumi_vault.Provider(
        "vault",
        address=vault.address,
        namespace=vault.namespace,
        ca_cert_file=vault.ca_certificate,
        tls_server_name=vault.tls_server_name,
    )
    in_vault = pulumi.ResourceOptions(providers=[provider, cluster])
    return VaultBackend(
        "vault",
        connection=VaultConnection(
            address=vault.address,
            namespace=vault.namespace,
            ca_path=CA_PATH
            if settings.kubernetes.install == "helm" and vault.ca_certificate
            else vault.provider_ca_path,
            tls_server_name=vault.tls_server_name,
        ),
        engine=KvEngine(
            "vault", path=vault.mount.path, create=vault.mount.create, seeds=_seeds(settings), opts=in_vault
        ),
        auth=KubernetesAuth(
            "vault",
            path=vault.auth.path,
            create=vault.auth.create,
            kubernetes_host=files.kubernetes_host,
            kubernetes_ca_certificate=files.kubernetes_ca,
            reviewer=vault.auth.reviewer,
            opts=in_vault,
        ),
        audience=vault.audience,
        token_ttl=vault.token_ttl,
        token_max_ttl=vault.token_max_ttl,
        opts=in_vault,
    )


def _driver(settings: Settings, files: Files, opts: pulumi.ResourceOptions) -> list[pulumi.Resource]:
    if settings.kubernetes.install != "helm":
        return []
    return [
        SecretsStoreCsiDriver(
            "secrets-store",
            audiences=[settings.backend.audience],
            rotation_poll_interval=settings.kubernetes.rotation_poll_interval,
            vault_ca_certificate=files.vault_ca,
            opts=opts,
        )
    ]


def _namespaces(settings: Settings, opts: pulumi.ResourceOptions) -> dict[str, list[pulumi.Resource]]:
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


def _export(settings: Settings, deployed: list[tuple[Workload, SecretWorkload]]) -> None:
    vault = settings.backend
    pulumi.export(
        "backend",
        {
            "kind": vault.kind,
            "address": vault.address,
            "namespace": vault.namespace,
            "caCertificate": vault.ca_certificate,
            "tlsServerName": vault.tls_server_name,
            "mount": vault.mount.path,
            "authPath": vault.auth.path,
            "audience": vault.audience,
        },
    )
    pulumi.export("kubernetes", {"kubeconfig": settings.kubernetes.kubeconfig, "context": settings.kubernetes.context})
    pulumi.export("workloads", [_described(workload, component) for workload, component in deployed])


def _described(workload: Workload, component: SecretWorkload) -> Mapping[str, Any]:
    return {
        "name": workload.name,
        "namespace": workload.namespace,
        "serviceAccount": workload.name,
        "secretProviderClass": workload.name,
        "identity": dict(component.grant.identity),
        "objects": [
            {"name": secret.name, "object": secret.object, "key": secret.key, "version": secret.version}
            for secret in workload.secrets
        ],
    }


def _seeds(settings: Settings) -> dict[str, dict[str, SeedInput]]:
    return {
        name: {
            key: Generate(seed.length, seed.special)
            if isinstance(seed, Generated)
            else pulumi.Output.secret(seed.get_secret_value())
            for key, seed in values.items()
        }
        for name, values in settings.seeds.items()
    }
