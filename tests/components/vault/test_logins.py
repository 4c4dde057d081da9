"""What auth methods of people and machines declare."""

import pulumi
import pytest

from strongroom import (
    AppRole,
    AppRoleAuth,
    AppRoleAuthArgs,
    AuditDevice,
    AuditDeviceArgs,
    ExternalGroup,
    ExternalGroupArgs,
    FileAudit,
    GithubAuth,
    GithubAuthArgs,
    JwtAuth,
    JwtAuthArgs,
    KubernetesAuth,
    KubernetesAuthArgs,
    KvEngine,
    KvEngineArgs,
    LdapAuth,
    LdapAuthArgs,
    OidcAuth,
    OidcAuthArgs,
    Secret,
    SocketAudit,
    SyslogAudit,
    User,
    UserpassAuth,
    UserpassAuthArgs,
    VaultBackend,
    VaultBackendArgs,
    Workload,
)
from strongroom.components.vault.backend import VaultConnection
from tests.support.recording import Declare

CANARY = "canary-of-a-login"
ISSUER = "https://issuer.example.net/cluster/"


def test_a_workload_is_admitted_by_its_tokens_subject_and_audience(declare: Declare) -> None:
    workload = Workload(
        name="orders",
        namespace="shop",
        image="busybox:1.36",
        secrets=(Secret(name="password", object="db-pass", key="password"),),
    )

    def program() -> None:
        VaultBackend(
            "vault",
            VaultBackendArgs(
                connection=VaultConnection(address="https://vault.example.net:8200"),
                engine=KvEngine("vault", KvEngineArgs()),
                auth=JwtAuth("vault", JwtAuthArgs(path="jwt-dev", issuer=ISSUER)),
                audience="https://vault.example.net",
                token_ttl=600,
            ),
        ).grant(workload)

    declared = declare(program)
    method = declared.one("vault:jwt/authBackend:AuthBackend").inputs
    role = declared.one("vault:jwt/authBackendRole:AuthBackendRole")

    assert (method["oidcDiscoveryUrl"], method["boundIssuer"]) == (ISSUER, ISSUER)
    assert role.inputs["boundSubject"] == "system:serviceaccount:shop:orders"
    assert role.inputs["boundAudiences"] == ["https://vault.example.net"]
    assert role.inputs["tokenPolicies"] == ["jwt-dev.shop.orders"]
    assert role.inputs["tokenNoDefaultPolicy"] is True
    assert role.inputs["tokenTtl"] == 600
    assert "vault" in role.dependencies


@pytest.mark.parametrize(
    ("where", "reported"),
    [
        ({"jwks_url": "https://api.example.net/openid/v1/jwks"}, {"jwksUrl", "jwksCaPem"}),
        ({"public_keys": ["PEM"]}, {"jwtValidationPubkeys"}),
        ({}, {"oidcDiscoveryUrl", "oidcDiscoveryCaPem"}),
    ],
)
def test_the_keys_are_in_one_place(declare: Declare, where: dict[str, str], reported: set[str]) -> None:
    method = declare(lambda: JwtAuth("vault", JwtAuthArgs(issuer=ISSUER, ca_certificate="authority", **where))).one(  # pyright: ignore[reportArgumentType]
        "vault:jwt/authBackend:AuthBackend"
    )
    places = {"jwksUrl", "jwksCaPem", "jwtValidationPubkeys", "oidcDiscoveryUrl", "oidcDiscoveryCaPem"}
    assert {name for name in places if method.inputs.get(name) is not None} == reported


def test_keys_are_written_as_vault_gives_them_back(declare: Declare) -> None:
    """Otherwise a file that ends with a line's end is an update for ever."""
    method = declare(lambda: JwtAuth("vault", JwtAuthArgs(issuer=ISSUER, public_keys=["PEM 1\n", " PEM 2 \r\n"]))).one(
        "vault:jwt/authBackend:AuthBackend"
    )

    assert method.inputs["jwtValidationPubkeys"] == ["PEM 1", "PEM 2"]


def test_another_path_makes_another_mount_and_moves_none(declare: Declare) -> None:
    """`sys/remount`, by which the provider would move it, needs rights on every mount of the Vault."""

    def program() -> None:
        KvEngine("engine", KvEngineArgs(path="kv", create=True))
        KubernetesAuth(
            "kubernetes", KubernetesAuthArgs(path="k8s", kubernetes_host="https://127.0.0.1:1", reviewer="client")
        )
        JwtAuth("jwt", JwtAuthArgs(issuer=ISSUER))
        AppRoleAuth("machines", AppRoleAuthArgs(roles=[]))
        GithubAuth("github", GithubAuthArgs(organization="example"))
        LdapAuth(
            "ldap",
            LdapAuthArgs(
                url="ldaps://ldap.example.net", user_dn="ou=users", group_dn="ou=groups", bind_password=CANARY
            ),
        )
        OidcAuth(
            "oidc",
            OidcAuthArgs(discovery_url=ISSUER, client_id="c", client_secret=CANARY, redirect_uris=["https://x/y"]),
        )
        UserpassAuth("people", UserpassAuthArgs(users=[]))

    made = [each for each in declare(program).recorded if each.type.startswith("vault:") and "path" in each.inputs]
    assert len(made) == 8
    assert {each.name: each.replace_on_changes for each in made} == {each.name: ["path"] for each in made}


def test_a_jwt_method_needs_an_issuer_and_one_place_of_its_keys() -> None:
    with pytest.raises(ValueError, match="issuer: This argument is required"):
        JwtAuth("vault", JwtAuthArgs())
    with pytest.raises(ValueError, match="keep one"):
        JwtAuth("vault", JwtAuthArgs(issuer=ISSUER, jwks_url="https://a", public_keys=["b"]))


def test_a_secret_id_of_a_machine_is_good_once_and_from_where_it_runs(declare: Declare) -> None:
    role = declare(
        lambda: AppRoleAuth(
            "approle", AppRoleAuthArgs(roles=[AppRole(name="runner", policies=["a"], bound_cidrs=["10.1.0.0/16"])])
        )
    ).one("vault:appRole/authBackendRole:AuthBackendRole")

    assert role.inputs["secretIdNumUses"] == 1
    assert role.inputs["secretIdTtl"] == 86400
    assert role.inputs["secretIdBoundCidrs"] == role.inputs["tokenBoundCidrs"] == ["10.1.0.0/16"]
    assert role.inputs["tokenPolicies"] == ["a"]


def test_another_password_is_reported_by_another_version_and_both_are_secret(declare: Declare) -> None:
    def versions(password: str) -> object:
        user = declare(
            lambda: UserpassAuth(
                "userpass", UserpassAuthArgs(users=[User(name="dora", policies=["a"], password=password)])
            )
        ).one("vault:index/userpassAuthBackendUser:UserpassAuthBackendUser")
        assert {"passwordWo", "passwordWoVersion"} <= user.secret_inputs
        return user.inputs["passwordWoVersion"]

    assert versions(CANARY) == versions(CANARY)
    assert versions(CANARY) != versions("another")


def test_what_a_login_binds_with_is_secret(declare: Declare) -> None:
    def program() -> None:
        LdapAuth(
            "ldap",
            LdapAuthArgs(
                url="ldaps://ldap.example.net",
                user_dn="ou=people",
                group_dn="ou=groups",
                bind_dn="cn=vault",
                bind_password=CANARY,
            ),
        )
        OidcAuth(
            "oidc",
            OidcAuthArgs(
                discovery_url=ISSUER,
                client_id="vault",
                client_secret=CANARY,
                redirect_uris=["https://vault.example.net/ui/vault/auth/oidc/oidc/callback"],
            ),
        )

    declared = declare(program)
    directory = declared.one("vault:ldap/authBackend:AuthBackend")
    assert "bindpass" in directory.secret_inputs
    assert (directory.inputs["insecureTls"], directory.inputs["discoverdn"]) == (False, False)
    assert "oidcClientSecret" in declared.one("vault:jwt/authBackend:AuthBackend").secret_inputs
    assert declared.one("vault:jwt/authBackendRole:AuthBackendRole").inputs["boundAudiences"] == ["vault"]


def test_no_login_brings_vaults_default_policy(declare: Declare) -> None:
    def program() -> None:
        AppRoleAuth("approle", AppRoleAuthArgs(roles=[AppRole(name="runner", policies=["a"])]))
        LdapAuth("ldap", LdapAuthArgs(url="ldaps://ldap.example.net", user_dn="ou=people", group_dn="ou=groups"))
        OidcAuth(
            "oidc",
            OidcAuthArgs(discovery_url=ISSUER, client_id="vault", client_secret=CANARY, redirect_uris=["https://v"]),
        )
        UserpassAuth("userpass", UserpassAuthArgs(users=[User(name="dora", policies=["a"], password=CANARY)]))

    said = {
        item.type: item.inputs.get("tokenNoDefaultPolicy")
        for item in declare(program).recorded
        if item.inputs.get("tokenTtl") or item.inputs.get("tokenPolicies")
    }

    assert set(said) == {
        "vault:appRole/authBackendRole:AuthBackendRole",
        "vault:index/userpassAuthBackendUser:UserpassAuthBackendUser",
        "vault:jwt/authBackendRole:AuthBackendRole",
        "vault:ldap/authBackend:AuthBackend",
    }
    assert set(said.values()) == {True}


def test_a_group_is_known_by_its_methods_accessor(declare: Declare) -> None:
    def program() -> None:
        method = GithubAuth("github", GithubAuthArgs(organization="acme"))
        ExternalGroup(
            "auditors",
            ExternalGroupArgs(
                group="security-team",
                path=method.path,
                accessor=pulumi.Output.from_input("accessor of github"),
                policies=["a", "b"],
            ),
        )

    declared = declare(program)
    group = declared.one("vault:identity/group:Group").inputs
    alias = declared.one("vault:identity/groupAlias:GroupAlias").inputs
    assert (group["name"], group["type"], group["policies"]) == ("github.security-team", "external", ["a", "b"])
    assert alias == {
        "name": "security-team",
        "mountAccessor": "accessor of github",
        "canonicalId": "auditors-id",
    }
    assert declared.one("strongroom:index:ExternalGroup").former_types == {"strongroom:index:DirectoryGroup"}


@pytest.mark.parametrize(
    ("device", "options"),
    [
        (FileAudit(), {"file_path": "/vault/audit/audit.log", "mode": "0600"}),
        (SyslogAudit(), {"facility": "AUTH", "tag": "vault"}),
        (
            SocketAudit(address="fluentd.example.net:24224"),
            {"address": "fluentd.example.net:24224", "socket_type": "tcp", "write_timeout": "2s"},
        ),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_an_audit_device_hashes_what_is_secret(
    declare: Declare, device: FileAudit | SyslogAudit | SocketAudit, options: dict[str, str]
) -> None:
    made = declare(lambda: AuditDevice("a", AuditDeviceArgs(device=device))).one("vault:index/audit:Audit").inputs

    assert made["type"] == device.kind
    assert made["options"] == options  # no log_raw among them
