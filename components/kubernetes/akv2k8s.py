"""akv2k8s, its env injector alone."""

from collections.abc import Sequence
from typing import Annotated

import pulumi
from pulumi_kubernetes.core.v1 import Secret

from ..args import Args, Input
from ..azure.clouds import PUBLIC, CloudName
from ..azure.types import Guid
from ..field_types import SECRET, DnsLabel
from ..helm.charts import AKV2K8S, Chart
from ..helm.release import PlannedRelease, declare_release
from .csi_driver import NAMESPACE

NAMESPACE_LABEL = {"azure-key-vault-env-injection": "enabled"}
"""The label of the namespaces that the env injector looks at."""

_USER = 65532
_INIT_CONTAINER = "WEBHOOK_CONTAINER_SECURITY_CONTEXT_"


class Principal(Args):
    """A service principal."""

    tenant_id: Guid
    """Its Microsoft Entra tenant."""

    client_id: Guid
    """Its application's id."""

    secret: Annotated[Input[str], SECRET]
    """Its password."""


class Akv2k8sEnvInjectorArgs(Args):
    """The arguments of an `Akv2k8sEnvInjector`."""

    credentials: DnsLabel
    """The Secret, in `namespace`, with `AZURE_TENANT_ID`, `AZURE_CLIENT_ID` and `AZURE_CLIENT_SECRET`."""

    readers: Sequence[tuple[DnsLabel, DnsLabel]]
    """Namespace and service account of each workload that it serves."""

    principal: Principal | None = None
    """The service principal to make that Secret of; if omitted, the Secret must exist."""

    cloud: CloudName = PUBLIC.name
    """The cloud."""

    namespace: DnsLabel = NAMESPACE
    """The namespace that it is installed in; it must exist."""

    chart: Chart = AKV2K8S
    """The chart; another repository for a mirror."""


def plan_akv2k8s_release(name: str, args: Akv2k8sEnvInjectorArgs) -> PlannedRelease:
    """Plan the release that `Akv2k8sEnvInjector` makes."""
    return PlannedRelease(
        name,
        args.chart,
        args.namespace,
        {
            # The chart would give rights to a controller that isn't installed.
            "global": {"keyVaultAuth": "environment", "rbac": {"create": False}},
            # The controller makes Kubernetes Secrets, and nothing here wants one.
            "controller": {"enabled": False},
            "env_injector": {
                "rbac": {"create": True},
                "envFromSecret": [{"name": args.credentials}],
                # What it puts into pods must be admitted where the restricted Pod Security Standard is enforced.
                "env": {
                    f"{_INIT_CONTAINER}PRIVILEGED": "false",
                    f"{_INIT_CONTAINER}ALLOW_PRIVILEGE_ESCALATION": "false",
                    f"{_INIT_CONTAINER}NON_ROOT": "true",
                    f"{_INIT_CONTAINER}READ_ONLY": "true",
                    f"{_INIT_CONTAINER}SECCOMP_RUNTIME_DEFAULT": "true",
                    f"{_INIT_CONTAINER}USER_UID": str(_USER),
                    f"{_INIT_CONTAINER}GROUP_GID": str(_USER),
                },
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "runAsNonRoot": True,
                    "runAsUser": _USER,
                    "capabilities": {"drop": ["ALL"]},
                },
                # The chart's default lets every service account of the cluster read AzureKeyVaultSecrets.
                "rbacSubjects": [
                    {"kind": "ServiceAccount", "namespace": place, "name": account}
                    for place, account in sorted(set(args.readers))
                ],
            },
        },
    )


class Akv2k8sEnvInjector(pulumi.ComponentResource):
    """The env injector of akv2k8s, by its Helm chart: it fills containers' environment from Key Vault as they start.

    It reads as one service principal for every pod, and hands that principal's token to each: a workload can read what
    any of them declares. (akv2k8s docs: "Installation on Kubernetes outside of Azure", "Authentication with Azure Key
    Vault")
    """

    def __init__(self, name: str, args: Akv2k8sEnvInjectorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the chart's release.

        :param name: The component's name in the stack, and of the release.
        :param args: Its arguments.
        :raises ChartError: The chart's file is not that chart, or the values don't fit it.
        """
        super().__init__("strongroom:index:Akv2k8sEnvInjector", name, None, opts)
        made: list[pulumi.Resource] = []
        if (principal := args.principal) is not None:
            made.append(
                Secret(
                    name,
                    metadata={"name": args.credentials, "namespace": args.namespace},
                    string_data={
                        "AZURE_TENANT_ID": principal.tenant_id,
                        "AZURE_CLIENT_ID": principal.client_id,
                        "AZURE_CLIENT_SECRET": pulumi.Output.secret(principal.secret),
                        **({} if args.cloud == PUBLIC.name else {"AZURE_ENVIRONMENT": args.cloud}),
                    },
                    opts=pulumi.ResourceOptions(parent=self, additional_secret_outputs=["data", "stringData"]),
                )
            )
        declare_release(plan_akv2k8s_release(name, args), pulumi.ResourceOptions(parent=self, depends_on=made))
        self.register_outputs({})
