"""Rules between the logins and groups of a Vault and the other settings."""

from collections.abc import Iterator

from strongroom.components.cross_checks import Location, skip_invalid

from ..errors import ValidationIssue
from ..settings.root import Settings
from ..settings.vault import JwtAuthSettings, VaultSettings
from ..settings.vault_logins import AppRoleLogin, GroupSettings, LdapLogin, LoginSettings, OidcLogin, UserpassLogin
from .secrets import list_workloads


def check_logins(settings: Settings, vault: VaultSettings, *, is_local: bool) -> Iterator[ValidationIssue]:
    """Check logins and groups against each other and the rest.

    :param is_local: Whether the stack is on this machine alone.
    """
    yield from _check_issuer(settings, vault)
    for number, group in enumerate(getattr(vault, "groups", ())):
        yield from _check_reads(settings, ("backend", "groups", number), group)
        yield from _check_members(vault, ("backend", "groups", number), group)
    for number, login in enumerate(getattr(vault, "logins", ())):
        yield from _check_groups(vault, ("backend", "logins", number), login)
        yield from _check_directory(("backend", "logins", number), login, is_local)
    yield from _check_credentials(settings, vault)


@skip_invalid
def _check_issuer(settings: Settings, vault: VaultSettings) -> Iterator[ValidationIssue]:
    auth = vault.auth
    if not isinstance(auth, JwtAuthSettings) or not auth.create:
        return
    if auth.issuer is None and settings.kubernetes.oidc_issuer is None:
        yield ValidationIssue(
            ("backend", "auth", "issuer"),
            "This setting is required: set the cluster's issuer here or in kubernetes.oidcIssuer "
            "(kubectl get --raw /.well-known/openid-configuration)",
        )


@skip_invalid
def _check_reads(settings: Settings, place: Location, group: GroupSettings) -> Iterator[ValidationIssue]:
    workloads = {workload.path for _, workload in list_workloads(settings)}
    for index, workload in enumerate(group.reads):
        if workload not in workloads:
            known = " or ".join(sorted(workloads)) or "one of workloads, of which there is none"
            yield ValidationIssue(
                (*place, "reads", index), f"{workload!r} is not a workload of this stack: use {known}"
            )


@skip_invalid
def _check_members(vault: VaultSettings, place: Location, group: GroupSettings) -> Iterator[ValidationIssue]:
    directories = {login.path for login in vault.logins if login.kind in {"ldap", "github", "oidc"}}
    for path in group.members:
        if path not in directories:
            known = " or ".join(sorted(directories)) or "a login of kind ldap, github or oidc, of which there is none"
            yield ValidationIssue(
                (*place, "members", path), f"{path!r} is not the path of a login with a directory: use {known}"
            )


@skip_invalid
def _check_groups(vault: VaultSettings, place: Location, login: LoginSettings) -> Iterator[ValidationIssue]:
    names = {group.name for group in vault.groups}
    key, members = (
        ("roles", login.roles)
        if isinstance(login, AppRoleLogin)
        else ("users", login.users if isinstance(login, UserpassLogin) else ())
    )
    for index, member in enumerate(members):
        for nth, name in enumerate(getattr(member, "groups", ())):
            if name not in names:
                known = " or ".join(sorted(names)) or "one of backend.groups, of which there is none"
                yield ValidationIssue((*place, key, index, "groups", nth), f"{name!r} is not a group: use {known}")


@skip_invalid
def _check_directory(place: Location, login: LoginSettings, is_local: bool) -> Iterator[ValidationIssue]:
    if isinstance(login, LdapLogin) and not is_local:
        for key, problem in login.list_plaintext():
            yield ValidationIssue((*place, key), problem)


@skip_invalid
def _check_credentials(settings: Settings, vault: VaultSettings) -> Iterator[ValidationIssue]:
    needed: dict[str, str] = {}
    for login in vault.logins:
        if isinstance(login, LdapLogin) and login.bind_dn is not None:
            needed[login.path] = "the password of bindDn"
        if isinstance(login, OidcLogin):
            needed[login.path] = "the client's secret"
        if isinstance(login, UserpassLogin):
            needed |= {f"{login.path}/{user.name}": "the user's password" for user in login.users}
    for database in vault.databases:
        needed[f"{vault.database_mount.path}/{database.name}"] = f"the password of {database.username}"
    # A user whose name is invalid will have another one.
    users = [
        (login.path, user.name) for login in vault.logins if isinstance(login, UserpassLogin) for user in login.users
    ]
    unsure = {f"{path}/{name}" for path, name in users if name != name.lower()}
    for name, what in needed.items():
        if name not in settings.credentials and name not in unsure:
            yield ValidationIssue(
                ("credentials", name),
                f"This setting, {what}, is required: use "
                f"`pulumi config set --secret --path 'strongroom:credentials[\"{name}\"]'`",
            )
    for name in settings.credentials:
        if name not in needed:
            known = " or ".join(sorted(needed)) or "none, since no login and no database needs one"
            yield ValidationIssue(
                ("credentials", name), f"{name!r} belongs to no login and no database. Allowed here: {known}"
            )
