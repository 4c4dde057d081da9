"""Checks of a workload's token, as Vault describes it to the workload itself."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from ..errors import AbsentError, NotAllowedError
from ..pulumi.stack import DeployedWorkload, VaultStore
from ..store.base import DeniedError
from ..store.sampler import Sampler
from .check import Check
from .deployment import Deployment
from .difference import Difference, compare

if TYPE_CHECKING:
    from ..store.vault import VaultSession

_PARTS = ("data", "metadata", "delete", "undelete", "destroy", "subkeys")
_DATABASE = ("config", "roles", "static-roles", "creds", "static-creds", "rotate-root", "rotate-role", "reset")
_PKI = ("issue", "sign", "roles", "issuer", "key")
_OTHERS = 64
_SYSTEM = (
    "sys/policies/acl/strongroom-verify",
    "sys/policy/strongroom-verify",
    "sys/mounts/strongroom-verify",
    "sys/auth/strongroom-verify",
    "sys/audit/strongroom-verify",
    "sys/raw/strongroom-verify",
    "sys/seal",
    "sys/leases/lookup",
    "auth/token/create",
    "auth/token/create-orphan",
    "auth/token/accessors",
    "auth/token/roles/strongroom-verify",
    "identity/entity",
    "identity/entity-alias",
    "identity/group",
    "identity/lookup/entity",
)


def check_token(session: "VaultSession", workload: DeployedWorkload, deployment: Deployment) -> Iterator[Check]:
    """Compare a workload's token, and the mounts that it reaches, with its role as it was deployed."""
    role = deployment.find_role(workload)
    asked = (f"login by {session.name}",)
    if role is not None:
        expected: dict[str, Any] = {
            "policies": sorted(map(str, role.at("tokenPolicies") or ())),
            "token_type": {"default": "service"}.get(str(role.at("tokenType") or "default"), role.at("tokenType")),
            "num_uses": role.at("tokenNumUses") or 0,
        }
        if not role.at("tokenNoDefaultPolicy"):
            expected["policies"] = sorted({*expected["policies"], "default"})
        life = role.at("tokenPeriod") or role.at("tokenTtl")
        if isinstance(life, int | float):
            expected["lease_duration"] = life
        found = {name: session.login.get(name) for name in expected} | {
            "policies": sorted(map(str, session.login.get("policies") or ())),
            "identity_policies": session.login.get("identity_policies"),
        }
        differences = list(compare(expected, found, {}))
        yield _build_check(
            workload, "its token is as its role declares", differences, asked, _format_lifetime(session.login)
        )
    what, asked = "its token reaches no other mount", ("GET sys/internal/ui/mounts",)
    try:
        mounts = session.list_mounts()
    except DeniedError:
        # Vault responds to every valid token.
        reason = "its token has ended, so what was refused above may have been refused for that: run again"
        yield Check(workload.path, what, False, reason, asked, "forbidden")
        return
    own = {
        f"{session.store.mount}/",
        *(path for path in mounts["secret"] if any(each.path.startswith(path) for each in workload.dynamic)),
    }
    surplus = [path for path in mounts["secret"] if path not in own] + [f"auth/{path}" for path in mounts["auth"]]
    yield Check(
        workload.path,
        what,
        not surplus,
        ", ".join(surplus) or ", ".join(sorted(own)),
        asked,
        f"{len(surplus)} others",
    )


def check_capabilities(
    session: "VaultSession", objects: Sampler, store: VaultStore, workload: DeployedWorkload
) -> Check:
    """Compare a token's capabilities with what was declared: to read its own objects.

    They are queried by the operator's token, if it may, else by the token itself, which needs Vault's default policy
    for that. (Vault docs: "/sys/capabilities-accessor")

    :param objects: The names of the objects that any workload of the stack declares.
    """
    what, asked = "its token may read its objects and do nothing else", ("POST sys/capabilities-accessor",)
    own = {item.object for item in workload.objects}
    others = objects.draw(workload.path, _OTHERS, without=own)
    expected = {f"{store.mount}/data/{name}": ["read"] for name in own}
    made = {each.path: [each.capability] for each in workload.dynamic}
    expected |= made
    paths = [
        *(f"{store.mount}/{part}/{name}" for name in (*sorted(own), *others) for part in _PARTS),
        *sorted(made),
        *session.dynamic.draw(workload.path, _OTHERS, without=made),
        *(f"{store.database_mount}/{part}/strongroom-verify" for part in _DATABASE if store.database_mount),
        *(f"{store.pki_mount}/{part}/strongroom-verify" for part in _PKI if store.pki_mount),
        *_SYSTEM,
    ]
    try:
        found = _query_capabilities(session, paths)
    except NotAllowedError as error:
        return Check(workload.path, what, None, str(error), asked, "forbidden")
    differences = [
        Difference((path,), expected.get(path), verbs)
        for path in paths
        if sorted(verbs := [str(verb) for verb in found.get(path) or ["deny"]]) != expected.get(path, ["deny"])
    ]
    return _build_check(workload, what, differences, asked, f"{len(paths)} paths")


def _query_capabilities(session: "VaultSession", paths: Sequence[str]) -> Mapping[str, Any]:
    if session.operator:
        try:
            return session.operator.query(
                "sys/capabilities-accessor", accessor=session.login.get("accessor"), paths=paths
            )
        except (NotAllowedError, AbsentError):
            pass
    try:
        return session.query_capabilities(paths)
    except DeniedError:
        raise NotAllowedError(
            "neither the operator's token (VAULT_TOKEN) may query sys/capabilities-accessor, nor the workload's "
            "sys/capabilities-self"
        ) from None


def _build_check(
    workload: DeployedWorkload, what: str, differences: Sequence[Difference], asked: tuple[str, ...], seen: str
) -> Check:
    return Check(
        workload.path,
        what,
        not differences,
        "; ".join(map(str, differences)) or seen,
        asked,
        f"{len(differences)} differences",
    )


def _format_lifetime(login: Mapping[str, Any]) -> str:
    policies = ", ".join(cast("Sequence[str]", login.get("policies") or ()))
    return f"{policies} for {login.get('lease_duration')} s"
