"""What the cluster says of a workload's delivery, in the words of a SecretProviderClass whatever the delivery."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import yaml

from strongroom.components.delivery import KEY_VAULT_MARK
from strongroom.components.kubernetes.agent_annotations import class_parameters, token_volume

from ..errors import OpsError
from ..pulumi.stack import DeployedStack, DeployedWorkload, KeyVaultStore
from .client import ProviderClass
from .pod_template import PodTemplate


class Documents(Protocol):
    """Where the documents of a delivery are read: the cluster, or the state of the stack that deployed them."""

    def provider_class(self, namespace: str, name: str) -> ProviderClass:
        """Read a SecretProviderClass."""
        ...

    def pod_template(self, namespace: str, name: str, controller: Literal["Deployment", "Pod"]) -> PodTemplate:
        """Read what a workload's pods are made from."""
        ...

    def key_vault_secret(self, namespace: str, name: str) -> Mapping[str, Any]:
        """Read which vault and object an AzureKeyVaultSecret names."""
        ...


@dataclass(frozen=True)
class Delivered:
    """What a workload will be brought, and how it asks for it."""

    provider_class: ProviderClass
    """What is read, and as whom."""

    audience: str
    """Of the service account token that is used; empty where none is."""

    promise: str
    """Who promises what, e.g. `its class promises its files`."""

    declared: frozenset[str]
    """What must be promised."""

    copies: frozenset[str] | None = None
    """The keys of the Kubernetes Secret that is made of it, where one is what the delivery is for."""


def delivered(documents: Documents, stack: DeployedStack, workload: DeployedWorkload) -> Delivered:
    """The delivery of `workload`, as it stands in the cluster, or as it was deployed.

    :param documents: The cluster, or the stack's state.
    :raises OpsError: Something of it is missing, or isn't as Strongroom makes it.
    """
    ways: dict[str, Callable[[Documents, DeployedStack, DeployedWorkload], Delivered]] = {
        "csi": _mounted,
        "kubernetes-secret": _copied,
        "agent-injector": _injected,
        "akv2k8s": _filled,
    }
    return ways[workload.delivery](documents, stack, workload)


def _mounted(documents: Documents, stack: DeployedStack, workload: DeployedWorkload) -> Delivered:
    found = documents.provider_class(workload.namespace, workload.secret_provider_class)
    return Delivered(found, stack.backend.audience, "its class promises its files", workload.names)


def _copied(documents: Documents, stack: DeployedStack, workload: DeployedWorkload) -> Delivered:
    mounted = _mounted(documents, stack, workload)
    copies = mounted.provider_class.copies
    return Delivered(mounted.provider_class, mounted.audience, mounted.promise, mounted.declared, copies)


def _injected(documents: Documents, stack: DeployedStack, workload: DeployedWorkload) -> Delivered:
    del stack
    template = _template(documents, workload)
    try:
        parameters = class_parameters(template.annotations)
    except ValueError as error:
        raise OpsError(f"{workload.controller} {workload.path} {error}") from None
    volume = token_volume(template.annotations)
    if volume not in template.audiences:
        raise OpsError(f"{workload.controller} {workload.path} has no volume {volume!r} with a token for the agent")
    found = ProviderClass("vault", parameters)
    return Delivered(found, template.audiences[volume], "its annotations promise its files", workload.names)


def _filled(documents: Documents, stack: DeployedStack, workload: DeployedWorkload) -> Delivered:
    template = _template(documents, workload)
    if not isinstance(stack.backend, KeyVaultStore):
        raise OpsError(f"{workload.path} has the delivery 'akv2k8s', and its stack no Key Vault")
    array: list[str] = []
    for variable, value in template.environment.items():
        if not value.endswith(KEY_VAULT_MARK):
            continue
        item = documents.key_vault_secret(workload.namespace, value.removesuffix(KEY_VAULT_MARK))
        if item["name"] != stack.backend.vault:
            raise OpsError(f"{variable} of {workload.path} is read from the vault {item['name']}, not from the stack's")
        array.append(yaml.safe_dump(_entry(variable, item["object"])))
    parameters = {"tenantID": stack.backend.tenant_id, "objects": yaml.safe_dump({"array": array})}
    return Delivered(
        ProviderClass("azure", parameters),
        "",
        "its AzureKeyVaultSecrets promise its variables",
        frozenset(secret.env for secret in workload.objects if secret.env),
    )


def _template(documents: Documents, workload: DeployedWorkload) -> PodTemplate:
    return documents.pod_template(workload.namespace, workload.name, workload.controller)


def _entry(variable: str, item: Mapping[str, str]) -> dict[str, str]:
    kind = {"certificate": "cert"}.get(item["type"], item["type"])
    version = {"objectVersion": item["version"]} if item.get("version") else {}
    return {"objectName": item["name"], "objectType": kind, "objectAlias": variable, **version}
