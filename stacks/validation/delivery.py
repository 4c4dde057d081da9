"""Rules between a workload's delivery and everything else."""

from collections.abc import Iterator, Mapping
from typing import Any

from strongroom.components.delivery import check_secret_type, misfit, undeliverable
from strongroom.components.workload import ONE_OF_IMAGES

from ..errors import Location, ValidationIssue
from ..settings.raw import as_mapping, drop_invalid_options, iterate_mappings

Raw = Mapping[str, Any]


def check_deliveries(raw: Raw) -> Iterator[ValidationIssue]:
    """Check the deliveries in `raw` against everything else."""
    store = as_mapping(raw.get("backend")).get("kind")
    for number, workload in iterate_mappings(raw.get("workloads")):
        if (workload.get("image") is None) == (workload.get("images") is None):
            yield ValidationIssue(("workloads", number), f"This workload {ONE_OF_IMAGES}")
        delivery = workload.get("delivery", "csi")
        kind = delivery if isinstance(delivery, str) else as_mapping(delivery).get("kind")
        if not isinstance(kind, str) or not isinstance(store, str):
            continue
        place: Location = ("workloads", number)
        if problem := misfit(kind, store):
            yield ValidationIssue((*place, "delivery"), problem)
            continue
        for index, secret in iterate_mappings(workload.get("secrets")):
            if secret and (problem := undeliverable(kind, drop_invalid_options(secret))):
                yield ValidationIssue((*place, "secrets", index), f"This secret {problem}")
        yield from _check_options(as_mapping(delivery), workload, place)
        if kind == "akv2k8s":
            yield from _check_akv2k8s(raw, place)
    yield from _check_secret_names(raw)


def _check_options(delivery: Raw, workload: Raw, place: Location) -> Iterator[ValidationIssue]:
    secrets = [drop_invalid_options(secret) for _, secret in iterate_mappings(workload.get("secrets"))]
    if problem := check_secret_type(str(delivery.get("type")), secrets):
        yield ValidationIssue((*place, "delivery", "type"), problem)
    if delivery.get("mode") == "init" and "renderInterval" in delivery:
        yield ValidationIssue(
            (*place, "delivery", "renderInterval"),
            "This setting is allowed with mode 'sidecar' only: with 'init' secrets are read once",
        )


def _check_secret_names(raw: Raw) -> Iterator[ValidationIssue]:
    """Check that the driver copies no two workloads' values to one Kubernetes Secret."""
    first: dict[tuple[str, str], tuple[int, object]] = {}
    for number, workload in iterate_mappings(raw.get("workloads")):
        own, namespace, name = workload.get("name"), workload.get("namespace"), _find_secret_name(workload)
        if not isinstance(own, str) or not isinstance(namespace, str) or name is None:
            continue
        owner, same = first.setdefault((namespace, name), (number, own))
        # A workload that is declared twice is reported as that.
        if owner != number and own != same:
            yield ValidationIssue(
                ("workloads", number, "delivery"),
                f"This delivery would fill the Kubernetes Secret {name!r}, as that of workloads[{owner}] does: "
                "use another secretName",
            )


def _find_secret_name(workload: Raw) -> str | None:
    delivery, own = workload.get("delivery", "csi"), workload.get("name")
    kind = delivery if isinstance(delivery, str) else as_mapping(delivery).get("kind")
    if kind == "kubernetes-secret":
        return str(as_mapping(delivery).get("secretName") or f"{own}-secrets")
    if kind == "csi" and any(secret.get("env") is not None for _, secret in iterate_mappings(workload.get("secrets"))):
        return f"{own}-env"
    return None


def _check_akv2k8s(raw: Raw, place: Location) -> Iterator[ValidationIssue]:
    backend, kubernetes = as_mapping(raw.get("backend")), as_mapping(raw.get("kubernetes"))
    mode = as_mapping(backend.get("identity")).get("mode", "workload-identity")
    if isinstance(mode, str) and mode != "service-principal":
        yield ValidationIssue(
            (*place, "delivery"),
            f"'akv2k8s' reads as one service principal, and backend.identity.mode is {mode!r}: set it to "
            "'service-principal', or use delivery 'csi'",
        )
    if backend.get("cloud") == "AzureStackCloud":
        yield ValidationIssue(
            (*place, "delivery"), "'akv2k8s' supports no custom cloud, and backend.cloud is 'AzureStackCloud'"
        )
    install = kubernetes.get("install", "existing")
    if install == "addon":
        yield ValidationIssue(
            (*place, "delivery"), "'akv2k8s' is for clusters outside AKS, and kubernetes.install is 'addon'"
        )
