"""Rules between a workload's delivery and everything else."""

from collections.abc import Iterator

from strongroom.components.cross_checks import Location, skip_invalid
from strongroom.components.delivery import Csi, KubernetesSecret, check_deliverable, check_store, check_synced_secrets
from strongroom.components.workload import Workload

from ..errors import ValidationIssue
from ..settings.azure import AzureKeyVaultSettings
from ..settings.root import Settings
from .secrets import find_second_claims, list_secrets_of, list_workloads


def check_deliveries(settings: Settings) -> Iterator[ValidationIssue]:
    """Check the workloads' deliveries against everything else."""
    for location, workload in list_workloads(settings):
        yield from _check_delivery(settings, location, workload)
    yield from _check_secret_names(settings)


@skip_invalid
def _check_delivery(settings: Settings, location: Location, workload: Workload) -> Iterator[ValidationIssue]:
    kind = workload.delivery.kind
    if problem := check_store(kind, settings.backend.kind):
        yield ValidationIssue((*location, "delivery"), problem)
        return
    for index, secret in enumerate(list_secrets_of(workload)):
        if problem := check_deliverable(kind, secret):
            yield ValidationIssue((*location, "secrets", index), f"This secret {problem}")
    yield from _check_synced(location, workload)
    if kind == "akv2k8s" and isinstance(settings.backend, AzureKeyVaultSettings):
        place = (*location, "delivery")
        yield from _check_akv2k8s_identity(settings.backend, place)
        yield from _check_akv2k8s_cluster(settings, settings.backend, place)


@skip_invalid
def _check_synced(location: Location, workload: Workload) -> Iterator[ValidationIssue]:
    valid = workload.model_copy(update={"secrets": [*list_secrets_of(workload)]})
    for place, problem in check_synced_secrets(valid):
        yield ValidationIssue((*location, "delivery", *place), problem)


def _check_secret_names(settings: Settings) -> Iterator[ValidationIssue]:
    """Check that the driver copies no two workloads' values to one Kubernetes Secret."""
    for location, secret, owner in find_second_claims(settings, _list_secrets_made):
        name = secret.rpartition("/")[2]
        yield ValidationIssue(
            (*location, "delivery"),
            f"This delivery would fill the Kubernetes Secret {name!r}, as that of workloads[{owner}] does: "
            "use another name",
        )


@skip_invalid
def _list_secrets_made(workload: Workload) -> Iterator[tuple[str, str]]:
    """List the Kubernetes Secrets that a workload's delivery makes, each with the workload's path."""
    path, delivery = workload.path, workload.delivery
    if isinstance(delivery, KubernetesSecret):
        yield path, f"{workload.namespace}/{delivery.secret_name or f'{workload.name}-secrets'}"
    if isinstance(delivery, Csi):
        if any(secret.env is not None for secret in list_secrets_of(workload)):
            yield path, f"{path}-env"
        for synced in delivery.synced_secrets:
            yield path, f"{workload.namespace}/{synced.name}"


@skip_invalid
def _check_akv2k8s_identity(azure: AzureKeyVaultSettings, place: Location) -> Iterator[ValidationIssue]:
    if azure.identity.mode != "service-principal":
        yield ValidationIssue(
            place,
            f"'akv2k8s' reads as one service principal, and backend.identity.mode is {azure.identity.mode!r}: set it "
            "to 'service-principal', or use delivery 'csi'",
        )


@skip_invalid
def _check_akv2k8s_cluster(
    settings: Settings, azure: AzureKeyVaultSettings, place: Location
) -> Iterator[ValidationIssue]:
    if azure.cloud == "AzureStackCloud":
        yield ValidationIssue(place, "'akv2k8s' supports no custom cloud, and backend.cloud is 'AzureStackCloud'")
    if settings.kubernetes.install == "addon":
        yield ValidationIssue(place, "'akv2k8s' is for clusters outside AKS, and kubernetes.install is 'addon'")
