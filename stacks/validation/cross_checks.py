"""Rules that span several keys. They look at what was written, so that they are told with every other fault."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from strongroom.components.helm.charts import SECRETS_STORE_CSI_DRIVER
from strongroom.components.rotation import check_poll_interval

from ..errors import Fault
from ..settings.raw import is_generator, mapping
from . import azure as azure_rules
from . import delivery as delivery_rules
from . import service_accounts as reserved_accounts
from . import vault as vault_rules


def crosschecks(raw: Mapping[str, Any], *, stack: str) -> list[Fault]:
    """The faults between the keys of `raw`, a stack's configuration below `strongroom:`.

    :param stack: The stack's name.
    """
    kind = mapping(raw.get("backend")).get("kind")
    own = {"vault": vault_rules.rules, "azure-key-vault": azure_rules.rules}
    return [
        *(own[kind](raw, stack) if isinstance(kind, str) and kind in own else ()),
        *delivery_rules.rules(raw),
        *reserved_accounts.rules(raw),
        *_unowned(mapping(raw.get("kubernetes"))),
        *_made_by_azure(mapping(mapping(raw.get("kubernetes")).get("aks"))),
        *_two_places(mapping(raw.get("charts"))),
        *_polled_seldom(mapping(raw.get("charts"))),
    ]


def _unowned(kubernetes: Mapping[str, Any]) -> Iterator[Fault]:
    install = kubernetes.get("install", "existing")
    for key in ("providers", "audiences"):
        if kubernetes.get(key) and install in {"addon", "existing"}:
            yield Fault(("kubernetes", key), f"goes with install 'helm' only, and install is {install!r}")


def _made_by_azure(aks: Mapping[str, Any]) -> Iterator[Fault]:
    if aks.get("create", False) is not False:
        return
    for key in ("location", "kubernetesVersion", "nodes", "vmSize", "zones", "subnetId"):
        if aks.get(key) is not None:
            yield Fault(
                ("kubernetes", "aks", key), "goes with create: true only: of a cluster that exists nothing is changed"
            )


def _two_places(charts: Mapping[str, Any]) -> Iterator[Fault]:
    for name, chart in charts.items():
        if mapping(chart).get("path") is not None and mapping(chart).get("repository") is not None:
            yield Fault(("charts", name, "repository"), "and path both say where the chart is: keep one of them")


def _polled_seldom(charts: Mapping[str, Any]) -> Iterator[Fault]:
    interval = mapping(mapping(charts.get(SECRETS_STORE_CSI_DRIVER.name)).get("values")).get("rotationPollInterval")
    if isinstance(interval, str) and (fault := check_poll_interval(interval)):
        yield Fault(
            ("charts", SECRETS_STORE_CSI_DRIVER.name, "values", "rotationPollInterval"), f"{interval!r} {fault}"
        )


def plain(raw: Mapping[str, Any], secret_keys: Collection[str]) -> Iterator[Fault]:
    """The faults of secrets that stand in the stack's file for everybody to read.

    :param secret_keys: The keys that the configuration keeps encrypted.
    """
    told = (
        "is in plain text in the stack's file: set it with `pulumi config set --secret --path`, "
        "and change the value, since it was readable"
    )
    if "clientSecret" not in secret_keys and isinstance(raw.get("clientSecret"), str):
        yield Fault(("clientSecret",), told)
    if "credentials" not in secret_keys:
        for name, value in mapping(raw.get("credentials")).items():
            if isinstance(value, str) and value:
                yield Fault(("credentials", name), told)
    if "seeds" in secret_keys:
        return
    for name, values in mapping(raw.get("seeds")).items():
        if isinstance(values, str) and values:
            yield Fault(("seeds", name), told)
        for key, value in mapping(values).items() if not is_generator(values) else ():
            if isinstance(value, str) and value:
                yield Fault(("seeds", name, key), told)
