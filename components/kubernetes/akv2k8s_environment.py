"""Delivery by akv2k8s: AzureKeyVaultSecrets, and environment variables that name them."""

import hashlib
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from ..azure.objects import VaultObject, find_vault_object
from ..backend import Grant
from ..delivery import KEY_VAULT_MARK
from ..workload import Secret, Workload
from .pod_parts import PodParts

_TYPES = {"secrets": "secret", "certificates": "certificate"}


def inject_akv2k8s_variables(workload: Workload, grant: Grant, opts: pulumi.ResourceOptions) -> PodParts:
    """Declare the AzureKeyVaultSecrets of `workload`, and the variables that have the env injector read them.

    They have no output, so that nothing becomes a Kubernetes Secret. The injected program reads them from the
    Kubernetes API, and so the pod has a token for it. (akv2k8s docs: "Reference", "The Env Injector")

    :param opts: Of the AzureKeyVaultSecrets.
    """
    wanted = {_name_object(workload, secret): secret for secret in workload.secrets}
    vault = grant.parameters["keyvaultName"]
    made = [_declare_resource(workload, name, secret, vault, opts) for name, secret in wanted.items()]
    return PodParts(
        environment=[
            *(
                {"name": secret.env, "value": f"{_name_object(workload, secret)}{KEY_VAULT_MARK}"}
                for secret in workload.secrets
            ),
            *_build_cloud(grant.parameters),
        ],
        # The variables name no vault.
        annotations=pulumi.Output.from_input(vault).apply(lambda name: {"strongroom/parameters": name}),
        api_token=True,
        requires=made,
    )


def _declare_resource(
    workload: Workload, name: str, secret: Secret, vault: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> pulumi.Resource:
    item = find_vault_object(secret)
    version = {"version": secret.version} if secret.version else {}
    return CustomResource(  # pyright: ignore[reportUnknownMemberType] - the SDK leaves two legacy parameters untyped
        f"{workload.namespace}/{name}",
        api_version="spv.no/v2beta1",
        kind="AzureKeyVaultSecret",
        metadata={
            "name": name,
            "namespace": workload.namespace,
            "annotations": {"pulumi.com/patchForce": "true"},
        },
        spec={"vault": {"name": vault, "object": {"name": item.name, "type": _TYPES[item.kind], **version}}},
        opts=opts,
    )


def _name_object(workload: Workload, secret: Secret) -> str:
    """Build a name that no other workload's object has: `a` and `b-c` never meet `a-b` and `c`."""
    item: VaultObject = find_vault_object(secret)
    whole = "/".join((workload.name, item.kind, item.name, secret.version or ""))
    return f"{workload.name}-{item.name.lower()}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def _build_cloud(parameters: Mapping[str, pulumi.Input[str]]) -> list[Any]:
    return [{"name": "AZURE_ENVIRONMENT", "value": parameters["cloudName"]}] if "cloudName" in parameters else []
