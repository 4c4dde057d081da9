"""Delivery by the Vault Agent injector: annotations, and a service account token for the agent."""

import pulumi
import pulumi_kubernetes as kubernetes

from ..backend import Grant
from ..delivery import AgentInjector
from ..workload import Workload
from .agent_annotations import CA_FILE, TOKEN_VOLUME, format_agent_annotations
from .pod_parts import PodParts

INJECTED = {"strongroom/delivery": "agent-injector"}
"""The label of the pods that the installed injector looks at."""

_TOKEN_LIFE = 3600
"""Seconds. Kubelet renews the token in time."""


def inject_agent(workload: Workload, delivery: AgentInjector, grant: Grant, opts: pulumi.ResourceOptions) -> PodParts:
    """Build the annotations that have an agent injected which logs in as the workload and writes its files.

    The token is mounted in the agent alone, and bears the audience that the workload's role wants; the containers get
    the files. The policy stays what it is: an agent that may not renew its token logs in again.
    (Vault docs: "Vault Agent Injector annotations")

    :param opts: Of the Secret with the CA of Vault's certificate, if the agent needs one.
    """
    authority = _declare_authority(workload, grant.certificate_authority, opts) if grant.certificate_authority else None
    token = {"audience": grant.audience, "expirationSeconds": _TOKEN_LIFE, "path": "token"}
    return PodParts(
        volumes=[{"name": TOKEN_VOLUME, "projected": {"sources": [{"serviceAccountToken": token}]}}],
        labels=INJECTED,
        annotations=pulumi.Output.all(**grant.parameters).apply(
            lambda parameters: format_agent_annotations(
                workload, delivery, parameters, _name_ca(workload) if authority else None
            )
        ),
        requires=[authority] if authority else [],
    )


def _declare_authority(
    workload: Workload, certificate: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> pulumi.Resource:
    # A Secret, though it holds none: the injector mounts nothing else.
    return kubernetes.core.v1.Secret(
        f"{workload.path}-vault-ca",
        metadata={"name": _name_ca(workload), "namespace": workload.namespace},
        string_data={CA_FILE: certificate},
        opts=opts,
    )


def _name_ca(workload: Workload) -> str:
    return f"{workload.name}-vault-ca"
