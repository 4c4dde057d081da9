"""Rules that span several keys of a stack on HashiCorp Vault."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from pydantic.alias_generators import to_camel

from strongroom.components.vault.kv_paths import check_kv_object
from strongroom.components.vault.options import check_address, check_secret, check_server_options, check_shares

from ..errors import Fault
from ..settings.raw import Wrong, entries, is_generator, is_text, mapping, secrets
from . import vault_logins as vault_login_rules
from .durations import ordered


def rules(raw: Mapping[str, Any], stack: str) -> Iterator[Fault]:
    """What is wrong between the keys of `raw`."""
    backend, seeds = mapping(raw.get("backend")), mapping(raw.get("seeds"))
    yield from _address(backend, stack)
    yield from _where(backend)
    if isinstance(backend.get("server"), Mapping):
        yield from _server(raw, mapping(backend["server"]), stack)
    yield from _bootstrap(backend, mapping(backend.get("bootstrap")))
    yield from vault_login_rules.rules(raw, backend, local=local(stack))
    yield from _unreadable(raw)
    yield from _unmeant(_mount(backend), seeds, raw)
    yield from _keyless(seeds)
    yield from _unseeded(backend, seeds, raw)
    yield from _driver(backend, mapping(raw.get("kubernetes")))
    yield from ordered(("backend",), backend, "tokenTtl", "tokenMaxTtl", (1200, 3600))


def _address(backend: Mapping[str, Any], stack: str) -> Iterator[Fault]:
    address = backend.get("address")
    if isinstance(address, str) and address.startswith("http://") and not local(stack):
        yield Fault(
            ("backend", "address"),
            f"{address!r} is plain HTTP, which only the local stacks may use: give Vault a certificate and write https://",
        )


def _where(backend: Mapping[str, Any]) -> Iterator[Fault]:
    if "server" not in backend:
        if backend.get("address") is None:
            yield Fault(("backend", "address"), "is required and missing, unless backend.server deploys a Vault")
        return
    for key in ("address", "caCertificate", "tlsServerName"):
        if backend.get(key) is not None:
            yield Fault(("backend", key), "goes with a Vault that exists: leave it out, backend.server has its own")


def _server(raw: Mapping[str, Any], server: Mapping[str, Any], stack: str) -> Iterator[Fault]:
    storage, seal = server.get("storage"), mapping(server.get("seal"))
    mode, replicas, most = server.get("mode", "ha"), server.get("replicas", 3), server.get("maxUnavailable", 1)
    if isinstance(mode, str) and isinstance(replicas, int) and isinstance(most, int):
        for field, told in check_server_options(
            mode=mode,
            replicas=replicas,
            max_unavailable=most,
            raft=isinstance(storage, Wrong) or mapping(storage).get("kind", "raft") == "raft",
            tls=server.get("tls") is not None,
            sealed=seal.get("kind", "shamir") != "shamir",
            production=not local(stack),
        ):
            yield Fault(("backend", "server", to_camel(field)), told)
    namespace = server.get("namespace", "vault")
    if any(workload.get("namespace") == namespace for _, workload in entries(raw.get("workloads"))):
        yield Fault(
            ("backend", "server", "namespace"),
            f"{namespace!r} is a workload's too: everybody who may read Secrets there would read Vault's own",
        )
    yield from _renewal(mapping(server.get("tls")))
    address = seal.get("address")
    if isinstance(address, str) and (told := check_address(address)):
        yield Fault(("backend", "server", "seal", "address"), f"{address!r} {told}")
    if seal.get("kind") == "azurekeyvault" and not mapping(raw.get("kubernetes")).get("oidcIssuer"):
        yield Fault(
            ("backend", "server", "seal"), "'azurekeyvault' needs the cluster's issuer: set kubernetes.oidcIssuer"
        )


def _renewal(tls: Mapping[str, Any]) -> Iterator[Fault]:
    place = ("backend", "server", "tls")
    if tls.get("kind") == "generated":
        yield from ordered(place, tls, "renewBeforeHours", "validityHours", (720, 8760), equal=False)
    if tls.get("kind") == "cert-manager":
        yield from ordered(place, tls, "renewBefore", "duration", ("720h", "8760h"), equal=False)


def _bootstrap(backend: Mapping[str, Any], bootstrap: Mapping[str, Any]) -> Iterator[Fault]:
    server = mapping(backend.get("server"))
    dev = server.get("mode") == "dev"
    place = ("backend", "bootstrap")
    if not bootstrap:
        if "server" in backend and not dev:
            yield Fault(place, "is missing: nobody would initialise and open backend.server")
        return
    if dev:
        yield Fault(place, "goes with standalone and ha: the dev server is open from its start; set VAULT_TOKEN")
    nodes = bootstrap.get("nodes") or ()
    if not nodes and "server" not in backend:
        yield Fault(
            (*place, "nodes"), "is missing: name the URL of each server of the Vault, as this machine reaches it"
        )
    if isinstance(nodes, list):
        addresses = [str(node) for node in cast("list[object]", nodes)]
        for number, node in enumerate(addresses):
            if told := check_address(node):
                yield Fault((*place, "nodes", number), f"{node!r} {told}")
        pods = server.get("replicas", 3) if server.get("mode", "ha") == "ha" else 1
        if "server" in backend and not dev and isinstance(pods, int) and len(addresses) != pods:
            yield Fault((*place, "nodes"), f"are {len(addresses)}, and the server has {pods} pods: name each once")
    shares, threshold = bootstrap.get("shares", 5), bootstrap.get("threshold", 3)
    if isinstance(shares, int) and isinstance(threshold, int) and (told := check_shares(shares, threshold)):
        yield Fault((*place, "threshold"), told)
    url = mapping(bootstrap.get("keyStore")).get("vaultUrl")
    if isinstance(url, str) and (told := check_address(url)):
        yield Fault((*place, "keyStore", "vaultUrl"), f"{url!r} {told}")
    keys: object = mapping(bootstrap.get("keyStore")).get("pgpKeys")
    if isinstance(keys, list) and keys and len(cast("list[object]", keys)) != shares:
        yield Fault(
            (*place, "shares"), f"{shares}, but there are {len(cast('list[object]', keys))} PGP keys: name one a share"
        )


def local(stack: str) -> bool:
    """Whether a stack is on this machine alone."""
    return stack.partition("-")[0] == "local"


def _unreadable(raw: Mapping[str, Any]) -> Iterator[Fault]:
    for location, secret in secrets(raw):
        if problem := check_secret(secret):
            yield Fault(location, problem)


def _mount(backend: Mapping[str, Any]) -> str:
    path = mapping(backend.get("mount")).get("path", "secret")
    return path if isinstance(path, str) else "secret"


def _unmeant(mount: str, seeds: Mapping[str, Any], raw: Mapping[str, Any]) -> Iterator[Fault]:
    for location, secret in secrets(raw):
        name = secret.get("object")
        if isinstance(name, str) and (problem := check_kv_object(name, mount)):
            yield Fault((*location, "object"), f"{name!r} {problem}")
    for name in seeds:
        if problem := check_kv_object(str(name), mount):
            yield Fault(("seeds", name), f"{name!r} {problem}")


def _keyless(seeds: Mapping[str, Any]) -> Iterator[Fault]:
    for name, values in seeds.items():
        if is_text(values) or is_generator(values):
            yield Fault(("seeds", name), f"has no key: Vault's objects have keys, so write strongroom:seeds.{name}.KEY")


def _unseeded(backend: Mapping[str, Any], seeds: Mapping[str, Any], raw: Mapping[str, Any]) -> Iterator[Fault]:
    if mapping(backend.get("mount")).get("create") is not True:
        return
    for location, secret in secrets(raw):
        name, key = secret.get("object"), secret.get("key")
        if not isinstance(name, str) or check_kv_object(name, _mount(backend)):
            continue  # which is reported already
        if isinstance(key, str) and key not in mapping(seeds.get(name)):
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
    if kubernetes.get("aks") is not None:
        yield Fault(("kubernetes", "aks"), "goes with backend 'azure-key-vault' only: name the cluster in context")
    if install == "helm" and backend.get("providerCaPath") is not None:
        yield Fault(
            ("backend", "providerCaPath"),
            "goes with 'existing' only: with install 'helm' the CA of caCertificate is mounted for you",
        )
