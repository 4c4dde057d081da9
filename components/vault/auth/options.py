"""Options of auth methods that a component's arguments and a stack's settings share, without loading a provider."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field

from ...cross_checks import cross_check
from ...durations import Seconds, check_order, format_seconds
from ...field_types import Declaration, ListOf, ObjectPath, Switch, Text, Whole, check_principal, require_match
from ...hosts import Cidr
from ...urls import Https, RedirectUri
from ..options import Reviewer

Principal = Annotated[str, AfterValidator(check_principal)]
"""One person or machine, as an auth method names it."""


def check_policy(value: str) -> str:
    """Return the name of a policy that a login may give.

    :raises ValueError: It is `root` or `default`.
    """
    if value in {"root", "default"}:
        raise ValueError("is not for people: 'root' opens everything, 'default' is nobody's here; name another policy")
    return value


PolicyName = Annotated[Text, AfterValidator(check_policy)]
"""A policy that a login may give: neither `root` nor `default`."""

Attribute = Annotated[
    str, require_match(r"[A-Za-z][A-Za-z0-9.;-]*", "is not an attribute of a directory's: use its name, e.g. uid")
]
DistinguishedName = Annotated[
    str,
    require_match(
        r"\s*[A-Za-z0-9.]+\s*=\s*\S.*", "is not a distinguished name: write it whole, e.g. ou=people,dc=example,dc=net"
    ),
]

_LDAP = "is not a directory's URL: use ldaps://HOST or ldaps://HOST:PORT, several with commas between them"
_FILTER = "is not a filter: write it in parentheses, e.g. (&(objectClass=group)(member={{.UserDN}}))"
_ORGANIZATION = "is not an organization: use its name in github.com/NAME"


class LoginOptions(Declaration):
    """The lifetimes of a login's tokens."""

    token_ttl: Seconds = 3600
    """Life of a login's Vault token, in seconds."""

    token_max_ttl: Seconds = 28800
    """Its longest life, with renewals, in seconds."""

    @cross_check
    def _check_lifetimes(self) -> Iterator[tuple[str, str]]:
        yield from check_order(self, "token_ttl", "token_max_ttl", show=format_seconds)


class RoleOptions(Declaration):
    """The options of a machine that logs in by a role id and a secret id."""

    name: Principal
    """The role's name."""

    secret_id_ttl: Seconds = 86400
    """How long a secret id is good, in seconds."""

    secret_id_uses: Annotated[Whole, Field(ge=1, le=2147483647)] = 1
    """How often a secret id is good."""

    bound_cidrs: ListOf[Cidr] = ()
    """Where it may log in from, e.g. `10.1.0.0/16`; if omitted, from anywhere."""


class LdapOptions(LoginOptions):
    """The options of an LDAP auth method."""

    path: ObjectPath = "ldap"
    """Where it is mounted."""

    url: Annotated[str, require_match(r"ldaps?://[^/\s@,]+(,ldaps?://[^/\s@,]+)*", _LDAP)]
    """The directory's URL, `ldaps://…`; several with commas between them."""

    user_dn: DistinguishedName
    """The entry that users are below, e.g. `ou=people,dc=example,dc=net`."""

    user_attribute: Attribute = "cn"
    """The attribute with the name that users log in by, e.g. `uid`, or `samaccountname` of Active Directory."""

    group_dn: DistinguishedName
    """The entry that groups are below."""

    group_attribute: Attribute = "cn"
    """The attribute with a group's name."""

    group_filter: Annotated[str, require_match(r"\(.+\)", _FILTER)] | None = None
    """How a user's groups are found; if omitted, Vault's own filter."""

    bind_dn: Text | None = None
    """The entry that looks users up; if omitted, an anonymous one."""

    start_tls: Switch = False
    """Whether `ldap://` becomes TLS before anything is sent."""

    def list_plaintext(self) -> Iterator[tuple[str, str]]:
        """List the servers that passwords would travel to in cleartext, as what is wrong with `url`."""
        for each in self.url.split(",") if not self.start_tls else ():
            if each.startswith("ldap://"):
                yield "url", f"{each!r} sends passwords in cleartext: use ldaps://, or startTls: true"


class GithubOptions(LoginOptions):
    """The options of a GitHub auth method."""

    path: ObjectPath = "github"
    """Where it is mounted."""

    organization: Annotated[str, require_match(r"[A-Za-z0-9]([A-Za-z0-9-]{0,38})", _ORGANIZATION)]
    """The organization."""

    base_url: Https | None = None
    """API of a GitHub Enterprise Server, e.g. `https://github.example.net/api/v3/`; if omitted, github.com's."""

    organization_id: Annotated[Whole, Field(ge=1)] | None = None
    """The organization's number; if omitted, Vault looks it up."""


class OidcOptions(LoginOptions):
    """The options of an OIDC auth method."""

    path: ObjectPath = "oidc"
    """Where it is mounted."""

    discovery_url: Https
    """The provider's issuer, e.g. `https://login.microsoftonline.com/<tenant>/v2.0`."""

    client_id: Text
    """The client that Vault is there."""

    redirect_uris: Annotated[ListOf[RedirectUri], Field(min_length=1)]
    """Where the provider may send a browser back to, exactly as it knows them."""

    user_claim: Text = "sub"
    """The claim that tells people apart; one that is never given to somebody else."""

    groups_claim: Text = "groups"
    """The claim with their groups."""

    scopes: ListOf[Text] = ()
    """Scopes to ask for beside `openid`, where the provider needs one to tell groups."""


def _check_existing(auth: "KubernetesAuthOptions | JwtAuthOptions", *configured: str) -> Iterator[tuple[str, str]]:
    """Check that a method that exists is not configured."""
    for name in configured:
        default = type(auth).model_fields[name].default
        if not auth.create and getattr(auth, name, default) != default:
            yield name, "This setting is allowed with create: true only: an existing method is not changed"


class KubernetesAuthOptions(Declaration):
    """The options of a Kubernetes auth method."""

    path: ObjectPath = "kubernetes"
    """Where it is mounted; a path of its own for each cluster that shares a Vault."""

    create: Switch = True
    """Mount and configure it; false where it exists and is configured."""

    reviewer: Reviewer = "service-account"
    """Whose token reviews clients' tokens: `service-account` (made for it) for a Vault outside the cluster,
    `in-cluster` for one inside, `client` for the client's own."""

    @cross_check
    def _check_existing(self) -> Iterator[tuple[str, str]]:
        yield from _check_existing(self, "kubernetes_host", "kubernetes_ca_certificate", "reviewer")


class JwtAuthOptions(Declaration):
    """The options of a JWT auth method."""

    path: ObjectPath = "jwt"
    """Where it is mounted; a path of its own for each cluster that shares a Vault."""

    create: Switch = True
    """Mount and configure it; false where it exists and is configured."""

    @cross_check
    def _check_existing(self) -> Iterator[tuple[str, str]]:
        yield from _check_existing(self, "issuer", "jwks_url", "public_keys", "ca_certificate")

    @cross_check
    def _check_keys(self) -> Iterator[tuple[str, str]]:
        given = [name for name in ("jwks_url", "public_keys") if getattr(self, name) not in (None, ())]
        if self.create and len(given) > 1:
            yield "public_keys", "This setting and jwksUrl both provide the keys: keep one of them"
