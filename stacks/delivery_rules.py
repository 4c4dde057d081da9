"""Rules between a workload's delivery and everything else."""

from collections.abc import Iterator, Mapping
from typing import Any

from components.delivery import SECRET_KEYS, misfit, undeliverable

from .faults import Fault, Location
from .raw import entries, mapping

Raw = Mapping[str, Any]


def rules(raw: Raw) -> Iterator[Fault]:
    """What is wrong between the keys of `raw`."""
    store = mapping(raw.get("backend")).get("kind")
    for number, workload in entries(raw.get("workloads")):
        delivery = workload.get("delivery", "csi")
        kind = delivery if isinstance(delivery, str) else mapping(delivery).get("kind")
        if not isinstance(kind, str) or not isinstance(store, str):
            continue
        place: Location = ("workloads", number)
        if fault := misfit(kind, store):
            yield Fault((*place, "delivery"), fault)
            continue
        for index, secret in entries(workload.get("secrets")):
            if secret and (fault := undeliverable(kind, secret)):
                yield Fault((*place, "secrets", index), fault)
        yield from _named(mapping(delivery), workload, place)
        if kind == "akv2k8s":
            yield from _akv2k8s(raw, place)


def _named(delivery: Raw, workload: Raw, place: Location) -> Iterator[Fault]:
    kind = delivery.get("type")
    wanted = SECRET_KEYS.get(kind, frozenset[str]()) if isinstance(kind, str) else frozenset[str]()
    names = {str(secret.get("name")) for _, secret in entries(workload.get("secrets"))}
    if missing := sorted(wanted - names):
        yield Fault(
            (*place, "delivery", "type"), f"{kind!r} wants secrets named {' and '.join(missing)}, and there are none"
        )


def _akv2k8s(raw: Raw, place: Location) -> Iterator[Fault]:
    backend, kubernetes = mapping(raw.get("backend")), mapping(raw.get("kubernetes"))
    mode = mapping(backend.get("identity")).get("mode", "workload-identity")
    if mode != "service-principal":
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
