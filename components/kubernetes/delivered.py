"""From a workload's delivery to the parts of its pods."""

import pulumi

from ..backend import Grant
from ..delivery import AgentInjector, Akv2k8s, check_deliverable, check_store, check_synced_secrets, list_dynamic_issues
from ..errors import InvalidArgumentsError
from ..workload import Workload
from .agent_injection import inject_agent
from .akv2k8s_environment import inject_akv2k8s_variables
from .csi_volume import declare_csi_volume
from .pod_parts import PodParts

_STORES = {"vault": "vault", "azure": "azure-key-vault"}


def declare_delivery(workload: Workload, grant: Grant, opts: pulumi.ResourceOptions) -> PodParts:
    """Declare what brings the secrets of `workload` into its pods.

    :param opts: Of what is made for it.
    :raises InvalidArgumentsError: The delivery can't bring one of them, or nothing from this store.
    """
    delivery = workload.delivery
    if issue := check_store(delivery.kind, _STORES[grant.provider]):
        raise InvalidArgumentsError(f"{workload.path}: delivery {issue}")
    for secret in workload.secrets:
        if issue := check_deliverable(delivery.kind, secret):
            raise InvalidArgumentsError(f"{workload.path}: secret {secret.name!r} {issue}")
    for (field, number, *_), issue in list_dynamic_issues(workload):
        raise InvalidArgumentsError(f"{workload.path}: {field}[{number}]: {issue}")
    for _, issue in check_synced_secrets(workload):
        raise InvalidArgumentsError(f"{workload.path}: delivery {issue}")
    match delivery:
        case AgentInjector():
            return inject_agent(workload, delivery, grant, opts)
        case Akv2k8s():
            return inject_akv2k8s_variables(workload, grant, opts)
        case _:
            return declare_csi_volume(workload, grant, opts)
