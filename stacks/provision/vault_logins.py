"""From settings to components: logins, groups and audit devices of a Vault."""

from collections.abc import Callable, Sequence
from typing import Any

import pulumi

from strongroom.components.field_types import Declaration
from strongroom.components.vault.audit import AuditDevice, AuditDeviceArgs
from strongroom.components.vault.auth.approle import AppRole, AppRoleAuth, AppRoleAuthArgs
from strongroom.components.vault.auth.external_group import ExternalGroup, ExternalGroupArgs
from strongroom.components.vault.auth.github import GithubAuth, GithubAuthArgs
from strongroom.components.vault.auth.ldap import LdapAuth, LdapAuthArgs
from strongroom.components.vault.auth.oidc import OidcAuth, OidcAuthArgs
from strongroom.components.vault.auth.options import GithubOptions, LdapOptions, LoginOptions, OidcOptions, RoleOptions
from strongroom.components.vault.auth.userpass import User, UserpassAuth, UserpassAuthArgs
from strongroom.components.vault.policy import build_policy_name

from ..settings.root import Settings
from ..settings.vault import VaultSettings
from ..settings.vault_logins import AppRoleLogin, GithubLogin, LdapLogin, LoginSettings, OidcLogin, UserpassLogin
from ..validation.vault import is_local
from .files import Files


def declare_audit(vault: VaultSettings, opts: pulumi.ResourceOptions) -> None:
    """Declare the audit devices, unless bootstrap enables them: its token may not."""
    if vault.bootstrap:
        return
    for device in vault.audit:
        AuditDevice(device.path, AuditDeviceArgs(device=device), opts)


def declare_logins(settings: Settings, vault: VaultSettings, files: Files, opts: pulumi.ResourceOptions) -> None:
    """Declare the auth methods of people and machines, and the policies of their groups."""
    policies = {
        group.name: [*(build_policy_name(vault.auth.path, workload) for workload in group.reads), *group.policies]
        for group in vault.groups
    }

    def list_policies(groups: Sequence[str]) -> list[str]:
        return sorted({policy for group in groups for policy in policies[group]})

    accessors = {
        login.path: accessor
        for login in vault.logins
        if (accessor := _declare_login(login, settings, files.login_cas.get(login.path), list_policies, opts))
        is not None
    }
    members: dict[tuple[str, str], list[str]] = {}
    for group in vault.groups:
        for path, names in group.members.items():
            for name in names:
                members.setdefault((path, name), []).append(group.name)
    for (path, name), groups in members.items():
        args = ExternalGroupArgs(group=name, path=path, accessor=accessors[path], policies=list_policies(groups))
        ExternalGroup(f"{path}/{name}", args, opts)


def _declare_login(
    login: LoginSettings,
    settings: Settings,
    authority: str | None,
    list_policies: Callable[[Sequence[str]], list[str]],
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str] | None:
    """Declare a login; return its accessor, if it has external groups."""
    credentials = {name: value.get_secret_value() for name, value in settings.credentials.items()}
    match login:
        case AppRoleLogin():
            roles = [AppRole(**_share(role, RoleOptions), policies=list_policies(role.groups)) for role in login.roles]
            AppRoleAuth(login.path, AppRoleAuthArgs(path=login.path, roles=roles, **_share(login, LoginOptions)), opts)
            return None
        case UserpassLogin():
            users = [
                User(
                    name=user.name,
                    policies=list_policies(user.groups),
                    password=credentials[f"{login.path}/{user.name}"],
                )
                for user in login.users
            ]
            UserpassAuth(
                login.path, UserpassAuthArgs(path=login.path, users=users, **_share(login, LoginOptions)), opts
            )
            return None
        case LdapLogin():
            ldap = LdapAuthArgs(
                **_share(login, LdapOptions),
                bind_password=credentials.get(login.path),
                ca_certificate=authority,
                production=not is_local(pulumi.get_stack()),
            )
            return LdapAuth(login.path, ldap, opts).accessor
        case GithubLogin():
            return GithubAuth(login.path, GithubAuthArgs(**_share(login, GithubOptions)), opts).accessor
        case OidcLogin():
            oidc = OidcAuthArgs(
                **_share(login, OidcOptions), client_secret=credentials[login.path], ca_certificate=authority
            )
            return OidcAuth(login.path, oidc, opts).accessor


def _share(settings: Declaration, options: type[Declaration]) -> dict[str, Any]:
    """Return the fields of `settings` that are a component's arguments as they are."""
    return {name: getattr(settings, name) for name in options.model_fields}
