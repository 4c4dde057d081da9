"""What a Vault backend declares for a workload."""

import re

import pulumi
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from strongroom import (
    Grant,
    KubernetesAuth,
    KubernetesAuthArgs,
    KvEngine,
    KvEngineArgs,
    Secret,
    ServiceAccount,
    VaultBackend,
    VaultBackendArgs,
    Workload,
)
from strongroom.components.seeds import Generate
from strongroom.components.vault.backend import VaultConnection, build_objects_parameter
from strongroom.components.vault.policy import build_read_policy
from tests.support.recording import Declare

POLICY = "vault:index/policy:Policy"
ROLE = "vault:kubernetes/authBackendRole:AuthBackendRole"

ORDERS = Workload(
    name="orders",
    namespace="shop",
    image="busybox:1.36",
    secrets=(
        Secret(name="user", object="db-pass", key="username"),
        Secret(name="password", object="db-pass", key="password", version="3"),
        Secret(name="token", object="team/api", key="token", file_permission="0440", encoding="base64"),
    ),
)


def backend() -> VaultBackend:
    return VaultBackend(
        "vault",
        VaultBackendArgs(
            connection=VaultConnection(address="https://vault.example.net:8200", ca_path="/vault/tls/ca.crt"),
            engine=KvEngine("vault", KvEngineArgs(path="kv", create=True, seeds={"db-pass": {"password": Generate()}})),
            auth=KubernetesAuth(
                "vault", KubernetesAuthArgs(path="kubernetes-dev", kubernetes_host="https://api.example.net")
            ),
        ),
    )


def test_a_policy_reads_each_declared_object_once_and_nothing_else(declare: Declare) -> None:
    policy = declare(lambda: backend().grant(ORDERS)).one(POLICY).inputs

    assert policy["name"] == "kubernetes-dev.shop.orders"
    assert policy["policy"] == (
        'path "kv/data/db-pass" {\n  capabilities = ["read"]\n}\n\n'
        'path "kv/data/team/api" {\n  capabilities = ["read"]\n}\n'
    )


def test_a_grant_has_the_versions_of_what_the_stack_writes_for_pods_that_restart_with_them(declare: Declare) -> None:
    versions: list[object] = []
    restarting = ORDERS.model_copy(update={"on_rotation": "restart"})
    pinned = restarting.model_copy(update={"secrets": ORDERS.secrets[1:]})

    def program() -> None:
        made = backend()
        for declared in (restarting, pinned, ORDERS):
            found = pulumi.Output.from_input(dict(made.grant(declared).versions))
            pulumi.Output.all(found, found.is_secret()).apply(versions.append)

    declare(program)
    assert sorted(versions, key=str) == [[{"db-pass": "7"}, False], [{}, False], [{}, False]]


def test_a_role_admits_one_service_account_with_one_audience(declare: Declare) -> None:
    role = declare(lambda: backend().grant(ORDERS)).one(ROLE).inputs

    assert role["boundServiceAccountNames"] == ["orders"]
    assert role["boundServiceAccountNamespaces"] == ["shop"]
    assert role["audience"] == "vault"
    assert role["tokenPolicies"] == ["kubernetes-dev.shop.orders"]
    assert role["tokenNoDefaultPolicy"] is True
    assert (role["tokenTtl"], role["tokenMaxTtl"]) == (1200, 3600)


def test_a_revoked_workload_gets_neither_policy_nor_role_and_keeps_its_names(declare: Declare) -> None:
    grants: list[Grant] = []
    revoked = ORDERS.model_copy(update={"revoked": True})
    recorder = declare(lambda: grants.append(backend().grant(revoked)))

    assert recorder.all(POLICY) == recorder.all(ROLE) == []
    assert grants[0].identity == {"role": "shop.orders", "policy": "kubernetes-dev.shop.orders"}


def test_a_role_allows_the_account_that_the_workload_names(declare: Declare) -> None:
    shared = ORDERS.model_copy(update={"service_account": ServiceAccount(name="shared", create=False)})
    role = declare(lambda: backend().grant(shared)).one(ROLE).inputs

    assert role["boundServiceAccountNames"] == ["shared"]
    assert role["roleName"] == "shop.orders"


def test_a_class_asks_by_the_role_for_the_audience_that_the_role_requires(declare: Declare) -> None:
    grants = []
    recorder = declare(lambda: grants.append(backend().grant(ORDERS)))
    parameters = grants[0].parameters

    assert parameters["audience"] == recorder.one(ROLE).inputs["audience"] == grants[0].audience
    assert parameters["roleName"] == recorder.one(ROLE).inputs["roleName"]
    assert parameters["vaultAuthMountPath"] == "kubernetes-dev"
    assert parameters["vaultAddress"] == "https://vault.example.net:8200"
    assert parameters["vaultCACertPath"] == "/vault/tls/ca.crt"
    assert all(isinstance(value, str) for value in parameters.values())


def test_objects_are_a_yaml_list_with_versions_in_the_path() -> None:
    assert yaml.safe_load(build_objects_parameter("kv", ORDERS.secrets)) == [
        {"objectName": "user", "secretPath": "kv/data/db-pass", "secretKey": "username"},
        {"objectName": "password", "secretPath": "kv/data/db-pass?version=3", "secretKey": "password"},
        {
            "objectName": "token",
            "secretPath": "kv/data/team/api",
            "secretKey": "token",
            "encoding": "base64",
            "filePermission": 0o440,
        },
    ]


def test_workloads_whose_names_run_together_stay_apart(declare: Declare) -> None:
    secrets = (Secret(name="f", object="o", key="k"),)
    pair = [
        Workload(name="c", namespace="a-b", image="i", secrets=secrets),
        Workload(name="b-c", namespace="a", image="i", secrets=secrets),
    ]

    def program() -> None:
        store = backend()
        for workload in pair:
            store.grant(workload)

    recorder = declare(program)
    assert len({policy.inputs["name"] for policy in recorder.all(POLICY)}) == 2
    assert len({role.inputs["roleName"] for role in recorder.all(ROLE)}) == 2


@pytest.mark.parametrize("secret", [{"key": None}, {"key": "k", "type": "cert"}])
def test_a_secret_that_vault_cannot_serve_is_refused(declare: Declare, secret: dict[str, str]) -> None:
    workload = Workload(name="a", namespace="b", image="i", secrets=(Secret(name="f", object="o", **secret),))

    with pytest.raises(ValueError, match="b/a: secret 'f'"):
        declare(lambda: backend().grant(workload))


def test_seeded_values_are_secret_and_written_before_the_pod(declare: Declare) -> None:
    grants = []
    recorder = declare(lambda: grants.append(backend().grant(ORDERS)))
    seeded = recorder.one("vault:kv/secretV2:SecretV2")

    assert seeded.inputs["dataJson"] == '{"password": "generated db-pass/password"}'
    assert "dataJson" in seeded.secret_inputs
    assert "vault" in seeded.dependencies  # the mount
    assert len(grants[0].requires) == 3
    assert {type(each).__name__ for each in grants[0].requires} == {"Policy", "AuthBackendRole", "SecretV2"}


def test_a_reviewer_token_reaches_vault_as_a_secret(declare: Declare) -> None:
    configuration = declare(backend).one("vault:kubernetes/authBackendConfig:AuthBackendConfig")

    assert configuration.inputs["tokenReviewerJwt"] == "reviewer"
    assert "tokenReviewerJwt" in configuration.secret_inputs
    assert configuration.inputs["disableLocalCaJwt"] is True


def test_a_reviewer_may_review_tokens_and_nothing_else(declare: Declare) -> None:
    recorder = declare(backend)
    account = recorder.one("kubernetes:core/v1:ServiceAccount").inputs
    name = "vault-token-reviewer-kubernetes-dev"

    assert account["metadata"] == {"name": name, "namespace": "kube-system"}
    assert account["automountServiceAccountToken"] is False
    (binding,) = [item.inputs for item in recorder.recorded if item.type.endswith("Binding")]
    assert binding["roleRef"] == {
        "apiGroup": "rbac.authorization.k8s.io",
        "kind": "ClusterRole",
        "name": "system:auth-delegator",
    }
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": name, "namespace": "kube-system"}]


def test_a_role_comes_after_the_method_and_how_it_reviews(declare: Declare) -> None:
    role = declare(lambda: backend().grant(ORDERS)).one(ROLE)

    assert {
        "vault:index/authBackend:AuthBackend",
        "vault:kubernetes/authBackendConfig:AuthBackendConfig",
    } <= role.dependency_types


@pytest.mark.parametrize("path", ["kubernetes", "Prod_EU", "a/b.c", "x" * 300, "_"])
def test_a_reviewer_has_a_legal_name_whatever_the_path(declare: Declare, path: str) -> None:
    recorder = declare(
        lambda: KubernetesAuth("v", KubernetesAuthArgs(path=path, kubernetes_host="https://api.example.net"))
    )
    name = recorder.one("kubernetes:core/v1:ServiceAccount").inputs["metadata"]["name"]

    assert re.fullmatch(r"vault-token-reviewer-[a-z0-9]([-a-z0-9]{0,200}[a-z0-9])?", name)


def test_an_auth_method_that_exists_is_left_alone(declare: Declare) -> None:
    recorder = declare(lambda: KubernetesAuth("vault", KubernetesAuthArgs(create=False)))

    assert [item.type for item in recorder.recorded if item.type.startswith(("vault:", "kubernetes:"))] == []


def test_an_auth_method_to_create_needs_the_api_server(declare: Declare) -> None:
    with pytest.raises(ValueError, match="kubernetes_host"):
        declare(lambda: KubernetesAuth("vault", KubernetesAuthArgs()))


@given(st.text())
def test_no_name_makes_a_policy_wider(name: str) -> None:
    try:
        policy = build_read_policy("kv", [name])
    except ValueError:
        return
    assert policy == f'path "kv/data/{name}" {{\n  capabilities = ["read"]\n}}\n'
    assert not set(name) & set('*+"\\{}%\n$')
    assert ".." not in name.split("/")


def test_the_component_has_a_type_of_its_own(declare: Declare) -> None:
    types = {item.type for item in declare(backend).recorded}

    assert {"strongroom:index:VaultBackend", "strongroom:index:KvEngine", "strongroom:index:KubernetesAuth"} <= types
    assert issubclass(VaultBackend, pulumi.ComponentResource)
