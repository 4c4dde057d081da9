"""Rules that span several keys of a stack on HashiCorp Vault."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from pydantic.alias_generators import to_camel

from strongroom.components.vault.kv_paths import check_kv_object
from strongroom.components.vault.options import check_address, check_secret, check_server_options, check_shares

from ..errors import ValidationIssue
from ..settings.raw import Invalid, as_mapping, is_generator, is_text, iterate_mappings, list_secrets
from .durations import check_order
from .vault_logins import check_logins


def check_vault(raw: Mapping[str, Any], stack: str) -> Iterator[ValidationIssue]:
    """Check the settings in `raw` against each other."""
    backend, seeds = as_mapping(raw.get("backend")), as_mapping(raw.get("seeds"))
    yield from _check_address(backend, stack)
    yield from _check_location(backend)
    if isinstance(backend.get("server"), Mapping):
        yield from _check_server(raw, as_mapping(backend["server"]), stack)
    yield from _check_bootstrap(backend, as_mapping(backend.get("bootstrap")))
    yield from check_logins(raw, backend, is_local=is_local(stack))
    yield from _check_secrets(raw)
    yield from _check_objects(_read_mount(backend), seeds, raw)
    yield from _check_seed_keys(seeds)
    yield from _check_seeded(backend, seeds, raw)
    yield from _check_driver(backend, as_mapping(raw.get("kubernetes")))
    yield from check_order(("backend",), backend, "tokenTtl", "tokenMaxTtl", (1200, 3600))


def _check_address(backend: Mapping[str, Any], stack: str) -> Iterator[ValidationIssue]:
    address = backend.get("address")
    if isinstance(address, str) and address.startswith("http://") and not is_local(stack):
        yield ValidationIssue(
            ("backend", "address"),
            f"{address!r} is plain HTTP, which is allowed for local stacks only: give Vault a certificate, and use https://",
        )


def _check_location(backend: Mapping[str, Any]) -> Iterator[ValidationIssue]:
    if "server" not in backend:
        if backend.get("address") is None:
            yield ValidationIssue(
                ("backend", "address"), "This setting is required, unless backend.server deploys a Vault"
            )
        return
    for key in ("address", "caCertificate", "tlsServerName"):
        if backend.get(key) is not None:
            yield ValidationIssue(
                ("backend", key), "This setting is for an existing Vault: omit it, since backend.server has its own"
            )


def _check_server(raw: Mapping[str, Any], server: Mapping[str, Any], stack: str) -> Iterator[ValidationIssue]:
    storage, seal = server.get("storage"), as_mapping(server.get("seal"))
    mode, replicas, most = server.get("mode", "ha"), server.get("replicas", 3), server.get("maxUnavailable", 1)
    if isinstance(mode, str) and isinstance(replicas, int) and isinstance(most, int):
        for field, problem in check_server_options(
            mode=mode,
            replicas=replicas,
            max_unavailable=most,
            raft=isinstance(storage, Invalid) or as_mapping(storage).get("kind", "raft") == "raft",
            tls=server.get("tls") is not None,
            sealed=seal.get("kind", "shamir") != "shamir",
            production=not is_local(stack),
        ):
            yield ValidationIssue(("backend", "server", to_camel(field)), problem)
    namespace = server.get("namespace", "vault")
    if any(workload.get("namespace") == namespace for _, workload in iterate_mappings(raw.get("workloads"))):
        yield ValidationIssue(
            ("backend", "server", "namespace"),
            f"{namespace!r} is a workload's namespace too: everybody who may read Secrets there could read Vault's own",
        )
    yield from _check_renewal(as_mapping(server.get("tls")))
    address = seal.get("address")
    if isinstance(address, str) and (problem := check_address(address)):
        yield ValidationIssue(("backend", "server", "seal", "address"), f"{address!r} {problem}")
    if seal.get("kind") == "azurekeyvault" and not as_mapping(raw.get("kubernetes")).get("oidcIssuer"):
        yield ValidationIssue(
            ("backend", "server", "seal"), "'azurekeyvault' needs the cluster's issuer: set kubernetes.oidcIssuer"
        )


def _check_renewal(tls: Mapping[str, Any]) -> Iterator[ValidationIssue]:
    place = ("backend", "server", "tls")
    if tls.get("kind") == "generated":
        yield from check_order(place, tls, "renewBeforeHours", "validityHours", (720, 8760), equal=False)
    if tls.get("kind") == "cert-manager":
        yield from check_order(place, tls, "renewBefore", "duration", ("720h", "8760h"), equal=False)


def _check_bootstrap(backend: Mapping[str, Any], bootstrap: Mapping[str, Any]) -> Iterator[ValidationIssue]:
    server = as_mapping(backend.get("server"))
    dev = server.get("mode") == "dev"
    place = ("backend", "bootstrap")
    if not bootstrap:
        if "server" in backend and not dev:
            yield ValidationIssue(place, "This setting is required: it initialises and unseals backend.server")
        return
    if dev:
        yield ValidationIssue(
            place,
            "This setting is allowed with mode standalone or ha: the dev server starts unsealed, so set VAULT_TOKEN",
        )
    nodes = bootstrap.get("nodes") or ()
    if not nodes and "server" not in backend:
        yield ValidationIssue(
            (*place, "nodes"),
            "This setting is required: list the URL of each server of the Vault, as this machine connects to it",
        )
    if isinstance(nodes, list):
        addresses = [str(node) for node in cast("list[object]", nodes)]
        for number, node in enumerate(addresses):
            if problem := check_address(node):
                yield ValidationIssue((*place, "nodes", number), f"{node!r} {problem}")
        pods = server.get("replicas", 3) if server.get("mode", "ha") == "ha" else 1
        if "server" in backend and not dev and isinstance(pods, int) and len(addresses) != pods:
            yield ValidationIssue(
                (*place, "nodes"), f"{len(addresses)} nodes are listed, and the server has {pods} pods: list each once"
            )
    shares, threshold = bootstrap.get("shares", 5), bootstrap.get("threshold", 3)
    if isinstance(shares, int) and isinstance(threshold, int) and (problem := check_shares(shares, threshold)):
        yield ValidationIssue((*place, "threshold"), problem)
    url = as_mapping(bootstrap.get("keyStore")).get("vaultUrl")
    if isinstance(url, str) and (problem := check_address(url)):
        yield ValidationIssue((*place, "keyStore", "vaultUrl"), f"{url!r} {problem}")
    keys: object = as_mapping(bootstrap.get("keyStore")).get("pgpKeys")
    if isinstance(keys, list) and keys and len(cast("list[object]", keys)) != shares:
        yield ValidationIssue(
            (*place, "shares"),
            f"{shares} shares need as many PGP keys, and {len(cast('list[object]', keys))} are given: "
            "list one per share",
        )


def is_local(stack: str) -> bool:
    """Return whether a stack is on this machine alone."""
    return stack.partition("-")[0] == "local"


def _check_secrets(raw: Mapping[str, Any]) -> Iterator[ValidationIssue]:
    for location, secret in list_secrets(raw):
        if problem := check_secret(secret):
            yield ValidationIssue(location, f"This secret {problem}")


def _read_mount(backend: Mapping[str, Any]) -> str:
    path = as_mapping(backend.get("mount")).get("path", "secret")
    return path if isinstance(path, str) else "secret"


def _check_objects(mount: str, seeds: Mapping[str, Any], raw: Mapping[str, Any]) -> Iterator[ValidationIssue]:
    for location, secret in list_secrets(raw):
        name = secret.get("object")
        if isinstance(name, str) and (problem := check_kv_object(name, mount)):
            yield ValidationIssue((*location, "object"), f"{name!r} {problem}")
    for name in seeds:
        if problem := check_kv_object(str(name), mount):
            yield ValidationIssue(("seeds", name), f"{name!r} {problem}")


def _check_seed_keys(seeds: Mapping[str, Any]) -> Iterator[ValidationIssue]:
    for name, values in seeds.items():
        if is_text(values) or is_generator(values):
            yield ValidationIssue(
                ("seeds", name),
                f"This seed has no key: an object of Vault has keys, so use strongroom:seeds.{name}.KEY",
            )


def _check_seeded(
    backend: Mapping[str, Any], seeds: Mapping[str, Any], raw: Mapping[str, Any]
) -> Iterator[ValidationIssue]:
    if as_mapping(backend.get("mount")).get("create") is not True:
        return
    for location, secret in list_secrets(raw):
        name, key = secret.get("object"), secret.get("key")
        if not isinstance(name, str) or check_kv_object(name, _read_mount(backend)):
            continue  # which is reported already
        if isinstance(key, str) and key not in as_mapping(seeds.get(name)):
            yield ValidationIssue(
                location,
                "This secret has no value: the engine is created by this stack, so seed it with "
                f'`pulumi config set --secret --path \'strongroom:seeds["{name}"]["{key}"]\'`, '
                "use {generate: {}} for a random value, "
                "or use an existing engine (backend.mount.create: false)",
            )


def _check_driver(backend: Mapping[str, Any], kubernetes: Mapping[str, Any]) -> Iterator[ValidationIssue]:
    install = kubernetes.get("install", "existing")
    if install == "addon":
        yield ValidationIssue(
            ("kubernetes", "install"),
            "'addon' installs Azure Key Vault's provider only: use 'helm', "
            "or 'existing' if Vault's provider is installed",
        )
    if kubernetes.get("aks") is not None:
        yield ValidationIssue(
            ("kubernetes", "aks"),
            "This setting is allowed with backend 'azure-key-vault' only: name the cluster in context",
        )
    if install == "helm" and backend.get("providerCaPath") is not None:
        yield ValidationIssue(
            ("backend", "providerCaPath"),
            "This setting is allowed with install 'existing' only: with 'helm' the CA of caCertificate is mounted",
        )
