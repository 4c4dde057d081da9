"""Names that lead elsewhere than they say are refused where they enter, in programs that use components themselves."""

from collections.abc import Callable
from string import ascii_letters
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.components.azure.backend import AzureKeyVaultBackend, AzureKeyVaultBackendArgs
from strongroom.components.azure.identities.workload_identity import IdentityLocation, PerWorkloadIdentities
from strongroom.components.azure.key_vault import Contents, KeyVault, KeyVaultArgs, VaultSecret
from strongroom.components.azure.types import check_object_name, split_vault_id
from strongroom.components.azure.vault_args import VaultCertificate, VaultKey
from strongroom.components.errors import InvalidArgumentsError
from strongroom.components.field_types import check_object_path
from strongroom.components.vault.auth.approle import AppRole, AppRoleAuth, AppRoleAuthArgs
from strongroom.components.vault.auth.github import GithubAuth, GithubAuthArgs
from strongroom.components.vault.auth.jwt import JwtAuth, JwtAuthArgs
from strongroom.components.vault.auth.kubernetes import KubernetesAuth, KubernetesAuthArgs
from strongroom.components.vault.auth.ldap import LdapAuth, LdapAuthArgs
from strongroom.components.vault.auth.oidc import OidcAuth, OidcAuthArgs
from strongroom.components.vault.auth.userpass import User, UserpassAuth, UserpassAuthArgs
from strongroom.components.vault.engines import KvEngine, KvEngineArgs
from strongroom.components.vault.policy import build_policy_name, build_read_policy
from strongroom.components.workload import Secret, Workload
from tests.support.recording import Declare

TENANT = "11111111-2222-3333-4444-555555555555"

CRAFTED = [
    "",
    "..",
    "../other",
    "own/../other",
    "own/./other",
    "own//other",
    "/other",
    "other/",
    "own/*",
    "*",
    "+",
    "own/+/other",
    "own%2f..%2fother",
    "own%252f..%252fother",
    "{{identity.entity.name}}",
    "own\\other",
    "own\0",
    "own\nother",
    "own other",
    'own" { capabilities = ["sudo"] }',
    "own?list=true",
    "own#other",
    "\uff4f\uff57\uff4e",
    "own\u0301",
    "\u212aey",
    "own\u202eother",
]
"""What a policy could read as a pattern, or a server as another place; and letters that only look like letters."""

PATHS: dict[str, Callable[[str], object]] = {
    "an engine's path": lambda name: KvEngine("it", KvEngineArgs(path=name)),
    "an object's name": lambda name: KvEngine("it", KvEngineArgs(seeds={name: {"key": "value"}})),
    "a policy's mount": lambda name: build_read_policy(name, ["own"]),
    "a policy's object": lambda name: build_read_policy("secret", [name]),
    "a Kubernetes auth method": lambda name: KubernetesAuth(
        "it", KubernetesAuthArgs(path=name, kubernetes_host="https://a")
    ),
    "a JWT auth method": lambda name: JwtAuth("it", JwtAuthArgs(path=name, issuer="https://a")),
    "an LDAP auth method": lambda name: LdapAuth(
        "it", LdapAuthArgs(path=name, url="ldaps://a", user_dn="ou=a", group_dn="ou=b")
    ),
    "a GitHub auth method": lambda name: GithubAuth("it", GithubAuthArgs(path=name, organization="a")),
    "an OIDC auth method": lambda name: OidcAuth(
        "it",
        OidcAuthArgs(
            path=name, discovery_url="https://a", client_id="a", client_secret="b", redirect_uris=["https://c"]
        ),
    ),
    "a userpass auth method": lambda name: UserpassAuth("it", UserpassAuthArgs(path=name, users=[])),
    "an AppRole auth method": lambda name: AppRoleAuth("it", AppRoleAuthArgs(path=name, roles=[])),
    "a user": lambda name: User(name=name, policies=["policy"], password="password"),
    "a machine": lambda name: AppRole(name=name, policies=["policy"]),
    "a secret's object": lambda name: Secret(name="file", object=name),
    "a key vault": lambda name: KeyVaultArgs(vault_name=name, resource_group="a", tenant_id=TENANT),
    "a key vault's secret": lambda name: Contents(secrets={name: VaultSecret(value="value")}),
    "a key vault's key": lambda name: Contents(keys={name: VaultKey()}),
    "a key vault's certificate": lambda name: Contents(certificates={name: certificate()}),
    "a vault's id": lambda name: split_vault_id(
        f"/subscriptions/s/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/{name}"
    ),
}


def vault() -> KeyVault:
    return KeyVault("it", KeyVaultArgs(vault_name="kv-shop", resource_group="a", tenant_id=TENANT))


def certificate() -> VaultCertificate:
    return VaultCertificate(subject="CN=shop.example.net")


@pytest.mark.parametrize("what", PATHS)
def test_a_name_that_leads_elsewhere_is_refused_before_anything_is_declared(what: str) -> None:
    for name in CRAFTED:
        with pytest.raises(ValueError, match=r"legal|not a vault's id"):
            PATHS[what](name)


@given(st.text(min_size=1, max_size=20))
def test_whatever_is_accepted_is_one_place_to_every_server(name: str) -> None:
    try:
        check_object_path(name)
    except ValueError:
        return
    assert name.isascii()
    assert not set(name) & set("*+%?#\\{} \0\n\"'")
    assert all(segment not in {"", ".", ".."} for segment in name.split("/"))


@given(st.text(max_size=20))
def test_a_key_vaults_object_is_one_segment_of_ascii(name: str) -> None:
    if check_object_name(name) is None:
        assert name.isascii()
        assert name.replace("-", "a").isalnum()


@given(st.tuples(*[st.text(ascii_letters, min_size=1, max_size=3)] * 2))
def test_policies_of_auth_methods_that_differ_by_case_alone_are_two(paths: tuple[str, str]) -> None:
    first, second = (build_policy_name(path, "shop/orders") for path in paths)

    # Vault folds the case of policies' names, and not of paths.
    assert first == first.lower()
    assert (first == second) is (paths[0] == paths[1])


@pytest.mark.parametrize(
    "contents",
    [
        {"secrets": {"web": VaultSecret(value="value"), "WEB": VaultSecret(value="value")}},
        {"secrets": {"web": VaultSecret(value="value")}, "certificates": {"Web": certificate()}},
        {"keys": {"Web": VaultKey()}, "certificates": {"web": certificate()}},
    ],
)
def test_two_objects_of_a_key_vault_with_one_name_are_refused(contents: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentsError, match=r"(would overwrite the .*|is the same as) '\w+'.*: rename one"):
        Contents(**contents)


@pytest.mark.parametrize("other", [("db", "pass-word"), ("db-pass-word", None), ("DB-pass", "word")])
def test_two_declarations_that_would_be_one_object_of_a_key_vault_are_refused(
    declare: Declare, other: tuple[str, str | None]
) -> None:
    def program() -> None:
        own = vault()
        identities = PerWorkloadIdentities(
            place=IdentityLocation(resource_group="a", tenant_id=TENANT), issuer="https://issuer"
        )
        backend = AzureKeyVaultBackend(
            "it", AzureKeyVaultBackendArgs(vault=own, identities=identities, tenant_id=TENANT)
        )
        for number, (name, key) in enumerate([("db-pass", "word"), other]):
            secrets = (Secret(name="file", object=name, key=key),)
            backend.grant(Workload(name=f"w-{number}", namespace="shop", image="busybox:1.36", secrets=secrets))

    with pytest.raises(ValueError, match=r"shop/w-1: secret 'file' is the object '[\w-]+', and so is 'db-pass'"):
        declare(program)
