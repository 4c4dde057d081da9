"""Check of the rights of a stack's token in Vault."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

from strongroom.policy.rules import Declared
from strongroom.policy.rules.kinds import vault as kinds

from ..findings import Finding
from ..store.vault_operator import VaultOperator

_WRITE = ("create", "update")
_SKIP = "TERRAFORM_VAULT_SKIP_CHILD_TOKEN"


def check_rights(operator: VaultOperator, resources: Iterable[Declared]) -> Finding:
    """Compare what the caller's token may do with what an update needs, by the paths that it would write.

    (Pulumi Registry: "Vault Provider", on the token; Vault docs: "/sys/capabilities-self", "Policies")

    :param resources: What the stack declares.
    :raises NotAllowedError: The token may not query its rights.
    """
    needs = list(dict.fromkeys(_list_needs(resources)))
    paths = list(dict.fromkeys(path for path, _ in needs))
    allowed = operator.query("sys/capabilities-self", paths=paths)
    missing = [f"{' or '.join(wanted)} on {path}" for path, wanted in needs if not _has(wanted, allowed.get(path))]
    if missing:
        return Finding.failed(
            f"the token in VAULT_TOKEN lacks {'; '.join(missing)}",
            "give its policy those rights: docs/vault.md lists them all",
        )
    return Finding.ok(f"it may do what an update needs at {len(paths)} paths")


def _list_needs(resources: Iterable[Declared]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each path, and the capabilities of which one is enough there."""
    if os.environ.get(_SKIP, "").lower() not in {"1", "true"}:
        yield "auth/token/create", _WRITE
    yield "auth/token/lookup-self", ("read",)
    for resource in resources:
        yield from _list_needs_of(resource)


def _list_needs_of(resource: Declared) -> Iterator[tuple[str, tuple[str, ...]]]:
    inputs: Mapping[str, object] = {key: value for key, value in resource.properties.items() if isinstance(value, str)}
    kind, path = resource.kind, inputs.get("path") or inputs.get("type")
    backend, mount, name = inputs.get("backend"), inputs.get("mount"), inputs.get("name")
    if kind == kinds.MOUNT:
        yield f"sys/mounts/{path}", _WRITE
    elif kind in kinds.METHODS:
        yield f"sys/auth/{path}", ("sudo",)
        yield f"sys/auth/{path}", _WRITE
    elif kind == kinds.KUBERNETES_CONFIG:
        yield f"auth/{backend}/config", _WRITE
    elif kind in kinds.ROLES:
        yield f"auth/{backend}/role/{inputs.get('roleName')}", _WRITE
    elif kind in kinds.DATABASES:
        yield f"{backend}/{kinds.DATABASES[kind]}/{name}", _WRITE
    elif kind in kinds.PKI_PARTS:
        yield f"{backend}/{kinds.PKI_PARTS[kind]}", _WRITE
    elif kind == kinds.PKI_ROLE:
        yield f"{backend}/roles/{name}", _WRITE
    elif kind == kinds.ENDPOINT:
        yield f"{path}", _WRITE
    elif kind == kinds.POLICY:
        yield f"sys/policies/acl/{name}", _WRITE
    elif kind == kinds.OBJECT:
        yield f"{mount}/data/{name}", _WRITE
        yield f"{mount}/metadata/{name}", ("read",)


def _has(wanted: Sequence[str], found: object) -> bool:
    return isinstance(found, list) and ("root" in found or any(each in found for each in wanted))
