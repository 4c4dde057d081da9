"""SecretProviderClass: the files that the CSI driver mounts, and the store that it asks."""

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pydantic import InstanceOf

from ..args import Args
from ..backend import Grant
from ..delivery import Csi, KubernetesSecret, SyncedSecret
from ..workload import Workload


class SecretProviderClassArgs(Args):
    """The arguments of a `SecretProviderClass`."""

    workload: Workload
    """What the workload declares; the class bears its name."""

    grant: InstanceOf[Grant]
    """What its backend granted."""


class SecretProviderClass(CustomResource):
    """The SecretProviderClass of one workload.

    It has a synced Kubernetes Secret if its delivery or an environment variable asks for one.
    (Secrets Store CSI Driver docs: "Sync as Kubernetes Secret")
    """

    def __init__(self, name: str, args: SecretProviderClassArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the class.

        :param name: Its name in the stack; in the cluster it bears the workload's.
        :param args: Its arguments.
        """
        workload, grant = args.workload, args.grant
        super().__init__(  # pyright: ignore[reportUnknownMemberType] - the SDK leaves two legacy parameters untyped
            name,
            api_version="secrets-store.csi.x-k8s.io/v1",
            kind="SecretProviderClass",
            metadata={
                "name": workload.name,
                "namespace": workload.namespace,
                # What was edited by hand is taken back, rather than reported as a conflict of field managers.
                "annotations": {"pulumi.com/patchForce": "true"},
            },
            spec={"provider": grant.provider, "parameters": dict(grant.parameters), **list_synced_objects(workload)},
            opts=opts,
        )


def name_synced_secret(workload: Workload) -> str:
    """Return the name of the Kubernetes Secret that the driver keeps in sync.

    The delivery `kubernetes-secret` is for it, and otherwise environment variables come from it.
    """
    delivery = workload.delivery
    if isinstance(delivery, KubernetesSecret):
        return delivery.secret_name or f"{workload.name}-secrets"
    return f"{workload.name}-env"


def list_synced_objects(workload: Workload) -> dict[str, object]:
    """Build what the class says of the Kubernetes Secrets to keep in sync: nothing where there is none."""
    delivery = workload.delivery
    whole = isinstance(delivery, KubernetesSecret)
    files = {secret.name: secret.file for secret in workload.mounted}
    data = {secret.name: secret.name for secret in workload.mounted if whole or secret.env}
    made: list[SyncedSecret] = []
    if data and isinstance(delivery, Csi | KubernetesSecret):
        made.append(
            SyncedSecret(
                name=name_synced_secret(workload),
                type=delivery.type if whole else "Opaque",
                labels=delivery.labels,
                annotations=delivery.annotations,
                data=data,
            )
        )
    made += delivery.synced_secrets if isinstance(delivery, Csi) else ()
    return {"secretObjects": [_build_synced(each, files) for each in made]} if made else {}


def _build_synced(secret: SyncedSecret, files: Mapping[str, str]) -> dict[str, object]:
    metadata = {"labels": dict(secret.labels), "annotations": dict(secret.annotations)}
    return {
        "secretName": secret.name,
        "type": secret.type,
        **{name: entries for name, entries in metadata.items() if entries},
        "data": [{"objectName": files[name], "key": key} for key, name in secret.data.items()],
    }
