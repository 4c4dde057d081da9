"""Rules that span several keys of a stack on Azure Key Vault."""

from collections.abc import Iterator, Mapping
from typing import Any

from strongroom.components.azure.objects import find_clashes, name_vault_object, unreadable
from strongroom.components.azure.options import (
    LARGEST_SECRET,
    MOST_FEDERATED,
    MOST_POLICIES,
    IdentityMode,
    describe_excess,
)
from strongroom.components.azure.types import object_fault

from ..errors import ValidationIssue
from ..settings.raw import Invalid, as_mapping, iterate_mappings, list_secrets
from .azure_contents import check_contents, list_seeds, locate_seed

Raw = Mapping[str, Any]

_NEW_VAULT_KEYS = ("sku", "retentionDays", "purgeProtection", "recover", "network", "auditWorkspaceId", "lock", "tags")

_MODES_OF_KEYS: Mapping[str, tuple[IdentityMode, ...]] = {
    "name": ("shared",),
    "existing": ("shared",),
    "clientId": ("addon", "node", "service-principal"),
    "principalId": ("addon", "node", "system-assigned", "service-principal"),
    "secretName": ("service-principal",),
}
"""The keys of an identity that only some modes have."""


def check_azure(raw: Raw, stack: str) -> Iterator[ValidationIssue]:
    """Check the settings in `raw` against each other."""
    del stack
    backend, seeds = as_mapping(raw.get("backend")), as_mapping(raw.get("seeds"))
    yield from _check_cloud(backend)
    yield from _check_vault(backend)
    yield from _check_network(backend)
    yield from _check_access(backend, raw)
    yield from _check_identity(backend, raw)
    yield from _check_objects(raw, seeds)
    yield from _check_sizes(seeds)
    yield from check_contents(backend, seeds, raw)
    yield from _check_seeded(backend, seeds, raw)


def _check_cloud(backend: Raw) -> Iterator[ValidationIssue]:
    custom, described = backend.get("cloud") == "AzureStackCloud", backend.get("azureStack") is not None
    if custom and not described:
        yield ValidationIssue(
            ("backend", "azureStack"),
            "This setting is required with cloud 'AzureStackCloud': set where its services are",
        )
    if described and not custom:
        yield ValidationIssue(("backend", "azureStack"), "This setting is allowed with cloud 'AzureStackCloud' only")
    if backend.get("createResourceGroup") is True and backend.get("location") is None:
        yield ValidationIssue(
            ("backend", "location"), "This setting is required with createResourceGroup: name a region, e.g. westeurope"
        )


def _check_vault(backend: Raw) -> Iterator[ValidationIssue]:
    vault, place = as_mapping(backend.get("vault")), ("backend", "vault")
    if not isinstance(backend.get("vault"), Mapping):
        return
    name, id_, create = vault.get("name"), vault.get("id"), vault.get("create", True)
    if name is None and id_ is None:
        yield ValidationIssue(
            (*place, "name"),
            "This setting is required: use 3 to 24 letters, digits and single '-', unique in all of Azure",
        )
    if name is not None and id_ is not None:
        yield ValidationIssue((*place, "id"), "This setting and name both select the vault: keep one of them")
    if id_ is not None and create is True:
        yield ValidationIssue((*place, "id"), "This setting selects an existing vault: set create: false as well")
    if create is False:
        for key in _NEW_VAULT_KEYS:
            if key in vault:
                yield ValidationIssue(
                    (*place, key), "This setting is allowed with create: true only: an existing vault is not changed"
                )
    if vault.get("sku", "standard") == "standard":
        for collection, field in (("keys", "type"), ("certificates", "keyType")):
            for own, entry in as_mapping(backend.get(collection)).items():
                if str(as_mapping(entry).get(field)).endswith("-HSM") and create is True:
                    yield ValidationIssue(
                        ("backend", collection, own, field),
                        f"{as_mapping(entry)[field]!r} needs hardware: set backend.vault.sku to 'premium'",
                    )


def _check_network(backend: Raw) -> Iterator[ValidationIssue]:
    place = ("backend", "vault", "network")
    network = as_mapping(as_mapping(backend.get("vault")).get("network"))
    endpoint = as_mapping(network.get("privateEndpoint"))
    if network.get("public") is False and not endpoint:
        yield ValidationIssue(
            (*place, "privateEndpoint"),
            "This setting is required with public: false: without it nobody could connect to the vault",
        )
    if network.get("public") is False:
        for key in ("allowedIpRanges", "allowedSubnetIds"):
            if network.get(key):
                yield ValidationIssue(
                    (*place, key),
                    "This setting is allowed with public: true only: a vault without a public address ignores it",
                )
    if endpoint and (endpoint.get("virtualNetworkId") is None) == (endpoint.get("dnsZoneId") is None):
        yield ValidationIssue(
            (*place, "privateEndpoint"),
            "This setting needs exactly one of virtualNetworkId (creates a DNS zone) and dnsZoneId (an existing one)",
        )


def _check_access(backend: Raw, raw: Raw) -> Iterator[ValidationIssue]:
    if as_mapping(backend.get("vault")).get("access", "rbac") != "policies":
        return
    if "roleScope" in backend:
        yield ValidationIssue(
            ("backend", "roleScope"),
            "This setting is allowed with vault.access 'rbac' only: role assignments and access policies exclude "
            "each other, so choose one",
        )
    count = len(list(iterate_mappings(raw.get("workloads"))))
    if count > MOST_POLICIES:
        yield ValidationIssue(
            ("backend", "vault", "access"),
            f"'policies' allows {MOST_POLICIES} principals per vault, and there are {count} workloads: use 'rbac'",
        )


def _check_identity(backend: Raw, raw: Raw) -> Iterator[ValidationIssue]:
    identity, kubernetes = as_mapping(backend.get("identity")), as_mapping(raw.get("kubernetes"))
    mode, place = identity.get("mode", "workload-identity"), ("backend", "identity")
    aks, install = kubernetes.get("aks"), kubernetes.get("install", "existing")
    if mode in {"workload-identity", "shared"} and aks is None and kubernetes.get("oidcIssuer") is None:
        yield ValidationIssue(
            ("kubernetes", "oidcIssuer"),
            f"This setting is required with identity.mode {mode!r}: use the cluster's issuer (az aks show --query "
            "oidcIssuerProfile.issuerUrl), or name the AKS cluster in kubernetes.aks",
        )
    if mode == "shared":
        count = len(list(iterate_mappings(raw.get("workloads"))))
        if count > MOST_FEDERATED:
            yield ValidationIssue((*place, "mode"), f"'shared' is not possible: {describe_excess(count)}")
    if mode == "identity-binding" and aks is None:
        yield ValidationIssue(
            ("kubernetes", "aks"),
            "This setting is required with identity.mode 'identity-binding', which only AKS supports",
        )
    if mode == "addon" and install in {"helm", "existing"}:
        yield ValidationIssue((*place, "mode"), f"'addon' needs the AKS add-on, and kubernetes.install is {install!r}")
    needed: dict[str, tuple[str, ...]] = {
        "addon": ("clientId", "principalId") if aks is None and install == "addon" else (),
        "node": ("clientId", "principalId"),
        "system-assigned": ("principalId",),
        "service-principal": ("clientId", "principalId"),
    }
    for key in needed.get(str(mode), ()):
        if identity.get(key) is None:
            yield ValidationIssue((*place, key), f"This setting is required with mode {mode!r}")
    given = [key for key in ("clientId", "principalId") if identity.get(key) is not None]
    if mode == "addon" and aks is not None and len(given) == 1:
        yield ValidationIssue(
            (*place, given[0]),
            "This setting needs the other of clientId and principalId: set both, or omit both to use the cluster's own",
        )
    if isinstance(mode, Invalid):
        return
    if mode != "service-principal" and raw.get("clientSecret"):
        yield ValidationIssue(
            ("clientSecret",), "This setting is allowed with backend.identity.mode 'service-principal' only"
        )
    for key, modes in _MODES_OF_KEYS.items():
        if identity.get(key) is not None and mode not in modes:
            yield ValidationIssue(
                (*place, key),
                f"This setting is allowed with mode {' or '.join(map(repr, modes))} only, and mode is {mode!r}",
            )


def _check_objects(raw: Raw, seeds: Raw) -> Iterator[ValidationIssue]:
    named: list[tuple[str, str | None]] = []
    for location, secret in list_secrets(raw):
        if problem := unreadable(secret):
            yield ValidationIssue(location, f"This secret {problem}")
        name, key = secret.get("object"), secret.get("key")
        if isinstance(name, str) and (key is None or isinstance(key, str)):
            named.append((name, key))
    for name, key in list_seeds(seeds):
        if problem := object_fault(name_vault_object(name, key)):
            yield ValidationIssue(
                locate_seed(name, key), f"This seed is the secret {name_vault_object(name, key)!r}, which {problem}"
            )
        named.append((name, key))
    for whole, meant in find_clashes(named).items():
        both = " and ".join(f"object {name!r}" + (f" with key {key!r}" if key else "") for name, key in meant)
        yield ValidationIssue(("workloads",), f"The {both} would both be {whole!r} in the vault: rename one")


def _check_sizes(seeds: Raw) -> Iterator[ValidationIssue]:
    for name, key in list_seeds(seeds):
        value = as_mapping(seeds[name]).get(key) if key else seeds[name]
        if isinstance(value, str) and (size := len(value.encode())) > LARGEST_SECRET:
            yield ValidationIssue(
                locate_seed(name, key),
                f"The value has {size} bytes: a secret of Key Vault has at most {LARGEST_SECRET} (25 KB)",
            )


def _check_seeded(backend: Raw, seeds: Raw, raw: Raw) -> Iterator[ValidationIssue]:
    if as_mapping(backend.get("vault")).get("create", True) is not True:
        return
    # Names in a vault ignore case; those that differ in case alone are reported elsewhere.
    certificates = {own.lower() for own in as_mapping(backend.get("certificates"))}
    made = {
        "secret": {name_vault_object(name, key).lower() for name, key in list_seeds(seeds)} | certificates,
        "key": {own.lower() for own in as_mapping(backend.get("keys"))} | certificates,
        "cert": certificates,
    }
    for location, secret in list_secrets(raw):
        name, key, kind = secret.get("object"), secret.get("key"), secret.get("type", "secret")
        if not isinstance(name, str) or not (key is None or isinstance(key, str)) or kind not in made:
            continue
        whole = name_vault_object(name, key)
        if unreadable(secret):
            continue  # it is reported already
        if whole.lower() in made[kind]:
            continue
        if kind == "secret":
            path = f'["{name}"]["{key}"]' if key else f'["{name}"]'
            message = (
                "This secret has no value: the vault is created by this stack, so seed it with "
                f"`pulumi config set --secret --path 'strongroom:seeds{path}'`, "
                "use {generate: {}} for a random value, "
                "or use an existing vault (backend.vault.create: false)"
            )
        else:
            collection = "keys" if kind == "key" else "certificates"
            message = f"{whole!r} is no {kind} of the vault that this stack creates: declare it in backend.{collection}"
        yield ValidationIssue(location, message)
