"""From settings to components: logins, groups and audit devices of a Vault."""

from collections.abc import Callable, Sequence

import pulumi

from strongroom.components.vault.audit import AuditDevice
from strongroom.components.vault.auth.approle import AppRole, AppRoleAuth
from strongroom.components.vault.auth.external_group import ExternalGroup
from strongroom.components.vault.auth.github import GithubAuth
from strongroom.components.vault.auth.ldap import LdapAuth
from strongroom.components.vault.auth.oidc import OidcAuth
from strongroom.components.vault.auth.userpass import User, UserpassAuth
from strongroom.components.vault.policy import build_policy_name

from ..settings.root import Settings
from ..settings.vault import VaultSettings
from ..settings.vault_logins import AppRoleLogin, GithubLogin, LdapLogin, LoginSettings, OidcLogin, UserpassLogin
from .files import Files


def declare_audit(vault: VaultSettings, opts: pulumi.ResourceOptions) -> None:
    """Declare the audit devices, unless bootstrap enables them: its token may not."""
    if vault.bootstrap:
        return
    for device in vault.audit:
        AuditDevice(device.path, device=device, opts=opts)


def declare_logins(settings: Settings, vault: VaultSettings, files: Files, opts: pulumi.ResourceOptions) -> None:
    """Declare the auth methods of people and machines, and the policies of their groups."""
    policies = {
        group.name: [*(build_policy_name(vault.auth.path, workload) for workload in group.reads), *group.policies]
        for group in vault.groups
    }

    def of(groups: Sequence[str]) -> list[str]:
        return sorted({policy for group in groups for policy in policies[group]})

    accessors = {
        login.path: accessor
        for login in vault.logins
        if (accessor := _declare_login(login, settings, files.login_cas.get(login.path), of, opts)) is not None
    }
    members: dict[tuple[str, str], list[str]] = {}
    for group in vault.groups:
        for path, names in group.members.items():
            for name in names:
                members.setdefault((path, name), []).append(group.name)
    for (path, name), groups in members.items():
        ExternalGroup(f"{path}/{name}", group=name, path=path, accessor=accessors[path], policies=of(groups), opts=opts)


def _declare_login(
    login: LoginSettings,
    settings: Settings,
    authority: str | None,
    of: Callable[[Sequence[str]], list[str]],
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str] | None:
    """Declare a login; return its accessor, if it has external groups."""
    credentials = {name: value.get_secret_value() for name, value in settings.credentials.items()}
    match login:
        case AppRoleLogin():
            AppRoleAuth(
                login.path,
                path=login.path,
                roles=[
                    AppRole(role.name, of(role.groups), role.secret_id_ttl, role.secret_id_uses, role.bound_cidrs)
                    for role in login.roles
                ],
                token_ttl=login.token_ttl,
                token_max_ttl=login.token_max_ttl,
                opts=opts,
            )
            return None
        case UserpassLogin():
            UserpassAuth(
                login.path,
                path=login.path,
                users=[
                    User(user.name, of(user.groups), credentials[f"{login.path}/{user.name}"]) for user in login.users
                ],
                token_ttl=login.token_ttl,
                token_max_ttl=login.token_max_ttl,
                opts=opts,
            )
            return None
        case LdapLogin():
            return LdapAuth(
                login.path,
                path=login.path,
                url=login.url,
                user_dn=login.user_dn,
                user_attribute=login.user_attribute,
                group_dn=login.group_dn,
                group_attribute=login.group_attribute,
                group_filter=login.group_filter,
                bind_dn=login.bind_dn,
                bind_password=credentials.get(login.path),
                ca_certificate=authority,
                start_tls=login.start_tls,
                token_ttl=login.token_ttl,
                token_max_ttl=login.token_max_ttl,
                opts=opts,
            ).accessor
        case GithubLogin():
            return GithubAuth(
                login.path,
                path=login.path,
                organization=login.organization,
                organization_id=login.organization_id,
                base_url=login.base_url,
                token_ttl=login.token_ttl,
                token_max_ttl=login.token_max_ttl,
                opts=opts,
            ).accessor
        case OidcLogin():
            return OidcAuth(
                login.path,
                path=login.path,
                discovery_url=login.discovery_url,
                client_id=login.client_id,
                client_secret=credentials[login.path],
                redirect_uris=login.redirect_uris,
                user_claim=login.user_claim,
                groups_claim=login.groups_claim,
                scopes=login.scopes,
                ca_certificate=authority,
                token_ttl=login.token_ttl,
                token_max_ttl=login.token_max_ttl,
                opts=opts,
            ).accessor
