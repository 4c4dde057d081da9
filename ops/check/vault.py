"""Checks of an existing Vault before a deployment."""

from collections.abc import Iterator, Mapping
from typing import Any

from strongroom.components.paths import is_versioned_path
from strongroom.stacks.settings.root import Settings
from strongroom.stacks.settings.vault import VaultSettings

from ..errors import AbsentError, NotAllowedError, OpsError, UnknownTokenError
from ..existing.find import New, find_existing
from ..existing.servers import build_vault_store
from ..existing.vault import VaultFinder
from ..findings import Finding, attempt
from ..store.vault_operator import VaultOperator
from .api_server import check_certificate
from .vault_rights import check_rights

_SOON = 600
"""Seconds. An update takes minutes."""


def check_vault(settings: Settings, backend: VaultSettings, new: New) -> Iterator[Finding]:
    """Check that Vault is usable, has what the stack needs, and nothing in the place of what it creates.

    :param new: What the stack declares, and what it has deployed.
    """
    if backend.server or backend.address is None:
        yield Finding.skipped("the stack deploys its Vault", name="store")
        return
    try:
        operator = VaultOperator(build_vault_store(backend))
        sealed = operator.sealed
    except OpsError as error:
        yield Finding.skipped(str(error), name="store")
        return
    if sealed:
        yield _report_sealed(backend)
        return
    yield Finding.ok(f"{backend.address} is unsealed", name="store")
    if not backend.bootstrap:
        yield attempt("token", lambda: _check_token(operator))
        if operator.has_token:
            yield attempt("rights", lambda: check_rights(operator, new.resources))
    if not backend.mount.create:
        yield attempt("mount", lambda: _check_mount(operator, backend))
        yield from _check_objects(operator, settings, backend)
    if backend.databases and not backend.database_mount.create:
        yield attempt("database engine", lambda: _check_database_mount(operator, backend.database_mount.path))
    for path in sorted({entry.path for workload in settings.workloads for entry in workload.paths}):
        yield attempt("path", lambda path=path: _check_path(operator, path))
    if not backend.auth.create:
        yield attempt("auth method", lambda: _check_auth(operator, backend))
    yield from check_certificate(settings)
    yield from find_existing(VaultFinder(operator), new)


def _report_sealed(backend: VaultSettings) -> Finding:
    seen = f"Vault at {backend.address} is sealed, or not initialised"
    if backend.bootstrap:
        return Finding.warning(seen, "the stack unseals it (backend.bootstrap)", name="store")
    return Finding.failed(seen, "unseal it: vault operator unseal", name="store")


def _check_token(operator: VaultOperator) -> Finding:
    if not operator.has_token:
        raise NotAllowedError("VAULT_TOKEN is not set, which the update needs")
    try:
        token = operator.read("auth/token/lookup-self")
    except UnknownTokenError as error:
        return Finding.failed(str(error), "log in, and set VAULT_TOKEN")
    except NotAllowedError:
        return Finding.skipped("the token in VAULT_TOKEN may not look itself up, so its expiry is unknown")
    left: int = token.get("ttl") or 0
    if token.get("expire_time") and left < _SOON:
        return Finding.warning(f"the token in VAULT_TOKEN ends in {left} s", "renew it, or log in again")
    return Finding.ok("it is valid" + (f" for {left} s" if token.get("expire_time") else ""))


def _check_mount(operator: VaultOperator, backend: VaultSettings) -> Finding:
    path, mounts = backend.mount.path, operator.read("sys/mounts")
    found: Mapping[str, Any] | None = mounts.get(f"{path}/")
    if found is None:
        return Finding.failed(
            f"Vault has no engine at {path}", "mount one, or have the stack do so: backend.mount.create"
        )
    options: Mapping[str, str] = found.get("options") or {}
    version = options.get("version", "1")
    if (found["type"], version) != ("kv", "2"):
        return Finding.failed(
            f"the engine at {path} is {found['type']}, version {version}, and KV version 2 is needed",
            f"name another in backend.mount.path, or vault kv enable-versioning {path}",
        )
    return Finding.ok(f"{path} is KV version 2")


def _check_database_mount(operator: VaultOperator, path: str) -> Finding:
    found: Mapping[str, Any] = operator.read("sys/mounts").get(f"{path}/") or {}
    if found.get("type") != "database":
        return Finding.failed(
            f"the engine at {path} is {found.get('type') or 'none'}, and a database engine is needed",
            "name another in backend.databaseMount.path, or have the stack mount it: backend.databaseMount.create",
        )
    return Finding.ok(f"{path} is a database engine")


def _check_path(operator: VaultOperator, path: str) -> Finding:
    """Check that an engine has a path of its kind; nothing is read there, which could make credentials."""
    mounts: Mapping[str, Any] = operator.read("sys/mounts")
    engine = max((mount for mount in mounts if path.startswith(mount)), key=len, default=None)
    if engine is None:
        return Finding.failed(
            f"Vault has no engine that {path} could be of",
            "mount one, or correct path in the workload's paths: it begins with the engine's",
        )
    kind: str = mounts[engine]["type"]
    options: Mapping[str, str] = mounts[engine].get("options") or {}
    is_versioned = kind == "kv" and options.get("version") == "2"
    below = path.removeprefix(engine)
    if is_versioned and not below.startswith("data/"):
        return Finding.failed(
            f"{engine} is KV version 2, and {path} is no path of an object there", f"write it as {engine}data/{below}"
        )
    if not is_versioned and is_versioned_path(path):
        return Finding.failed(
            f"{path} reads as one of KV version 2, and {engine} is {kind}, version 1"
            if kind == "kv"
            else f"{path} reads as one of KV version 2, and {engine} is {kind}",
            "use a path without the folder data",
        )
    return Finding.ok(f"{path} is of the engine {engine}, which is {kind}" + (" version 2" if is_versioned else ""))


def _check_auth(operator: VaultOperator, backend: VaultSettings) -> Finding:
    path, kind = backend.auth.path, backend.auth.kind
    found: Mapping[str, Any] | None = operator.read("sys/auth").get(f"{path}/")
    if found is None:
        return Finding.failed(
            f"Vault has no auth method at {path}", "enable one, or have the stack do so: backend.auth.create"
        )
    if found["type"] != kind:
        return Finding.failed(
            f"the auth method at {path} is {found['type']}, and {kind} is needed", "correct backend.auth"
        )
    return Finding.ok(f"{path} is {kind}")


def _check_objects(operator: VaultOperator, settings: Settings, backend: VaultSettings) -> Iterator[Finding]:
    """Check the objects and keys that workloads declare and no seed writes."""
    wanted = {
        (secret.object, secret.version, None if secret.optional else secret.key)
        for workload in settings.workloads
        for secret in workload.secrets
        if secret.object not in settings.seeds
    }
    for workload in settings.workloads:
        for secret in workload.secrets:
            seeded = settings.seeds.get(secret.object)
            if isinstance(seeded, Mapping) and secret.key and secret.key not in seeded and not secret.optional:
                yield Finding.failed(
                    f"strongroom:seeds.{secret.object} writes the object without the key {secret.key}, which "
                    f"{workload.path} declares",
                    "seed that key too, or leave the object to the owner of its other keys",
                    name="object",
                )
    for name, version, key in sorted(wanted, key=str):
        yield attempt(
            "object", lambda name=name, version=version, key=key: _check_object(operator, backend, name, version, key)
        )


def _check_object(
    operator: VaultOperator, backend: VaultSettings, name: str, version: str | None, key: str | None
) -> Finding:
    place = f"{backend.mount.path}/{name}" + (f", version {version}" if version else "")
    try:
        keys = operator.list_keys(backend.mount.path, name, version)
    except AbsentError:
        return Finding.failed(f"Vault has no {place}", "write it: vault kv put; or seed it (strongroom:seeds)")
    if key is None:
        return Finding.ok(f"{place} exists, and no single key of it is needed")
    if key not in keys:
        return Finding.failed(
            f"{place} has no key {key}", "write it: vault kv patch; or correct key in the workload's secrets"
        )
    return Finding.ok(f"{place} has the key {key}")
