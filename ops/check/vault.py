"""What a stack needs of a Vault that exists."""

from collections.abc import Iterator, Mapping
from typing import Any

from strongroom.stacks.settings.root import Settings
from strongroom.stacks.settings.vault import VaultSettings

from ..errors import AbsentError, NotAllowedError, OpsError, UnknownTokenError
from ..existing.find import New, find_existing
from ..existing.servers import vault_store
from ..existing.vault import VaultFinder
from ..findings import Finding, attempt
from ..store.vault_operator import VaultOperator
from .api_server import check_certificate
from .vault_rights import check_rights

_SOON = 600
"""Seconds. An update takes minutes."""


def vault(settings: Settings, backend: VaultSettings, new: New) -> Iterator[Finding]:
    """Whether Vault is reached and open to the token, has what the stack neither makes nor writes, and nothing in the
    place of what it makes.

    :param new: What the stack declares, and what it has of that.
    """
    if backend.server or backend.address is None:
        yield Finding.skipped("the stack deploys its Vault", name="store")
        return
    try:
        operator = VaultOperator(vault_store(backend))
        sealed = operator.sealed
    except OpsError as error:
        yield Finding.skipped(str(error), name="store")
        return
    if sealed:
        yield _sealed(backend)
        return
    yield Finding.ok(f"{backend.address} is unsealed", name="store")
    if not backend.bootstrap:
        yield attempt("token", lambda: _token(operator))
        if operator.has_token:
            yield attempt("rights", lambda: check_rights(operator, new.resources))
    if not backend.mount.create:
        yield attempt("mount", lambda: _mount(operator, backend))
        yield from _objects(operator, settings, backend)
    if not backend.auth.create:
        yield attempt("auth method", lambda: _auth(operator, backend))
    yield from check_certificate(settings)
    yield from find_existing(VaultFinder(operator), new)


def _sealed(backend: VaultSettings) -> Finding:
    seen = f"Vault at {backend.address} is sealed, or not initialised"
    if backend.bootstrap:
        return Finding.warning(seen, "the stack opens it (backend.bootstrap)", name="store")
    return Finding.failed(seen, "unseal it: vault operator unseal", name="store")


def _token(operator: VaultOperator) -> Finding:
    if not operator.has_token:
        raise NotAllowedError("VAULT_TOKEN is not set, which the update needs")
    try:
        told = operator.read("auth/token/lookup-self")
    except UnknownTokenError as error:
        return Finding.failed(str(error), "log in, and set VAULT_TOKEN")
    except NotAllowedError:
        return Finding.skipped("the token in VAULT_TOKEN may not look itself up, so its end is not known")
    left: int = told.get("ttl") or 0
    if told.get("expire_time") and left < _SOON:
        return Finding.warning(f"the token in VAULT_TOKEN ends in {left} s", "renew it, or log in again")
    return Finding.ok("it is valid" + (f" for {left} s" if told.get("expire_time") else ""))


def _mount(operator: VaultOperator, backend: VaultSettings) -> Finding:
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


def _auth(operator: VaultOperator, backend: VaultSettings) -> Finding:
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


def _objects(operator: VaultOperator, settings: Settings, backend: VaultSettings) -> Iterator[Finding]:
    """Objects and keys that workloads declare and nobody seeds."""
    wanted = {
        (secret.object, secret.version, secret.key)
        for workload in settings.workloads
        for secret in workload.secrets
        if secret.object not in settings.seeds
    }
    for workload in settings.workloads:
        for secret in workload.secrets:
            seeded = settings.seeds.get(secret.object)
            if isinstance(seeded, Mapping) and secret.key not in seeded:
                yield Finding.failed(
                    f"strongroom:seeds.{secret.object} writes the object without the key {secret.key}, which "
                    f"{workload.path} declares",
                    "seed that key too, or leave the object to the owner of its other keys",
                    name="object",
                )
    for name, version, key in sorted(wanted, key=str):
        yield attempt(
            "object", lambda name=name, version=version, key=key: _object(operator, backend, name, version, key)
        )


def _object(
    operator: VaultOperator, backend: VaultSettings, name: str, version: str | None, key: str | None
) -> Finding:
    place = f"{backend.mount.path}/{name}" + (f", version {version}" if version else "")
    try:
        keys = operator.list_keys(backend.mount.path, name, version)
    except AbsentError:
        return Finding.failed(f"Vault has no {place}", "write it: vault kv put; or seed it (strongroom:seeds)")
    if key not in keys:
        return Finding.failed(
            f"{place} has no key {key}", "write it: vault kv patch; or correct key in the workload's secrets"
        )
    return Finding.ok(f"{place} has the key {key}")
