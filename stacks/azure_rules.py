"""Rules that span several keys of a stack on Azure Key Vault."""

from collections.abc import Iterator, Mapping
from typing import Any

from components.azure.choices import LARGEST_SECRET, MOST_FEDERATED, MOST_POLICIES, too_many
from components.azure.names import object_fault
from components.azure.objects import clashes, object_name, unreadable

from .faults import Fault, Location
from .raw import entries, is_generator, mapping, secrets

Raw = Mapping[str, Any]

_OF_A_NEW_VAULT = ("sku", "retentionDays", "purgeProtection", "recover", "network", "auditWorkspaceId", "lock", "tags")


def rules(raw: Raw, stack: str) -> Iterator[Fault]:
    """What is wrong between the keys of `raw`."""
    del stack
    backend, seeds = mapping(raw.get("backend")), mapping(raw.get("seeds"))
    yield from _cloud(backend)
    yield from _vault(backend)
    yield from _network(backend)
    yield from _access(backend, raw)
    yield from _identity(backend, raw)
    yield from _objects(raw, seeds)
    yield from _sizes(seeds)
    yield from _contents(backend, seeds)
    yield from _unseeded(backend, seeds, raw)


def _cloud(backend: Raw) -> Iterator[Fault]:
    custom, described = backend.get("cloud") == "AzureStackCloud", backend.get("azureStack") is not None
    if custom and not described:
        yield Fault(("backend", "azureStack"), "is required with cloud 'AzureStackCloud': say where its services are")
    if described and not custom:
        yield Fault(("backend", "azureStack"), "goes with cloud 'AzureStackCloud' only")
    if backend.get("createResourceGroup") is True and backend.get("location") is None:
        yield Fault(("backend", "location"), "is required with createResourceGroup: name a region, e.g. westeurope")


def _vault(backend: Raw) -> Iterator[Fault]:
    vault, place = mapping(backend.get("vault")), ("backend", "vault")
    if not isinstance(backend.get("vault"), Mapping):
        return
    name, id_, create = vault.get("name"), vault.get("id"), vault.get("create", True)
    if name is None and id_ is None:
        yield Fault((*place, "name"), "is required: 3 to 24 letters, digits and single '-', unique in all of Azure")
    if name is not None and id_ is not None:
        yield Fault((*place, "id"), "and name both say which vault: keep one of them")
    if id_ is not None and create is not False:
        yield Fault((*place, "id"), "is a vault's that exists: write create: false beside it")
    if create is False:
        for key in _OF_A_NEW_VAULT:
            if key in vault:
                yield Fault((*place, key), "goes with create: true only: of a vault that exists nothing is changed")
    if vault.get("sku", "standard") == "standard":
        for collection, field in (("keys", "type"), ("certificates", "keyType")):
            for own, entry in mapping(backend.get(collection)).items():
                if str(mapping(entry).get(field)).endswith("-HSM") and create is not False:
                    yield Fault(
                        ("backend", collection, own, field),
                        f"{mapping(entry)[field]!r} needs hardware: set backend.vault.sku to 'premium'",
                    )


def _network(backend: Raw) -> Iterator[Fault]:
    place = ("backend", "vault", "network")
    network = mapping(mapping(backend.get("vault")).get("network"))
    endpoint = mapping(network.get("privateEndpoint"))
    if network.get("public") is False and not endpoint:
        yield Fault((*place, "privateEndpoint"), "is required with public: false: nobody would reach the vault")
    if endpoint and ("virtualNetworkId" in endpoint) == ("dnsZoneId" in endpoint):
        yield Fault(
            (*place, "privateEndpoint"),
            "needs exactly one of virtualNetworkId (a DNS zone is made) and dnsZoneId (one that exists)",
        )


def _access(backend: Raw, raw: Raw) -> Iterator[Fault]:
    if mapping(backend.get("vault")).get("access", "rbac") != "policies":
        return
    if "roleScope" in backend:
        yield Fault(
            ("backend", "roleScope"),
            "goes with vault.access 'rbac': role assignments and access policies exclude each other, so choose one",
        )
    count = len(list(entries(raw.get("workloads"))))
    if count > MOST_POLICIES:
        yield Fault(
            ("backend", "vault", "access"),
            f"'policies' allows {MOST_POLICIES} principals a vault, and there are {count} workloads: use 'rbac'",
        )


def _identity(backend: Raw, raw: Raw) -> Iterator[Fault]:
    identity, kubernetes = mapping(backend.get("identity")), mapping(raw.get("kubernetes"))
    mode, place = identity.get("mode", "workload-identity"), ("backend", "identity")
    aks, install = kubernetes.get("aks"), kubernetes.get("install", "existing")
    if mode in {"workload-identity", "shared"} and aks is None and kubernetes.get("oidcIssuer") is None:
        yield Fault(
            ("kubernetes", "oidcIssuer"),
            f"is required with identity.mode {mode!r}: the cluster's issuer (az aks show --query "
            "oidcIssuerProfile.issuerUrl), or name the AKS cluster in kubernetes.aks",
        )
    if mode == "shared":
        count = len(list(entries(raw.get("workloads"))))
        if count > MOST_FEDERATED:
            yield Fault((*place, "mode"), f"'shared' can't be: {too_many(count)}")
    if mode == "identity-binding" and aks is None:
        yield Fault(("kubernetes", "aks"), "is required with identity.mode 'identity-binding', which only AKS has")
    if mode == "addon" and install != "addon":
        yield Fault((*place, "mode"), f"'addon' needs the AKS add-on, and kubernetes.install is {install!r}")
    needed: dict[str, tuple[str, ...]] = {
        "addon": () if aks is not None else ("clientId", "principalId"),
        "node": ("clientId", "principalId"),
        "system-assigned": ("principalId",),
        "service-principal": ("clientId", "principalId"),
    }
    for key in needed.get(str(mode), ()):
        if identity.get(key) is None:
            yield Fault((*place, key), f"is required with mode {mode!r}")
    if mode != "service-principal" and raw.get("clientSecret") is not None:
        yield Fault(("clientSecret",), "goes with backend.identity.mode 'service-principal' only")
    if mode != "shared":
        for key in ("name", "existing"):
            if key in identity:
                yield Fault((*place, key), "goes with mode 'shared' only")


def _objects(raw: Raw, seeds: Raw) -> Iterator[Fault]:
    named: list[tuple[str, str | None]] = []
    for location, secret in secrets(raw):
        if problem := unreadable(secret):
            yield Fault(location, problem)
        name, key = secret.get("object"), secret.get("key")
        if isinstance(name, str) and (key is None or isinstance(key, str)):
            named.append((name, key))
    for name, key in _seeded(seeds):
        if problem := object_fault(object_name(name, key)):
            yield Fault(_place(name, key), f"is the secret {object_name(name, key)!r}, which {problem}")
        named.append((name, key))
    for whole, meant in clashes(named).items():
        both = " and ".join(f"object {name!r}" + (f" with key {key!r}" if key else "") for name, key in meant)
        yield Fault(("workloads",), f"{both} would both be {whole!r} in the vault: rename one")


def _sizes(seeds: Raw) -> Iterator[Fault]:
    for name, key in _seeded(seeds):
        value = mapping(seeds[name]).get(key) if key else seeds[name]
        if isinstance(value, str) and (size := len(value.encode())) > LARGEST_SECRET:
            yield Fault(
                _place(name, key), f"has {size} bytes: a secret of Key Vault has at most {LARGEST_SECRET} (25 KB)"
            )


def _contents(backend: Raw, seeds: Raw) -> Iterator[Fault]:
    written = {object_name(name, key): _place(name, key) for name, key in _seeded(seeds)}
    for own in mapping(backend.get("secrets")):
        if own not in written:
            known = ", ".join(sorted(written)) or "none"
            yield Fault(("backend", "secrets", own), f"is no secret that seeds writes: those are {known}")
    certificates = mapping(backend.get("certificates"))
    for own in certificates:
        if own in written:
            yield Fault(written[own], f"would overwrite the private half of the certificate {own!r}: rename one")
        if own in mapping(backend.get("keys")):
            yield Fault(("backend", "keys", own), f"would overwrite the key of the certificate {own!r}: rename one")
    for own, key in mapping(backend.get("keys")).items():
        entry = mapping(key)
        if entry.get("expiresAfter") is not None and entry.get("rotateAfter") is None:
            yield Fault(("backend", "keys", own, "rotateAfter"), "is required with expiresAfter")
        ec = str(entry.get("type", "RSA")).startswith("EC")
        if wrong := "size" if ec and "size" in entry else "curve" if not ec and "curve" in entry else None:
            yield Fault(("backend", "keys", own, wrong), f"doesn't go with type {entry.get('type', 'RSA')!r}")


def _unseeded(backend: Raw, seeds: Raw, raw: Raw) -> Iterator[Fault]:
    if mapping(backend.get("vault")).get("create", True) is False:
        return
    certificates = set(mapping(backend.get("certificates")))
    made = {
        "secret": {object_name(name, key) for name, key in _seeded(seeds)} | certificates,
        "key": set(mapping(backend.get("keys"))) | certificates,
        "cert": certificates,
    }
    for location, secret in secrets(raw):
        name, key, kind = secret.get("object"), secret.get("key"), secret.get("type", "secret")
        if not isinstance(name, str) or not (key is None or isinstance(key, str)) or kind not in made:
            continue
        whole = object_name(name, key)
        if whole in made[kind]:
            continue
        if kind == "secret":
            path = f'["{name}"]["{key}"]' if key else f'["{name}"]'
            told = (
                "has no value: the vault is created by this stack, so seed it with `pulumi config set --secret --path "
                f"'strongroom:seeds{path}'`, let {{generate: {{}}}} make one, "
                "or use an existing vault (backend.vault.create: false)"
            )
        else:
            collection = "keys" if kind == "key" else "certificates"
            told = f"is no {kind} of the vault that this stack creates: describe {whole!r} in backend.{collection}"
        yield Fault(location, told)


def _seeded(seeds: Raw) -> Iterator[tuple[str, str | None]]:
    for name, values in seeds.items():
        if isinstance(values, str) or is_generator(values):
            yield name, None
        else:
            yield from ((name, key) for key in mapping(values))


def _place(name: str, key: str | None) -> Location:
    return ("seeds", name, key) if key else ("seeds", name)
