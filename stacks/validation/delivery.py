"""Rules between a workload's delivery and everything else."""

from collections.abc import Iterator, Mapping
from typing import Any

from strongroom.components.delivery import check_secret_type, misfit, undeliverable
from strongroom.components.workload import ONE_OF_IMAGES

from ..errors import Fault, Location
from ..settings.raw import entries, known, mapping

Raw = Mapping[str, Any]


def rules(raw: Raw) -> Iterator[Fault]:
    """What is wrong between the keys of `raw`."""
    store = mapping(raw.get("backend")).get("kind")
    for number, workload in entries(raw.get("workloads")):
        if (workload.get("image") is None) == (workload.get("images") is None):
            yield Fault(("workloads", number), ONE_OF_IMAGES)
        delivery = workload.get("delivery", "csi")
        kind = delivery if isinstance(delivery, str) else mapping(delivery).get("kind")
        if not isinstance(kind, str) or not isinstance(store, str):
            continue
        place: Location = ("workloads", number)
        if fault := misfit(kind, store):
            yield Fault((*place, "delivery"), fault)
            continue
        for index, secret in entries(workload.get("secrets")):
            if secret and (fault := undeliverable(kind, known(secret))):
                yield Fault((*place, "secrets", index), fault)
        yield from _options(mapping(delivery), workload, place)
        if kind == "akv2k8s":
            yield from _akv2k8s(raw, place)
    yield from _one_place(raw)


def _options(delivery: Raw, workload: Raw, place: Location) -> Iterator[Fault]:
    secrets = [known(secret) for _, secret in entries(workload.get("secrets"))]
    if fault := check_secret_type(str(delivery.get("type")), secrets):
        yield Fault((*place, "delivery", "type"), fault)
    if delivery.get("mode") == "init" and "renderInterval" in delivery:
        yield Fault(
            (*place, "delivery", "renderInterval"), "goes with mode 'sidecar' only: with 'init' nothing is reread"
        )


def _one_place(raw: Raw) -> Iterator[Fault]:
    """Two workloads whose values the driver would copy to one Kubernetes Secret."""
    first: dict[tuple[str, str], tuple[int, object]] = {}
    for number, workload in entries(raw.get("workloads")):
        own, namespace, name = workload.get("name"), workload.get("namespace"), _copied_to(workload)
        if not isinstance(own, str) or not isinstance(namespace, str) or name is None:
            continue
        owner, same = first.setdefault((namespace, name), (number, own))
        # A workload that is there twice is told of as that.
        if owner != number and own != same:
            yield Fault(
                ("workloads", number, "delivery"),
                f"would fill the Kubernetes Secret {name!r}, as workloads[{owner}] does: give it another secretName",
            )


def _copied_to(workload: Raw) -> str | None:
    delivery, own = workload.get("delivery", "csi"), workload.get("name")
    kind = delivery if isinstance(delivery, str) else mapping(delivery).get("kind")
    if kind == "kubernetes-secret":
        return str(mapping(delivery).get("secretName") or f"{own}-secrets")
    if kind == "csi" and any(secret.get("env") is not None for _, secret in entries(workload.get("secrets"))):
        return f"{own}-env"
    return None


def _akv2k8s(raw: Raw, place: Location) -> Iterator[Fault]:
    backend, kubernetes = mapping(raw.get("backend")), mapping(raw.get("kubernetes"))
    mode = mapping(backend.get("identity")).get("mode", "workload-identity")
    if isinstance(mode, str) and mode != "service-principal":
        yield Fault(
            (*place, "delivery"),
            f"'akv2k8s' reads as one service principal, and backend.identity.mode is {mode!r}: set it to "
            "'service-principal', or use delivery 'csi'",
        )
    if backend.get("cloud") == "AzureStackCloud":
        yield Fault((*place, "delivery"), "'akv2k8s' knows no custom cloud, and backend.cloud is 'AzureStackCloud'")
    install = kubernetes.get("install", "existing")
    if install == "addon":
        yield Fault((*place, "delivery"), "'akv2k8s' is for clusters outside AKS, and kubernetes.install is 'addon'")
