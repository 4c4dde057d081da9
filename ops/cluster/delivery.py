"""Deliveries of workloads as the cluster has them, each as a SecretProviderClass."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import yaml

from strongroom.components.delivery import KEY_VAULT_MARK
from strongroom.components.kubernetes.agent_annotations import find_token_volume, parse_class_parameters
from strongroom.components.workload import WorkloadKind

from ..errors import OpsError
from ..pulumi.stack import DeployedStack, DeployedWorkload, KeyVaultStore
from .client import ClusterClient, ProviderClass
from .pod_template import PodTemplate, parse_template


class Documents(Protocol):
    """A source of a delivery's documents: the cluster, or the state of the stack that deployed them."""

    def read_provider_class(self, namespace: str, name: str) -> ProviderClass:
        """Read a SecretProviderClass."""
        ...

    def read_pod_template(self, namespace: str, name: str, controller: WorkloadKind) -> PodTemplate:
        """Read the template of a workload's pods."""
        ...

    def read_key_vault_secret(self, namespace: str, name: str) -> Mapping[str, Any]:
        """Read which vault and object an AzureKeyVaultSecret names."""
        ...


@dataclass(frozen=True)
class Delivery:
    """A workload's delivery: its files, and how they are requested."""

    provider_class: ProviderClass
    """Objects that are read, and the identity that reads them."""

    audience: str
    """Audience of the service account token; empty if none is used."""

    title: str
    """Title of the check of its files, e.g. `its SecretProviderClass has its files`."""

    declared: frozenset[str]
    """Files, or variables, that it must have."""

    copies: frozenset[str] | None = None
    """Keys of the Kubernetes Secret that is made of it, if the delivery is for one."""


def request_login_token(cluster: ClusterClient, workload: DeployedWorkload, audience: str) -> str:
    """Request the token by which a workload logs in at its store; empty if its delivery uses none.

    :param cluster: The cluster.
    :param workload: The workload.
    :param audience: Its delivery's audience.
    :raises OpsError: The API server refuses or is down.
    """
    return cluster.request_token(workload.namespace, workload.service_account, audience) if audience else ""


def read_delivery(documents: Documents, stack: DeployedStack, workload: DeployedWorkload) -> Delivery:
    """Read the delivery of `workload` from the cluster, or from the stack's state.

    :param documents: The cluster, or the stack's state.
    :raises OpsError: A part of it is missing, or is not as Strongroom makes it.
    """
    ways: dict[str, Callable[[Documents, DeployedStack, DeployedWorkload], Delivery]] = {
        "csi": _read_mounted,
        "kubernetes-secret": _read_copied,
        "agent-injector": _read_injected,
        "akv2k8s": _read_filled,
    }
    return ways[workload.delivery](documents, stack, workload)


def _read_mounted(documents: Documents, stack: DeployedStack, workload: DeployedWorkload) -> Delivery:
    found = documents.read_provider_class(workload.namespace, workload.secret_provider_class)
    return Delivery(found, stack.backend.audience, "its SecretProviderClass has its files", workload.names)


def _read_copied(documents: Documents, stack: DeployedStack, workload: DeployedWorkload) -> Delivery:
    mounted = _read_mounted(documents, stack, workload)
    copies = mounted.provider_class.copies
    return Delivery(mounted.provider_class, mounted.audience, mounted.title, mounted.declared, copies)


def _read_injected(documents: Documents, stack: DeployedStack, workload: DeployedWorkload) -> Delivery:
    del stack
    template = _read_template(documents, workload)
    try:
        parameters = parse_class_parameters(template.annotations)
    except ValueError as error:
        raise OpsError(f"{workload.controller} {workload.path} {error}") from None
    volume = find_token_volume(template.annotations)
    if volume not in template.audiences:
        raise OpsError(f"{workload.controller} {workload.path} has no volume {volume!r} with a token for the agent")
    found = ProviderClass("vault", parameters)
    return Delivery(found, template.audiences[volume], "its annotations have its files", workload.names)


def _read_filled(documents: Documents, stack: DeployedStack, workload: DeployedWorkload) -> Delivery:
    template = _read_template(documents, workload)
    if not isinstance(stack.backend, KeyVaultStore):
        raise OpsError(f"{workload.path} has the delivery 'akv2k8s', but its stack has no Key Vault")
    array: list[str] = []
    for variable, value in template.environment.items():
        if not value.endswith(KEY_VAULT_MARK):
            continue
        item = documents.read_key_vault_secret(workload.namespace, value.removesuffix(KEY_VAULT_MARK))
        if item["name"] != stack.backend.vault:
            raise OpsError(f"{variable} of {workload.path} is read from the vault {item['name']}, not from the stack's")
        array.append(yaml.safe_dump(_build_entry(variable, item["object"])))
    parameters = {"tenantID": stack.backend.tenant_id, "objects": yaml.safe_dump({"array": array})}
    return Delivery(
        ProviderClass("azure", parameters),
        "",
        "its AzureKeyVaultSecrets have its variables",
        frozenset(secret.env for secret in workload.objects if secret.env),
    )


def _read_template(documents: Documents, workload: DeployedWorkload) -> PodTemplate:
    if workload.controller == "none" or workload.pod is not None:
        return parse_template(workload.build_pod(["any"]))
    return documents.read_pod_template(workload.namespace, workload.name, workload.controller)


def _build_entry(variable: str, item: Mapping[str, str]) -> dict[str, str]:
    kind = {"certificate": "cert"}.get(item["type"], item["type"])
    version = {"objectVersion": item["version"]} if item.get("version") else {}
    return {"objectName": item["name"], "objectType": kind, "objectAlias": variable, **version}
