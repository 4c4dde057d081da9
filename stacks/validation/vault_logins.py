"""Rules between the logins, groups and audit devices of a Vault."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from strongroom.components.vault.audit import check_device_kinds

from ..errors import ValidationIssue
from ..settings.raw import Invalid, as_mapping, iterate_mappings, read_name
from .durations import check_order

_CONFIGURED = (
    "kubernetesHost",
    "kubernetesCaCertificate",
    "reviewer",
    "issuer",
    "jwksUrl",
    "publicKeys",
    "caCertificate",
)
"""The settings that configure a method."""

_DIRECTORIES = {"ldap", "github", "oidc"}


def check_logins(raw: Mapping[str, Any], backend: Mapping[str, Any], *, is_local: bool) -> Iterator[ValidationIssue]:
    """Check logins, groups and audit devices against each other and the rest.

    :param raw: The stack's configuration.
    :param backend: Its settings of Vault.
    :param is_local: Whether the stack is on this machine alone.
    """
    logins = list(iterate_mappings(backend.get("logins")))
    yield from _check_auth(backend, as_mapping(raw.get("kubernetes")))
    yield from _check_paths(backend, logins)
    yield from _check_groups(raw, backend, logins)
    yield from _check_directories(logins, is_local)
    yield from _check_credentials(as_mapping(raw.get("credentials")), logins)
    yield from _check_audit(backend)
    for number, login in logins:
        yield from check_order(("backend", "logins", number), login, "tokenTtl", "tokenMaxTtl", (3600, 28800))


def _check_auth(backend: Mapping[str, Any], kubernetes: Mapping[str, Any]) -> Iterator[ValidationIssue]:
    auth = as_mapping(backend.get("auth"))
    if auth.get("create") is False:
        for key in _CONFIGURED:
            if auth.get(key):
                yield ValidationIssue(
                    ("backend", "auth", key),
                    "This setting is allowed with create: true only: an existing method is not changed",
                )
    if auth.get("kind") != "jwt" or auth.get("create") is False:
        return
    if not auth.get("issuer") and not kubernetes.get("oidcIssuer"):
        yield ValidationIssue(
            ("backend", "auth", "issuer"),
            "This setting is required: set the cluster's issuer here or in kubernetes.oidcIssuer "
            "(kubectl get --raw /.well-known/openid-configuration)",
        )
    if auth.get("jwksUrl") and auth.get("publicKeys"):
        yield ValidationIssue(
            ("backend", "auth", "publicKeys"), "This setting and jwksUrl both provide the keys: keep one of them"
        )


def _check_paths(backend: Mapping[str, Any], logins: list[tuple[int, Mapping[str, Any]]]) -> Iterator[ValidationIssue]:
    auth = as_mapping(backend.get("auth"))
    taken = _read_path(auth) or "kubernetes"
    seen: dict[str, int] = {}
    for number, login in logins:
        # Two that are written are reported as a repetition.
        first = seen.setdefault(_read_path(login), number)
        if first != number and not (login.get("path") and logins[first][1].get("path")):
            yield ValidationIssue(
                ("backend", "logins", number, "path"),
                f"{_read_path(login)!r} is the path of entry [{first}] too: use another",
            )
        if _read_path(login) == taken:
            yield ValidationIssue(
                ("backend", "logins", number, "path"), f"{taken!r} is the path of the workloads' login: use another"
            )


def _check_groups(
    raw: Mapping[str, Any], backend: Mapping[str, Any], logins: list[tuple[int, Mapping[str, Any]]]
) -> Iterator[ValidationIssue]:
    workloads = {
        f"{read_name(each.get('namespace'))}/{read_name(each.get('name'))}"
        for _, each in iterate_mappings(raw.get("workloads"))
    }
    directories = {_read_path(login) for _, login in logins if login.get("kind") in _DIRECTORIES}
    names: set[str] = set()
    for number, group in iterate_mappings(backend.get("groups")):
        place = ("backend", "groups", number)
        names.add(read_name(group.get("name")) or "")
        if not group.get("reads") and not group.get("policies"):
            yield ValidationIssue(place, "This group has no rights: list workloads in reads, or policies")
        for index, workload in enumerate(_list_texts(group.get("reads"))):
            if workload not in workloads:
                known = " or ".join(sorted(workloads)) or "one of workloads, of which there is none"
                yield ValidationIssue(
                    (*place, "reads", index), f"{workload!r} is not a workload of this stack: use {known}"
                )
        # A login that is invalid may be the one that is meant.
        written = backend.get("logins", [])
        unsure = not isinstance(written, list) or any(
            isinstance(each, Invalid) for each in cast("list[object]", written)
        )
        for path in as_mapping(group.get("members")):
            if path not in directories and not unsure:
                known = (
                    " or ".join(sorted(directories)) or "a login of kind ldap, github or oidc, of which there is none"
                )
                yield ValidationIssue(
                    (*place, "members", path), f"{path!r} is not the path of a login with a directory: use {known}"
                )
    for number, login in logins:
        for what in ("roles", "users"):
            for index, member in iterate_mappings(login.get(what)):
                for nth, name in enumerate(_list_texts(member.get("groups"))):
                    if name not in names:
                        known = " or ".join(sorted(names)) or "one of backend.groups, of which there is none"
                        yield ValidationIssue(
                            ("backend", "logins", number, what, index, "groups", nth),
                            f"{name!r} is not a group: use {known}",
                        )


def _check_directories(logins: list[tuple[int, Mapping[str, Any]]], is_local: bool) -> Iterator[ValidationIssue]:
    for number, login in logins:
        url = login.get("url")
        if login.get("kind") == "ldap" and isinstance(url, str) and not login.get("startTls") and not is_local:
            for each in url.split(","):
                if each.startswith("ldap://"):
                    yield ValidationIssue(
                        ("backend", "logins", number, "url"),
                        f"{each!r} sends passwords in cleartext: use ldaps://, or startTls: true",
                    )


def _check_credentials(
    credentials: Mapping[str, Any], logins: list[tuple[int, Mapping[str, Any]]]
) -> Iterator[ValidationIssue]:
    needed: dict[str, str] = {}
    for _, login in logins:
        path = _read_path(login)
        if login.get("kind") == "ldap" and login.get("bindDn"):
            needed[path] = "the password of bindDn"
        if login.get("kind") == "oidc":
            needed[path] = "the client's secret"
        needed |= {
            f"{path}/{user['name']}": "the user's password"
            for _, user in iterate_mappings(login.get("users"))
            if isinstance(user.get("name"), str)
        }
    for name, what in needed.items():
        if name not in credentials:
            yield ValidationIssue(
                ("credentials", name),
                f"This setting, {what}, is required: use "
                f"`pulumi config set --secret --path 'strongroom:credentials[\"{name}\"]'`",
            )
    for name in credentials:
        if name not in needed:
            known = " or ".join(sorted(needed)) or "none, since no login needs one"
            yield ValidationIssue(("credentials", name), f"{name!r} belongs to no login. Allowed here: {known}")


def _check_audit(backend: Mapping[str, Any]) -> Iterator[ValidationIssue]:
    devices = [str(device.get("kind")) for _, device in iterate_mappings(backend.get("audit"))]
    taken: dict[str, tuple[int, bool]] = {}
    for number, device in iterate_mappings(backend.get("audit")):
        first, written = taken.setdefault(_read_path(device), (number, "path" in device))
        # Two that are written are reported as a repetition.
        if first != number and not (written and "path" in device):
            yield ValidationIssue(
                ("backend", "audit", number, "path"),
                f"{_read_path(device)!r} is the path of entry [{first}] too: use another",
            )
    if devices and backend.get("namespace"):
        yield ValidationIssue(
            ("backend", "audit"),
            "Audit devices belong to Vault's root namespace: omit them (HCP streams its audit log from its portal)",
        )
    if problem := check_device_kinds(devices):
        yield ValidationIssue(("backend", "audit"), f"The devices {problem}")


def _read_path(login: Mapping[str, Any]) -> str:
    return read_name(login.get("path")) or read_name(login.get("kind")) or ""


def _list_texts(value: object) -> list[str]:
    return [read_name(each) or "" for each in cast("list[object]", value)] if isinstance(value, list) else []
