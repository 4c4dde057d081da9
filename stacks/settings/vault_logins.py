"""What a stack may say of people, and of machines outside the cluster, that log in to its Vault."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from strongroom.components.durations import Seconds
from strongroom.components.field_types import (
    Declaration,
    LocalFile,
    ObjectPath,
    Switch,
    Text,
    Whole,
    matching,
    principal,
)
from strongroom.components.hosts import Cidr
from strongroom.components.urls import Https, RedirectUri
from strongroom.components.validators import unique

Name = Annotated[str, AfterValidator(principal)]

Attribute = Annotated[
    str, matching(r"[A-Za-z][A-Za-z0-9.;-]*", "is not an attribute of a directory's: use its name, e.g. uid")
]
DistinguishedName = Annotated[
    str,
    matching(
        r"\s*[A-Za-z0-9.]+\s*=\s*\S.*", "is not a distinguished name: write it whole, e.g. ou=people,dc=example,dc=net"
    ),
]

_LDAP = "is not a directory's URL: use ldaps://HOST or ldaps://HOST:PORT, several with commas between them"
_FILTER = "is not a filter: write it in parentheses, e.g. (&(objectClass=group)(member={{.UserDN}}))"
_ORGANIZATION = "is not an organization: use its name in github.com/NAME"


def _check_policy(value: str) -> str:
    if value in {"root", "default"}:
        raise ValueError("is not for people: 'root' opens everything, 'default' is nobody's here; name another policy")
    return value


class _Login(Declaration):
    token_ttl: Seconds = 3600
    """Life of a login's Vault token."""

    token_max_ttl: Seconds = 28800
    """Its longest life, with renewals."""


class AppRoleSettings(Declaration):
    """A machine outside the cluster, e.g. a CI runner."""

    name: Name
    """The role's name."""

    groups: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Names of `backend.groups`: what it may do."""

    secret_id_ttl: Seconds = 86400
    """How long a secret id is good."""

    secret_id_uses: Annotated[Whole, Field(ge=1, le=2147483647)] = 1
    """How often a secret id is good."""

    bound_cidrs: tuple[Cidr, ...] = ()
    """Where it may log in from, e.g. `10.1.0.0/16`; from anywhere where they are left out."""


class AppRoleLogin(_Login):
    """Machines that log in by a role id and a secret id. (Vault docs: "AppRole auth method")"""

    kind: Literal["approle"]
    """Which method: `approle`."""

    path: ObjectPath = "approle"
    """Where it is mounted."""

    roles: Annotated[tuple[AppRoleSettings, ...], Field(min_length=1), unique("name", what="the name")]
    """The machines."""


class UserSettings(Declaration):
    """Somebody with a password, which is `strongroom:credentials["<path>/<name>"]`."""

    name: Name
    """The user's name."""

    groups: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Names of `backend.groups`: what they may do."""


class UserpassLogin(_Login):
    """People with passwords that Vault keeps; for where there is no directory. (Vault docs: "Userpass auth method")"""

    kind: Literal["userpass"]
    """Which method: `userpass`."""

    path: ObjectPath = "userpass"
    """Where it is mounted."""

    users: Annotated[tuple[UserSettings, ...], Field(min_length=1), unique("name", what="the name")]
    """The people."""


class LdapLogin(_Login):
    """People of an LDAP directory. The password of `bindDn` is `strongroom:credentials["<path>"]`.
    (Vault docs: "LDAP auth method")"""

    kind: Literal["ldap"]
    """Which method: `ldap`."""

    path: ObjectPath = "ldap"
    """Where it is mounted."""

    url: Annotated[str, matching(r"ldaps?://[^/\s@,]+(,ldaps?://[^/\s@,]+)*", _LDAP)]
    """The directory's URL, `ldaps://…`; several with commas between them."""

    user_dn: DistinguishedName
    """The entry that users are below, e.g. `ou=people,dc=example,dc=net`."""

    user_attribute: Attribute = "cn"
    """The attribute with the name that users log in by, e.g. `uid`, or `samaccountname` of Active Directory."""

    group_dn: DistinguishedName
    """The entry that groups are below."""

    group_attribute: Attribute = "cn"
    """The attribute with a group's name."""

    group_filter: Annotated[str, matching(r"\(.+\)", _FILTER)] | None = None
    """How a user's groups are found; Vault's own where it is left out."""

    bind_dn: Text | None = None
    """Who looks users up; nobody in particular where it is left out."""

    ca_certificate: LocalFile | None = None
    """File with the CA of the directory's certificate; the system's CAs where it is left out."""

    start_tls: Switch = False
    """Whether `ldap://` becomes TLS before anything is sent."""


class GithubLogin(_Login):
    """Members of a GitHub organization, who log in with a personal access token. (Vault docs: "GitHub auth method")"""

    kind: Literal["github"]
    """Which method: `github`."""

    path: ObjectPath = "github"
    """Where it is mounted."""

    organization: Annotated[str, matching(r"[A-Za-z0-9]([A-Za-z0-9-]{0,38})", _ORGANIZATION)]
    """The organization."""

    organization_id: Annotated[Whole, Field(ge=1)] | None = None
    """Its number; Vault looks it up where it is left out."""

    base_url: Https | None = None
    """API of a GitHub Enterprise Server, e.g. `https://github.example.net/api/v3/`; github.com's where left out."""


class OidcLogin(_Login):
    """People who log in by a browser at an identity provider. The client's secret is
    `strongroom:credentials["<path>"]`. (Vault docs: "JWT/OIDC auth method", "OIDC provider configuration")"""

    kind: Literal["oidc"]
    """Which method: `oidc`."""

    path: ObjectPath = "oidc"
    """Where it is mounted."""

    discovery_url: Https
    """The provider's issuer, e.g. `https://login.microsoftonline.com/<tenant>/v2.0`."""

    client_id: Text
    """The client that Vault is there."""

    redirect_uris: Annotated[tuple[RedirectUri, ...], Field(min_length=1)]
    """Where it may send a browser back to, exactly as it knows them."""

    user_claim: Text = "sub"
    """The claim that tells people apart; one that is never given to somebody else."""

    groups_claim: Text = "groups"
    """The claim with their groups."""

    scopes: tuple[Text, ...] = ()
    """Scopes to ask for beside `openid`, where the provider needs one to tell groups."""

    ca_certificate: LocalFile | None = None
    """File with the CA of the provider's certificate; the system's CAs where it is left out."""


LOGINS: Mapping[str, type[Declaration]] = {
    "approle": AppRoleLogin,
    "userpass": UserpassLogin,
    "ldap": LdapLogin,
    "github": GithubLogin,
    "oidc": OidcLogin,
}
"""How people and machines may log in, by its kind."""

LoginSettings = Annotated[
    AppRoleLogin | UserpassLogin | LdapLogin | GithubLogin | OidcLogin, Field(discriminator="kind")
]
"""How people or machines log in."""


class GroupSettings(Declaration):
    """What some people and machines may do, wherever they log in."""

    name: Name
    """Its name here."""

    reads: tuple[Text, ...] = ()
    """Workloads, as `namespace/name`, whose secrets they may read too."""

    policies: tuple[Annotated[Name, AfterValidator(_check_policy)], ...] = ()
    """Names of policies that exist, by which they may do more."""

    members: Mapping[ObjectPath, Annotated[tuple[Text, ...], Field(min_length=1)]] = {}
    """Who is in it, beside the roles and users that name it: the path of a login to groups of its directory, as that
    names them (LDAP groups, GitHub teams' slugs, values of the groups claim)."""
