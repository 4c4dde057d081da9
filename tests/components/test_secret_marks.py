"""What is secret is marked as secret by Strongroom itself: what a provider's SDK marks may change."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi.dynamic
import pulumi_kubernetes as kubernetes
import pulumi_random
import pulumi_vault
import pytest

from strongroom import (
    Akv2k8sEnvInjector,
    Akv2k8sEnvInjectorArgs,
    Database,
    DatabaseEngine,
    DatabaseEngineArgs,
    Generate,
    KubernetesAuth,
    KubernetesAuthArgs,
    KvEngine,
    KvEngineArgs,
    LdapAuth,
    LdapAuthArgs,
    OidcAuth,
    OidcAuthArgs,
    Principal,
    Secret,
    ServicePrincipal,
    User,
    UserpassAuth,
    UserpassAuthArgs,
    VaultBootstrap,
    VaultBootstrapArgs,
    VaultServer,
    VaultServerArgs,
    Workload,
)
from strongroom.components.seeds import resolve_seed
from strongroom.components.vault.bootstrap.file_key_store import FileKeyStore
from strongroom.components.vault.client import VaultNode
from strongroom.components.vault.server.args import VaultServerSpec
from strongroom.components.vault.server.tls import GeneratedTls, SuppliedTls
from tests.components.outputs import is_secret
from tests.support.recording import Declare

CANARY = "canary-77c1"
TENANT = "11111111-2222-3333-4444-555555555555"
WORKLOAD = Workload(name="a", namespace="b", image="i:1", secrets=(Secret(name="f", object="o"),))


@dataclass(frozen=True)
class Marked:
    """A resource that holds a secret."""

    name: str
    cls: type[pulumi.Resource]
    program: Callable[[], object]
    outputs: Collection[str]
    """Its outputs that must be secret."""

    inputs: Collection[str] = ()
    """The arguments of its SDK that must be."""


def opened() -> VaultBootstrap:
    return VaultBootstrap(
        "vault",
        VaultBootstrapArgs(nodes=[VaultNode(address="https://vault:8200")], key_store=FileKeyStore("recovery.json")),
    )


def server(tls: GeneratedTls | SuppliedTls) -> VaultServer:
    return VaultServer("store", VaultServerArgs(server=VaultServerSpec(tls=tls)))


def databases() -> DatabaseEngine:
    url = "postgresql://{{username}}:{{password}}@db/shop?sslmode=verify-full"
    shop = Database(name="shop", plugin="postgresql", url=url, username="vault", password=CANARY)
    return DatabaseEngine("databases", DatabaseEngineArgs(databases=[shop]))


MARKED = [
    Marked(
        "auth method",
        pulumi_vault.kubernetes.AuthBackendConfig,
        lambda: KubernetesAuth("vault", KubernetesAuthArgs(kubernetes_host="https://api.example.net")),
        {"tokenReviewerJwt"},
        {"token_reviewer_jwt"},
    ),
    Marked(
        "reviewer's token",
        kubernetes.core.v1.Secret,
        lambda: KubernetesAuth("vault", KubernetesAuthArgs(kubernetes_host="https://api.example.net")),
        {"data", "stringData"},
    ),
    Marked(
        "oidc",
        pulumi_vault.jwt.AuthBackend,
        lambda: OidcAuth(
            "oidc",
            OidcAuthArgs(discovery_url="https://i", client_id="c", client_secret=CANARY, redirect_uris=["https://v"]),
        ),
        {"oidcClientSecret"},
        {"oidc_client_secret"},
    ),
    Marked(
        "ldap",
        pulumi_vault.ldap.AuthBackend,
        lambda: LdapAuth(
            "ldap", LdapAuthArgs(url="ldaps://l", user_dn="ou=u", group_dn="ou=g", bind_dn="cn=v", bind_password=CANARY)
        ),
        {"bindpass"},
        {"bindpass"},
    ),
    Marked(
        "userpass",
        pulumi_vault.UserpassAuthBackendUser,
        lambda: UserpassAuth("userpass", UserpassAuthArgs(users=[User(name="dora", policies=["a"], password=CANARY)])),
        {"passwordWo", "passwordWoVersion"},
        {"password_wo", "password_wo_version"},
    ),
    Marked(
        "engine",
        pulumi_vault.kv.SecretV2,
        lambda: KvEngine("kv", KvEngineArgs(seeds={"o": {"k": CANARY}})),
        {"data", "dataJson"},
        {"data_json"},
    ),
    Marked(
        "database",
        pulumi_vault.database.SecretBackendConnection,
        databases,
        {"postgresql"},
        {"postgresql.password_wo", "postgresql.password_wo_version"},
    ),
    Marked(
        "rotation of a database's password",
        pulumi_vault.generic.Endpoint,
        databases,
        {"dataJson", "writeData", "writeDataJson"},
        {"data_json"},
    ),
    Marked("bootstrap", pulumi.dynamic.Resource, opened, {"token", "shares"}),
    Marked("generated certificate", kubernetes.core.v1.Secret, lambda: server(GeneratedTls()), {"data", "stringData"}),
    Marked(
        "supplied certificate",
        kubernetes.core.v1.Secret,
        lambda: server(SuppliedTls(secret="s")),
        {"data", "stringData"},
    ),
    Marked(
        "generated value",
        pulumi_random.RandomPassword,
        lambda: KvEngine("kv", KvEngineArgs(seeds={"o": {"k": Generate()}})),
        {"result"},
    ),
    Marked(
        "akv2k8s",
        kubernetes.core.v1.Secret,
        lambda: Akv2k8sEnvInjector(
            "akv2k8s",
            Akv2k8sEnvInjectorArgs(
                credentials="c",
                readers=[("b", "a")],
                principal=Principal(tenant_id=TENANT, client_id=TENANT, secret=CANARY),
            ),
        ),
        {"data", "stringData"},
        {"string_data.AZURE_CLIENT_SECRET"},
    ),
    Marked(
        "service principal",
        kubernetes.core.v1.Secret,
        lambda: ServicePrincipal(
            principal_id=TENANT,
            secret_name="creds",
            client_id=TENANT,
            client_secret=CANARY,
        ).identify(WORKLOAD, pulumi.ComponentResource("a:b:C", "c")),
        {"data", "stringData"},
        {"string_data.clientsecret"},
    ),
]


@dataclass(frozen=True)
class Handed:
    """What a component hands to a resource's SDK, before that adds what it knows itself."""

    inputs: dict[str, Any]
    opts: pulumi.ResourceOptions


Hand = Callable[[Marked], Handed]


@pytest.fixture
def handed(declare: Declare, monkeypatch: pytest.MonkeyPatch) -> Hand:
    """Run a program, and give back what its only resource of a class was handed."""

    def run(marked: Marked) -> Handed:
        found: list[Handed] = []
        init = marked.cls.__init__

        def record(self: Any, *args: Any, **inputs: Any) -> None:
            (opts,) = (each for each in (*args, inputs.get("opts")) if isinstance(each, pulumi.ResourceOptions))
            found.append(Handed(inputs, opts))
            init(self, *args, **inputs)

        monkeypatch.setattr(marked.cls, "__init__", record)
        declare(marked.program)
        (only,) = found
        return only

    return run


def at(inputs: dict[str, Any], path: str) -> Any:
    value: Any = inputs
    for step in path.split("."):
        value = value[step]
    return value


@pytest.mark.parametrize("marked", MARKED, ids=lambda marked: marked.name)
def test_outputs_that_hold_secrets_are_named_to_the_engine(handed: Hand, marked: Marked) -> None:
    assert set(marked.outputs) <= set(handed(marked).opts.additional_secret_outputs or ())


@pytest.mark.parametrize("marked", [each for each in MARKED if each.inputs], ids=lambda marked: marked.name)
def test_inputs_that_hold_secrets_are_secret_whatever_their_provider_says(handed: Hand, marked: Marked) -> None:
    inputs = handed(marked).inputs

    for path in marked.inputs:
        value = at(inputs, path)
        assert isinstance(value, pulumi.Output), path
        assert is_secret(value) is True, path


@pytest.mark.parametrize("seed", [CANARY, Generate()], ids=["given", "generated"])
def test_a_value_to_write_is_secret_given_or_generated(declare: Declare, seed: Any) -> None:
    made: list[pulumi.Output[str]] = []
    declare(lambda: made.append(resolve_seed("o/k", seed, pulumi.ComponentResource("a:b:C", "c"))))

    assert is_secret(made[0]) is True


def test_what_bootstrap_gives_back_is_secret(declare: Declare) -> None:
    made: list[VaultBootstrap] = []
    declare(lambda: made.append(opened()))

    assert is_secret(made[0].token) is True
    assert is_secret(made[0].shares) is True
    assert is_secret(made[0].address) is False
