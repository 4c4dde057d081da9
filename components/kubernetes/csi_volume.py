"""Delivery by the Secrets Store CSI driver: a volume, and a Kubernetes Secret where one is wanted."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import pulumi

from ..backend import Grant
from ..workload import Workload
from .pod_parts import PodParts
from .secret_provider_class import SecretProviderClass, SecretProviderClassArgs, list_synced_objects, name_synced_secret

DRIVER = "secrets-store.csi.k8s.io"
ADDON = "aks-secrets-store-csi-driver"
"""The driver's DaemonSet that the AKS add-on brings. (Microsoft Learn: "Use the Azure Key Vault provider for Secrets
Store CSI Driver in an Azure Kubernetes Service (AKS) cluster")"""

_VOLUME = "secrets-store"


def declare_csi_volume(workload: Workload, grant: Grant, opts: pulumi.ResourceOptions) -> PodParts:
    """Declare the class of `workload`, and the volume that mounts it.

    Each container mounts it, also where only the Kubernetes Secret is wanted: kubelet sets up no volume that no
    container mounts, and the driver makes the Secret when it sets the volume up. (Secrets Store CSI Driver docs: "Sync
    as Kubernetes Secret")

    :param opts: Of the class.
    """
    provider_class = SecretProviderClass(
        workload.path, SecretProviderClassArgs(workload=workload, grant=grant), opts=opts
    )
    return PodParts(
        volumes=[_build_volume(workload, grant)],
        mounts=[
            {"name": _VOLUME, "mountPath": workload.mount_path, "readOnly": True},
            *(
                {"name": _VOLUME, "mountPath": secret.mount_path, "subPath": secret.file, "readOnly": True}
                for secret in workload.secrets
                if secret.mount_path
            ),
        ],
        environment=[
            {
                "name": secret.env,
                "valueFrom": {"secretKeyRef": {"name": name_synced_secret(workload), "key": secret.name}},
            }
            for secret in workload.secrets
            if secret.env
        ],
        annotations=pulumi.Output.all(**grant.parameters).apply(
            lambda parameters: {"strongroom/parameters": _compute_digest(parameters, list_synced_objects(workload))}
        ),
        reloading=_build_reloading(workload),
        requires=[provider_class],
    )


def _build_reloading(workload: Workload) -> dict[str, str]:
    """Build Reloader's annotations: for the Kubernetes Secret that variables come from, and for the files.

    The driver writes the files first and the Secret later, so pods are replaced twice if some secrets are files alone.
    (Reloader docs: "Annotation Reference"; its setting `enableCSIIntegration`)
    """
    found: dict[str, str] = {}
    whole = workload.delivery.kind == "kubernetes-secret"
    if whole or any(secret.env for secret in workload.secrets):
        found["secret.reloader.stakater.com/reload"] = name_synced_secret(workload)
    if not whole and not all(secret.env for secret in workload.secrets):
        found["secretproviderclass.reloader.stakater.com/reload"] = workload.name
    return found


def _build_volume(workload: Workload, grant: Grant) -> Any:
    credentials = {"nodePublishSecretRef": {"name": grant.node_publish_secret}} if grant.node_publish_secret else {}
    return {
        "name": _VOLUME,
        "csi": {
            "driver": DRIVER,
            "readOnly": True,
            "volumeAttributes": {"secretProviderClass": workload.name},
            **credentials,
        },
    }


def _compute_digest(parameters: Mapping[str, str], synced: Mapping[str, object]) -> str:
    # The driver looks at a changed Secret minutes later, and rolls no pod. (Secrets Store CSI Driver 1.6.0)
    whole = {**parameters, **synced}
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:16]
