"""Whether the cluster has a CSI driver already, asked before anything is created."""
# pyright: reportUnknownMemberType=false
# The kubernetes client types its models and little else.

from dataclasses import dataclass
from typing import Any

import pulumi
import urllib3
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from strongroom.components.kubernetes.csi_volume import ADDON, DRIVER

from ..errors import ValidationIssue
from ..settings.kubernetes import KubernetesSettings

_KEY = ("kubernetes", "install")

_TIMEOUT = 10
"""Seconds."""


@dataclass(frozen=True)
class _Installed:
    release: str | None
    """The Helm release that it is of, as `namespace/name`, where it is of one."""

    addon: bool
    """Whether it is the AKS add-on's."""


def find_conflicts(kubernetes: KubernetesSettings, release: str) -> list[ValidationIssue]:
    """Find the driver beside which a stack is to install another, which would break both.

    Where the cluster can't be asked, as where the stack makes it, nothing is reported here.

    :param kubernetes: The cluster.
    :param release: The stack's own release of the driver, as `namespace/name`.
    """
    if kubernetes.aks and not kubernetes.kubeconfig and not kubernetes.context:
        return []  # the kubeconfig comes from Azure
    try:
        found = _find_installed(kubernetes)
    except (config.ConfigException, ApiException, OSError, urllib3.exceptions.HTTPError) as error:
        pulumi.log.debug(f"whether the cluster has a CSI driver was not found out: {type(error).__name__}")
        return []
    if found is None or found.release == release or (kubernetes.install == "addon" and not found.release):
        return []
    whose = "the AKS add-on" if found.addon else f"the Helm release {found.release}" if found.release else "somebody"
    instead = "'addon'" if found.addon else "'existing'"
    return [
        ValidationIssue(
            _KEY,
            f"is {kubernetes.install!r}, and the cluster has the Secrets Store CSI driver of {whose} already: two of "
            f"them break each other, so use {instead}, or remove that one first",
        )
    ]


def _find_installed(kubernetes: KubernetesSettings) -> _Installed | None:
    settings = client.Configuration()
    config.load_kube_config(kubernetes.kubeconfig, kubernetes.context, client_configuration=settings)
    settings.retries = 1  # pyright: ignore[reportAttributeAccessIssue] - untyped there
    with client.ApiClient(settings) as api:
        drivers: Any = client.StorageV1Api(api).list_csi_driver(
            field_selector=f"metadata.name={DRIVER}", _request_timeout=_TIMEOUT
        )
        if not drivers.items:
            return None
        annotations: dict[str, str] = drivers.items[0].metadata.annotations or {}
        name = annotations.get("meta.helm.sh/release-name")
        owned: Any = client.AppsV1Api(api).list_namespaced_daemon_set(
            "kube-system", field_selector=f"metadata.name={ADDON}", _request_timeout=_TIMEOUT
        )
        return _Installed(
            f"{annotations.get('meta.helm.sh/release-namespace')}/{name}" if name else None, bool(owned.items)
        )
