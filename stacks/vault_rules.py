"""Rules that span several keys of a stack on HashiCorp Vault."""

from collections.abc import Iterator, Mapping
from typing import Any

from components.vault.choices import unreadable

from .faults import Fault
from .raw import is_generator, mapping, secrets


def rules(raw: Mapping[str, Any], stack: str) -> Iterator[Fault]:
    """What is wrong between the keys of `raw`."""
    backend, seeds = mapping(raw.get("backend")), mapping(raw.get("seeds"))
    yield from _address(backend, stack)
    yield from _unreadable(raw)
    yield from _keyless(seeds)
    yield from _unseeded(backend, seeds, raw)
    yield from _driver(backend, mapping(raw.get("kubernetes")))


def _address(backend: Mapping[str, Any], stack: str) -> Iterator[Fault]:
    address = backend.get("address")
    if isinstance(address, str) and address.startswith("http://") and stack.partition("-")[0] != "local":
        yield Fault(
            ("backend", "address"),
            f"{address!r} is plain HTTP, which only the local stacks may use: give Vault a certificate and write https://",
        )


def _unreadable(raw: Mapping[str, Any]) -> Iterator[Fault]:
    for location, secret in secrets(raw):
        if problem := unreadable(secret):
            yield Fault(location, problem)


def _keyless(seeds: Mapping[str, Any]) -> Iterator[Fault]:
    for name, values in seeds.items():
        if isinstance(values, str) or is_generator(values):
            yield Fault(("seeds", name), f"has no key: Vault's objects have keys, so write strongroom:seeds.{name}.KEY")


def _unseeded(backend: Mapping[str, Any], seeds: Mapping[str, Any], raw: Mapping[str, Any]) -> Iterator[Fault]:
    if not mapping(backend.get("mount")).get("create"):
        return
    for location, secret in secrets(raw):
        name, key = secret.get("object"), secret.get("key")
        if isinstance(name, str) and isinstance(key, str) and key not in mapping(seeds.get(name)):
            yield Fault(
                location,
                "has no value: the engine is created by this stack, so seed it with `pulumi config set --secret --path "
                f'\'strongroom:seeds["{name}"]["{key}"]\'`, let {{generate: {{}}}} make one, '
                "or use an existing engine (backend.mount.create: false)",
            )


def _driver(backend: Mapping[str, Any], kubernetes: Mapping[str, Any]) -> Iterator[Fault]:
    install = kubernetes.get("install", "existing")
    if install == "addon":
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
