"""The stacks that a sandbox runs: its own two, and any other of the project, completed with what it alone knows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from .errors import SandboxError

OWN = ("local", "local-azure")
"""The stacks that need nothing but the sandbox."""

NAMESPACE = "strongroom"

_KINDS = {"vault": "local", "azure-key-vault": "local-azure"}
"""A backend's kind, and the stack of the sandbox that has it."""

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_CA_IN_PODS = "/vault/tls/ca.crt"
_GENERATED = {"generate": {"length": 32}}


@dataclass(frozen=True)
class Servers:
    """What a stack must know of the sandbox's servers."""

    vault: str
    authority: Path
    kubeconfig: Path
    issuer: str
    token_key: Path
    """The public key of service account tokens."""

    tenant: str
    subscription: str

    accounts: tuple[str, ...] | None = None
    """With a node: the accounts of what serves all its workloads, as `namespace/name`."""


def list_stacks(root: Path) -> list[str]:
    """List the stacks of the project in `root`."""
    files = sorted((root / "stacks").glob("Pulumi.*.yaml"))
    return [file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in files]


def stack_file(root: Path, stack: str) -> Path:
    """Find the file of `stack`.

    :raises SandboxError: There is no such stack.
    """
    known = list_stacks(root)
    if stack not in known:
        raise SandboxError(
            f"There is no stack {stack!r}: {root / 'stacks' / f'Pulumi.{stack}.yaml'} is missing. "
            f"There are {', '.join(known) or 'none'}"
        )
    return root / "stacks" / f"Pulumi.{stack}.yaml"


def is_edited(root: Path, home: Path) -> bool:
    """Tell whether the file of a stack was written after its copy in `home` was."""
    copies = (home / "stacks").glob("Pulumi.*.yaml")
    pairs = [(root / "stacks" / copy.name, copy) for copy in copies]
    return any(file.is_file() and file.stat().st_mtime > copy.stat().st_mtime for file, copy in pairs)


def require(root: Path, stack: str, like: str | None = None) -> None:
    """Check that the sandbox can run `stack`, as it runs `like` where that is given.

    :raises SandboxError: It can't.
    """
    file = stack_file(root, stack)
    own = like_of(read_stack_file(file))
    if like is not None and like not in OWN:
        raise SandboxError(f"--like {like!r} is no stack of the sandbox's own: say one of {', '.join(OWN)}")
    if like is not None and like != own:
        raise SandboxError(
            f"{file}: strongroom:backend has the kind of {own}, and --like says {like}: change one of them, "
            "or leave --like out"
        )


def read_stack_file(file: Path) -> dict[str, Any]:
    """Read a stack's file, its keys with the project's namespace.

    :raises SandboxError: It can't be read, or has no backend that the sandbox knows.
    """
    try:
        document: Any = yaml.safe_load(file.read_text())
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8"
        raise SandboxError(f"{file} can't be read: {reason}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise SandboxError(f"{file}{where}: is not YAML: {getattr(error, 'problem', None) or 'unreadable'}") from None
    config = document.get("config") if isinstance(document, dict) else None
    if not isinstance(config, dict):
        raise SandboxError(f"{file} has no settings: write them below `config:`, as {NAMESPACE}:backend and others")
    named = {key if ":" in str(key) else f"{NAMESPACE}:{key}": value for key, value in config.items()}
    backend = named.get(f"{NAMESPACE}:backend")
    kind = backend.get("kind") if isinstance(backend, dict) else None
    if kind not in _KINDS:
        raise SandboxError(
            f"{file}: {NAMESPACE}:backend.kind is {kind!r}, and the sandbox runs stacks of {' and '.join(_KINDS)}: "
            "write one of them"
        )
    return {**document, "config": named}


def like_of(document: Mapping[str, Any]) -> str:
    """Name the stack of the sandbox's own that has the same kind of backend."""
    return _KINDS[document["config"][f"{NAMESPACE}:backend"]["kind"]]


def remove_secrets(document: dict[str, Any]) -> list[tuple[str, ...]]:
    """Remove what a passphrase other than the sandbox's encrypted from a stack's file.

    :returns: Where those values were, below `config`.
    """
    for key in [key for key in document if key.startswith(("encryption", "encrypted", "secretsprovider"))]:
        del document[key]
    return list(_remove_secrets(document["config"], ()))


def _remove_secrets(mapping: dict[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for key, value in list(mapping.items()):
        if isinstance(value, dict) and list(value) == ["secure"]:
            del mapping[key]
            yield (*path, key)
        elif isinstance(value, dict):
            yield from _remove_secrets(value, (*path, key))


def unset(document: Mapping[str, Any], paths: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """List those of `paths` below `config` that have no value."""
    return [path for path in paths if _at(document["config"], path) in (None, {})]


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def put(config: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Set the value at `path`, and make the mappings above it that are missing."""
    *above, last = path
    for key in above:
        config = config.setdefault(key, {})
    config[last] = value


def config_path(path: tuple[str, ...]) -> str:
    """Write a path as `pulumi config set --path` reads it. (Pulumi docs: "Structured configuration")"""
    first, *rest = path
    return first + "".join(f".{key}" if key.isidentifier() else f'["{key}"]' for key in rest)


def complete(config: dict[str, Any], servers: Servers, *, own: bool) -> list[str]:
    """Put the sandbox's addresses, tenant, certificates and kubeconfig into a stack's settings.

    :param own: Whether it is one of the sandbox's own; any other also gets what the sandbox doesn't have (a context,
        an AKS cluster, nodes that have its images) taken out, and the objects that exist elsewhere made.
    :returns: Which of the settings that the file has are others now.
    """
    backend, kubernetes = (dict(config.get(f"{NAMESPACE}:{key}") or {}) for key in ("backend", "kubernetes"))
    before = {"backend": dict(backend), "kubernetes": dict(kubernetes)}
    elsewhere = _has_own_vault(backend)
    kubernetes["kubeconfig"] = str(servers.kubeconfig)
    if servers.accounts is not None:
        # The node has the images of the sandbox's own stacks, and of no others.
        kubernetes["waitForRollout"] = own
        named = config.get(f"{NAMESPACE}:administrators") or []
        if isinstance(named, list):
            accounts = [f"service account {account}" for account in servers.accounts]
            config[f"{NAMESPACE}:administrators"] = list(dict.fromkeys([*named, *accounts]))
    if not own:
        _detach(kubernetes, charts=bool(config.get(f"{NAMESPACE}:charts")))
    if backend["kind"] == "azure-key-vault":
        kubernetes["oidcIssuer"] = servers.issuer
        _complete_azure(backend, servers, own=own)
    elif not elsewhere:
        _complete_vault(backend, kubernetes, servers, own=own)
    config |= {f"{NAMESPACE}:backend": backend, f"{NAMESPACE}:kubernetes": kubernetes}
    if not own and not elsewhere:
        _add_seeds(config, backend)
    after = {"backend": backend, "kubernetes": kubernetes}
    return [
        f"{part}.{key}"
        for part, given in before.items()
        for key, value in given.items()
        if after[part].get(key) != value
    ]


def _detach(kubernetes: dict[str, Any], *, charts: bool) -> None:
    kubernetes.pop("context", None)
    kubernetes.pop("aks", None)
    kubernetes["waitForRollout"] = False
    if kubernetes.get("install", "existing") != "existing" and not charts:
        # The sandbox's API server has the driver's CRDs, and its node the driver.
        kubernetes["install"] = "existing"
        for key in ("providers", "audiences", "rotationPollInterval"):
            kubernetes.pop(key, None)


def _has_own_vault(backend: Mapping[str, Any]) -> bool:
    """Tell whether a stack deploys its Vault, or names one on this machine."""
    address = backend.get("address")
    return "server" in backend or (isinstance(address, str) and urlsplit(address).hostname in _LOOPBACK)


def _complete_azure(backend: dict[str, Any], servers: Servers, *, own: bool) -> None:
    backend |= {"tenantId": servers.tenant, "subscriptionId": servers.subscription}
    if own:
        return
    backend["createResourceGroup"] = True
    backend.setdefault("location", "westeurope")
    vault = backend.get("vault")
    if isinstance(vault, dict) and "id" not in vault:
        backend["vault"] = {**vault, "create": True, "purgeProtection": False}


def _complete_vault(backend: dict[str, Any], kubernetes: dict[str, Any], servers: Servers, *, own: bool) -> None:
    backend |= {"address": servers.vault, "caCertificate": str(servers.authority)}
    if own:
        return
    for key in ("namespace", "tlsServerName"):
        backend.pop(key, None)
    if kubernetes.get("install", "existing") == "existing":
        backend.setdefault("providerCaPath", _CA_IN_PODS)
    for key in ("mount", "auth"):
        if isinstance(given := backend.get(key) or {}, dict):
            backend[key] = {**given, "create": True}
    if backend["auth"].get("kind") == "jwt":
        kubernetes["oidcIssuer"] = servers.issuer
        backend["auth"] = {
            "kind": "jwt",
            "path": backend["auth"].get("path", "jwt"),
            "publicKeys": [str(servers.token_key)],
        }


def _add_seeds(config: dict[str, Any], backend: Mapping[str, Any]) -> None:
    """Let the stack generate the secrets that its workloads read, and that exist elsewhere."""
    seeds: dict[str, Any] = config.setdefault(f"{NAMESPACE}:seeds", {})
    azure = backend["kind"] == "azure-key-vault"
    elsewhere = {*(backend.get("certificates") or {}), *(backend.get("keys") or {})}
    for secret in _secrets(config):
        name, key = secret.get("object") or secret.get("name"), secret.get("key")
        if name in elsewhere or secret.get("type", "secret") != "secret" or not isinstance(name, str):
            continue
        if key is None and azure:
            seeds.setdefault(name, dict(_GENERATED))
        elif isinstance(below := seeds.setdefault(name, {}), dict) and "generate" not in below:
            below.setdefault(key or "value", dict(_GENERATED))


def _secrets(config: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    workloads = config.get(f"{NAMESPACE}:workloads")
    for workload in workloads if isinstance(workloads, list) else ():
        secrets = workload.get("secrets") if isinstance(workload, dict) else None
        yield from (secret for secret in secrets or () if isinstance(secret, dict))
