"""Arguments of logins: a program is refused what a stack file is refused."""

from collections.abc import Callable

import pytest

from strongroom import (
    AppRole,
    AppRoleAuthArgs,
    ExternalGroupArgs,
    GithubAuthArgs,
    LdapAuthArgs,
    OidcAuthArgs,
    User,
    UserpassAuthArgs,
)
from strongroom.components.errors import InvalidArgumentsError

CANARY = "canary-of-a-login"


def oidc(**more: object) -> OidcAuthArgs:
    fields = {
        "discovery_url": "https://login.example.net/v2.0",
        "client_id": "vault",
        "client_secret": CANARY,
        "redirect_uris": ["https://vault.example.net/oidc/callback"],
    }
    return OidcAuthArgs(**{**fields, **more})  # pyright: ignore[reportArgumentType]


def ldap(url: str = "ldaps://ldap.example.net", **more: object) -> LdapAuthArgs:
    return LdapAuthArgs(url=url, user_dn="ou=people", group_dn="ou=groups", **more)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: User(name="dora", policies=["root"], password=CANARY), r"policies\[0\]: 'root' is not for people"),
        (lambda: AppRole(name="ci", policies=["a", "default"]), r"policies\[1\]: 'default' is not for people"),
        (
            lambda: ExternalGroupArgs(group="ops", path="ldap", accessor="a", policies=["root"]),
            r"policies\[0\]: 'root' is not for people",
        ),
        (lambda: oidc(discovery_url="http://login.example.net"), "discovery_url: .* is not an https URL"),
        (lambda: oidc(redirect_uris=["javascript:alert(1)"]), r"redirect_uris\[0\]: .* is not where a browser may go"),
        (lambda: oidc(redirect_uris=[]), "redirect_uris: .*at least 1"),
        (lambda: oidc(token_ttl=-1), "token_ttl: -1 "),
        (lambda: oidc(token_ttl=7200, token_max_ttl=3600), "token_ttl: 2h must be at most token_max_ttl, 1h"),
        (lambda: ldap("ldap://ldap.example.net"), "url: .* in cleartext: use ldaps://, or start_tls: true"),
        (lambda: ldap("http://ldap.example.net"), "url: .* is not a directory's URL"),
        (lambda: ldap(bind_dn=""), "bind_dn: '' "),
        (lambda: GithubAuthArgs(organization="a b"), "organization: 'a b' is not an organization"),
        (
            lambda: GithubAuthArgs(organization="a", base_url="http://github.example.net"),
            "base_url: .* is not an https",
        ),
        (lambda: AppRole(name="ci", policies=["a"], bound_cidrs=["10.0.0.0/40"]), r"bound_cidrs\[0\]: "),
        (lambda: AppRole(name="ci", policies=["a"], secret_id_uses=0), "secret_id_uses: 0 "),
        (
            lambda: AppRoleAuthArgs(roles=[AppRole(name="ci", policies=["a"]), AppRole(name="ci", policies=["b"])]),
            r"roles\[1\].name: 'ci' is the name of entry \[0\] too",
        ),
        (
            lambda: UserpassAuthArgs(users=[User(name="x", policies=[], password="p") for _ in range(2)]),
            r"users\[1\].name: 'x' is the name of entry \[0\] too",
        ),
    ],
)
def test_what_a_stack_file_is_refused_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(InvalidArgumentsError, match=message) as refused:
        make()

    assert CANARY not in str(refused.value)


def test_a_directory_of_a_local_stack_or_with_start_tls_may_be_in_the_clear() -> None:
    for more in ({"production": False}, {"start_tls": True}):
        assert ldap("ldap://ldap.example.net", **more).url == "ldap://ldap.example.net"


def test_secrets_do_not_show() -> None:
    assert CANARY not in repr([oidc(), User(name="dora", policies=["a"], password=CANARY), ldap(bind_password=CANARY)])
