"""The gate before a pod: Azure takes seconds to minutes until a federated credential and a role take effect."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, UpdateResult
from typing_extensions import override

from ..dynamic_providers import StableProvider
from .clouds import Cloud

# What serves dynamic resources loads this module in each preview: it needs no SDK of Azure's.
if TYPE_CHECKING:
    from .identities.base import Federation
    from .objects import VaultObject


class Provider(StableProvider):
    """Waits until a workload can read its secrets."""

    stable_name = "azure-access"

    @override
    def create(self, props: dict[str, Any]) -> CreateResult:
        _wait(props)
        return CreateResult(f"{props['namespace']}/{props['serviceAccount']}", props)

    @override
    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        unwatched = {"__provider", "kubeconfig", "context", "timeout", "issuer"}
        watched = [key for key in _news if key not in unwatched]
        return DiffResult(changes=any(_olds.get(key) != _news[key] for key in watched))

    @override
    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        _wait(_news)
        return UpdateResult(_news)


class AccessReady(Resource, module="strongroom", name="AccessReady"):
    """Exists once a workload's service account token opens every object that the workload declares.

    It asks for a token of the service account, as the driver will, exchanges it at Microsoft Entra ID, and asks the
    vault for each object: secrets by their list of versions, so that no value is read where roles decide. Nothing is
    kept. It gives up after `timeout`. (Microsoft Learn: "Important considerations and restrictions for federated
    identity credentials", "Troubleshoot Azure RBAC")
    """

    def __init__(
        self,
        name: str,
        *,
        federation: "Federation",
        client_id: pulumi.Input[str],
        tenant_id: str,
        cloud: Cloud,
        vault_url: str,
        objects: "Sequence[VaultObject]",
        by_value: bool,
        kubeconfig: pulumi.Input[str] | None,
        context: str | None,
        timeout: int,
        granted: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the wait, which runs when the resource is created or updated.

        :param name: Its name in the stack.
        :param federation: What ties the service account to the identity.
        :param client_id: The identity's client id.
        :param tenant_id: The Microsoft Entra tenant.
        :param cloud: The cloud.
        :param vault_url: The vault's URL.
        :param objects: What must be readable.
        :param by_value: Read secrets themselves, where a policy allows nothing else.
        :param kubeconfig: The cluster's kubeconfig: a file, or its text; defaults to the user's own.
        :param context: Its context.
        :param timeout: How long to wait, in seconds.
        :param granted: What lets the workload read; a change of it is waited for again.
        """
        super().__init__(
            Provider(),
            name,
            {
                "namespace": federation.namespace,
                "serviceAccount": federation.service_account,
                "audience": federation.audience,
                "issuer": federation.issuer,
                "clientId": client_id,
                "tenantId": tenant_id,
                "authority": cloud.authority,
                "vaultUrl": vault_url,
                "objects": [f"{item.kind}/{item.name}" for item in objects],
                "byValue": by_value,
                "kubeconfig": kubeconfig,
                "context": context,
                "timeout": timeout,
                "granted": [resource.urn for resource in granted],
            },
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=list(granted))),
        )


def _wait(props: Mapping[str, Any]) -> None:
    # Imported here: previews need none of Azure's clients.
    from .access_probe import wait  # noqa: PLC0415

    wait(props)
