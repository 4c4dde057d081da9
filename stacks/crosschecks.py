"""Rules that span several keys. They look at what was written, so that they are told with every other fault."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from components.vault.backend import unreadable

from .faults import Fault, Location


def crosschecks(raw: Mapping[str, Any], *, stack: str, seeds_are_secret: bool) -> list[Fault]:
    """The faults between the keys of `raw`, a stack's configuration below `strongroom:`.

    :param stack: The stack's name.
    :param seeds_are_secret: Whether the configuration keeps `seeds` encrypted.
    """
    backend = _mapping(raw.get("backend"))
    seeds = _mapping(raw.get("seeds"))
    return [
        *_addresses(backend, stack),
        *_unreadable(backend, raw),
        *_unseeded(backend, seeds, raw),
        *_plain(seeds, seeds_are_secret),
        *_driver(backend, _mapping(raw.get("kubernetes"))),
    ]


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _entries(value: object) -> Iterator[tuple[int, Mapping[str, Any]]]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        for index, entry in enumerate(cast("Sequence[object]", value)):
            yield index, _mapping(entry)


def _secrets(raw: Mapping[str, Any]) -> Iterator[tuple[Location, Mapping[str, Any]]]:
    for number, workload in _entries(raw.get("workloads")):
        for index, secret in _entries(workload.get("secrets")):
            if secret:
                yield ("workloads", number, "secrets", index), secret


def _addresses(backend: Mapping[str, Any], stack: str) -> Iterator[Fault]:
    address = backend.get("address")
    if isinstance(address, str) and address.startswith("http://") and stack.partition("-")[0] != "local":
        yield Fault(
            ("backend", "address"),
            f"{address!r} is plain HTTP, which only the local stacks may use: give Vault a certificate and write https://",
        )


def _unreadable(backend: Mapping[str, Any], raw: Mapping[str, Any]) -> Iterator[Fault]:
    if backend.get("kind") != "vault":
        return
    for location, secret in _secrets(raw):
        if problem := unreadable(secret):
            yield Fault(location, problem)


def _unseeded(backend: Mapping[str, Any], seeds: Mapping[str, Any], raw: Mapping[str, Any]) -> Iterator[Fault]:
    if not _mapping(backend.get("mount")).get("create"):
        return
    for location, secret in _secrets(raw):
        name, key = secret.get("object"), secret.get("key")
        if isinstance(name, str) and isinstance(key, str) and key not in _mapping(seeds.get(name)):
            yield Fault(
                location,
                "has no value: the engine is created by this stack, so seed it with `pulumi config set --secret --path "
                f'\'strongroom:seeds["{name}"]["{key}"]\'`, let {{generate: {{}}}} make one, '
                "or use an existing engine (backend.mount.create: false)",
            )


def _plain(seeds: Mapping[str, Any], seeds_are_secret: bool) -> Iterator[Fault]:
    if seeds_are_secret:
        return
    for name, values in seeds.items():
        for key, value in _mapping(values).items():
            if isinstance(value, str) and value:
                yield Fault(
                    ("seeds", name, key),
                    "is in plain text in the stack's file: set it with `pulumi config set --secret --path`, "
                    "and change the value, since it was readable",
                )


def _driver(backend: Mapping[str, Any], kubernetes: Mapping[str, Any]) -> Iterator[Fault]:
    install = kubernetes.get("install", "existing")
    if install == "addon" and backend.get("kind") == "vault":
        yield Fault(
            ("kubernetes", "install"),
            "'addon' brings Azure Key Vault's provider only: use 'helm', "
            "or 'existing' where Vault's provider is installed",
        )
    if install == "helm" and backend.get("providerCaPath") is not None:
        yield Fault(
            ("backend", "providerCaPath"),
            "goes with 'existing' only: with install 'helm' the CA of caCertificate is mounted for you",
        )
