"""Rules that span several keys. They look at what was written, so that they are told with every other fault."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from . import azure_rules, delivery_rules, vault_rules
from .faults import Fault
from .raw import is_generator, mapping


def crosschecks(raw: Mapping[str, Any], *, stack: str, secret_keys: Collection[str]) -> list[Fault]:
    """The faults between the keys of `raw`, a stack's configuration below `strongroom:`.

    :param stack: The stack's name.
    :param secret_keys: The keys that the configuration keeps encrypted.
    """
    kind = mapping(raw.get("backend")).get("kind")
    own = {"vault": vault_rules.rules, "azure-key-vault": azure_rules.rules}
    return [
        *(own[kind](raw, stack) if isinstance(kind, str) and kind in own else ()),
        *delivery_rules.rules(raw),
        *_unowned(mapping(raw.get("kubernetes"))),
        *_two_places(mapping(raw.get("charts"))),
        *_plain(raw, secret_keys),
    ]


def _unowned(kubernetes: Mapping[str, Any]) -> Iterator[Fault]:
    install = kubernetes.get("install", "existing")
    for key in ("providers", "audiences"):
        if kubernetes.get(key) and install != "helm":
            yield Fault(("kubernetes", key), f"goes with install 'helm' only, and install is {install!r}")


def _two_places(charts: Mapping[str, Any]) -> Iterator[Fault]:
    for name, chart in charts.items():
        if {"path", "repository"} <= set(mapping(chart)):
            yield Fault(("charts", name, "repository"), "and path both say where the chart is: keep one of them")


def _plain(raw: Mapping[str, Any], secret_keys: Collection[str]) -> Iterator[Fault]:
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
