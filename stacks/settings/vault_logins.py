"""Settings of people, and of machines outside the cluster, that log in to a stack's Vault."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from strongroom.components.cross_checks import Location, cross_check
from strongroom.components.field_types import Declaration, ListOf, LocalFile, ObjectPath, Text
from strongroom.components.validators import require_unique
from strongroom.components.vault.auth.options import (
    GithubOptions,
    LdapOptions,
    LoginOptions,
    OidcOptions,
    Principal,
    RoleOptions,
    check_policy,
)


class AppRoleSettings(RoleOptions):
    """A machine outside the cluster, e.g. a CI runner."""

    groups: Annotated[ListOf[Text], Field(min_length=1)]
    """Names of `backend.groups`: what it may do."""


class AppRoleLogin(LoginOptions):
    """Machines that log in by a role id and a secret id.

    (Vault docs: "AppRole auth method")
    """

    kind: Literal["approle"]
    """Which method: `approle`."""

    path: ObjectPath = "approle"
    """Where it is mounted."""

    roles: Annotated[ListOf[AppRoleSettings], Field(min_length=1), require_unique("name", what="the name")]
    """The machines."""


class UserSettings(Declaration):
    """A person with a password, which is `strongroom:credentials["<path>/<name>"]`."""

    name: Principal
    """The user's name."""

    groups: Annotated[ListOf[Text], Field(min_length=1)]
    """Names of `backend.groups`: what they may do."""


class UserpassLogin(LoginOptions):
    """People with passwords that Vault keeps; for where there is no directory.

    (Vault docs: "Userpass auth method")
    """

    kind: Literal["userpass"]
    """Which method: `userpass`."""

    path: ObjectPath = "userpass"
    """Where it is mounted."""

    users: Annotated[ListOf[UserSettings], Field(min_length=1), require_unique("name", what="the name")]
    """The people."""


class LdapLogin(LdapOptions):
    """People of an LDAP directory.

    The password of `bindDn` is `strongroom:credentials["<path>"]`. (Vault docs: "LDAP auth method")
    """

    kind: Literal["ldap"]
    """Which method: `ldap`."""

    ca_certificate: LocalFile | None = None
    """File with the CA of the directory's certificate; if omitted, the system's CAs."""


class GithubLogin(GithubOptions):
    """Members of a GitHub organization, who log in with a personal access token.

    (Vault docs: "GitHub auth method")
    """

    kind: Literal["github"]
    """Which method: `github`."""


class OidcLogin(OidcOptions):
    """People who log in by a browser at an identity provider.

    The client's secret is `strongroom:credentials["<path>"]`. (Vault docs: "JWT/OIDC auth method", "OIDC provider
    configuration")
    """

    kind: Literal["oidc"]
    """Which method: `oidc`."""

    ca_certificate: LocalFile | None = None
    """File with the CA of the provider's certificate; if omitted, the system's CAs."""


LOGINS: Mapping[str, type[Declaration]] = {
    "approle": AppRoleLogin,
    "userpass": UserpassLogin,
    "ldap": LdapLogin,
    "github": GithubLogin,
    "oidc": OidcLogin,
}
"""The logins of people and machines, by their kind."""

LoginSettings = Annotated[
    AppRoleLogin | UserpassLogin | LdapLogin | GithubLogin | OidcLogin, Field(discriminator="kind")
]
"""A login of people or machines."""


class GroupSettings(Declaration):
    """The rights of some people and machines, wherever they log in."""

    name: Principal
    """Its name here."""

    reads: ListOf[Text] = ()
    """Workloads, as `namespace/name`, whose secrets they may read too."""

    policies: ListOf[Annotated[Principal, AfterValidator(check_policy)]] = ()
    """Names of policies that exist, by which they may do more."""

    members: Mapping[ObjectPath, Annotated[ListOf[Text], Field(min_length=1)]] = {}
    """Who is in it, beside the roles and users that name it: the path of a login to groups of its directory, as that
    names them (LDAP groups, GitHub teams' slugs, values of the groups claim)."""

    @cross_check
    def _check_rights(self) -> Iterator[tuple[Location, str]]:
        if not self.reads and not self.policies:
            yield (), "This group has no rights: list workloads in reads, or policies"
