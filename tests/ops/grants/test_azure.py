"""Who may do what with what is in a key vault, and by which path."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sandbox.azure.access import ROLES as EMULATED
from strongroom.components.azure import access
from strongroom.ops.grants import Granted, Step, describe_grants, list_granted
from strongroom.ops.grants.roles import ROLES
from strongroom.ops.preview.offline import compare
from strongroom.policy.rules import Declared
from strongroom.policy.rules.azure import READERS
from strongroom.policy.rules.kinds.azure import ACCESS_POLICY, FEDERATED, IDENTITY
from strongroom.policy.rules.kinds.kubernetes import PROVIDER_CLASS
from tests.ops.preview.test_report import SECRETS_USER, VAULT, assignment, checkout, declared

DEFINITIONS = SECRETS_USER.rpartition("/")[0]
GUID = "11111111-2222-3333-4444-555555555555"


def identity(key: str, name: str) -> Declared:
    made = declared(IDENTITY, key, resourceName=name, resourceGroupName="rg")
    return replace(made, outputs={"principalId": f"principal of {name}", "clientId": f"client of {name}"})


def federated(name: str, identity_name: str, account: str, group: str = "rg") -> Declared:
    return declared(
        FEDERATED,
        name,
        resourceName=identity_name,
        resourceGroupName=group,
        subject=f"system:serviceaccount:{account}",
    )


def assigned(
    principal: str, scope: str = f"{VAULT}/secrets/db-pass", role: str = SECRETS_USER, name: str = "x"
) -> Declared:
    return assignment(name, scope=scope, roleDefinitionId=role, principalId=principal)


def test_a_service_account_reads_by_its_identity_and_the_role_that_this_has() -> None:
    assert list_granted(
        [
            identity("shop/orders", "dev_shop_orders"),
            federated("shop/orders", "dev_shop_orders", "shop:orders"),
            assigned("principal of dev_shop_orders"),
        ]
    ) == [
        Granted(
            "read",
            (
                Step("service account", "shop/orders"),
                Step("identity", "dev_shop_orders", "client of dev_shop_orders"),
                Step("role assignment", "Key Vault Secrets User", f"{VAULT}/secrets/db-pass"),
                Step("secret", "db-pass", "kv"),
            ),
            "azure:/kv/secrets/db-pass",
        )
    ]


def test_an_assignment_is_of_whom_its_principal_says_and_not_its_name() -> None:
    orders, checkout_ = identity("shop/orders", "o"), identity("shop/checkout", "c")
    accounts = [federated("shop/orders", "o", "shop:orders"), federated("shop/checkout", "c", "shop:checkout")]
    misleading = assigned("principal of c", name="shop/orders/secrets/db-pass/Key Vault Secrets User")

    assert [each.who for each in describe_grants([orders, checkout_, *accounts, misleading])] == ["shop/checkout"]


def test_credentials_of_another_identity_tie_nobody() -> None:
    elsewhere = [federated("shop/a", "other", "shop:a"), federated("shop/b", "o", "shop:b", group="another")]

    assert [each.who for each in describe_grants([identity("o", "o"), *elsewhere, assigned("principal of o")])] == [
        "identity o"
    ]


def test_a_principal_that_the_stack_does_not_know_is_reported_by_its_id() -> None:
    (found,) = list_granted([assigned(GUID)])

    assert found.path[0] == Step("identity", f"principal {GUID}", GUID)


def test_a_role_that_is_not_known_reads_what_cannot_be_reported() -> None:
    (found,) = list_granted([assigned("p", role=f"{DEFINITIONS}/{GUID}")])

    assert str(found.path[-1]) == f"whatever the role {GUID} opens at kv/secrets/db-pass"
    assert found.path[-2] == Step("role assignment", GUID, f"{VAULT}/secrets/db-pass")


@pytest.mark.parametrize(
    ("role", "scope", "what", "mays"),
    [
        ("Key Vault Administrator", VAULT, "every secret of kv", {"read", "list", "write", "use", "administer"}),
        ("Key Vault Secrets Officer", f"{VAULT}/secrets/s", "secret s", {"read", "list", "write", "administer"}),
        ("Key Vault Certificate User", f"{VAULT}/certificates/c", "certificate c", {"read"}),
        ("Key Vault Certificates Officer", VAULT, "every certificate of kv", {"list", "write", "administer"}),
        ("Key Vault Crypto Service Encryption User", f"{VAULT}/keys/k", "key k", {"use"}),
        ("Key Vault Crypto User", "/subscriptions/s", "every key below /subscriptions/s", {"use"}),
        ("Key Vault Purge Operator", VAULT, "", set()),
    ],
)
def test_each_role_allows_what_azure_documents(role: str, scope: str, what: str, mays: set[str]) -> None:
    (id_,) = [id_ for id_, each in ROLES.items() if each.name == role]
    found = describe_grants([assigned("p", scope, f"{DEFINITIONS}/{id_.upper()}")])

    assert {each.may for each in found} == mays
    assert all(each.what == what for each in found)


def test_roles_that_components_assign_and_rules_know_are_known() -> None:
    own = {each.id: each.name for each in vars(access).values() if isinstance(each, access.Role)}

    assert own and own.items() <= {(id_, role.name) for id_, role in ROLES.items()}
    assert {(id_, name) for id_, name in READERS.items()} <= {(id_, role.name) for id_, role in ROLES.items()}
    for id_, actions in EMULATED.items():
        reads = any(action in {"*", "secrets/*", "secrets/getSecret/action"} for action in actions)
        assert ("read" in ROLES[id_].may) == reads


@pytest.mark.parametrize(
    ("scope", "role", "opens", "not_opens"),
    [
        (VAULT, "Key Vault Secrets User", ["kv/secrets/a"], ["kv/keys/a", "other/secrets/a"]),
        (VAULT, "Key Vault Certificate User", ["kv/secrets/a", "kv/keys/a"], ["other/secrets/a"]),
        ("/subscriptions/s", "Key Vault Secrets User", ["kv/secrets/a", "other/secrets/a"], ["kv/keys/a"]),
        (f"{VAULT}/secrets/A", "Key Vault Secrets User", ["kv/secrets/a"], ["kv/secrets/b"]),
    ],
)
def test_a_role_opens_what_is_below_its_scope(scope: str, role: str, opens: list[str], not_opens: list[str]) -> None:
    (id_,) = [id_ for id_, each in ROLES.items() if each.name == role]
    (found,) = list_granted([assigned("p", scope, f"{DEFINITIONS}/{id_}")])

    assert all(found.opens(f"azure:/{each}") for each in opens)
    assert not any(found.opens(f"azure:/{each}") for each in not_opens)


def test_access_policies_open_all_of_a_kind_wherever_they_are_written() -> None:
    entry = {"objectId": "principal of o", "permissions": {"secrets": ["Get"], "keys": ["wrapKey", "all"]}}
    alone = declared(ACCESS_POLICY, "o", vaultName="kv", policy=entry)
    inside = declared("azure-native:keyvault:Vault", "kv2", vaultName="kv2", properties={"accessPolicies": [entry]})
    found = list_granted([identity("o", "o"), alone, inside])

    assert {(str(each.path[-1]), each.may) for each in found} == {
        (f"all {kind} of {vault}", may)
        for vault in ("kv", "kv2")
        for kind, mays in {"secrets": ["read"], "keys": ["read", "list", "write", "use", "administer"]}.items()
        for may in mays
    }
    assert {str(each.path[-2]) for each in found} == {"access policy o"}
    assert all(each.wide for each in found)


def identities(**identity_: Any) -> Callable[[Any], None]:
    """Workloads are known to Azure so."""

    def change(config: Any) -> None:
        config["strongroom:backend"]["identity"] = identity_

    return change


def attached(change: Callable[[Any], None]) -> Callable[[Any], None]:
    """The first workload's pods are those of an object that exists."""

    def attach(config: Any) -> None:
        change(config)
        config["strongroom:kubernetes"] = {**config.get("strongroom:kubernetes", {}), "existingNamespaces": ["shop"]}
        first = config["strongroom:workloads"][0]
        for name in ("image", "images", "command", "replicas"):
            first.pop(name, None)
        first["attach"] = {"kind": "StatefulSet", "name": "web", "containers": ["app"]}

    return attach


def injected(config: Any) -> None:
    identities(mode="service-principal", clientId=GUID, principalId=GUID)(config)
    config["strongroom:kubernetes"] = {"install": "existing"}
    for workload in config["strongroom:workloads"]:
        workload["delivery"] = "akv2k8s"
    config["strongroom:workloads"][1]["secrets"].pop()
    for workload in config["strongroom:workloads"]:
        for secret in workload["secrets"]:
            secret.setdefault("env", "KEY")


def policies(config: Any) -> None:
    config["strongroom:backend"]["vault"]["access"] = "policies"


@pytest.mark.parametrize(
    ("change", "others"),
    [
        (identities(mode="workload-identity"), set()),
        (identities(mode="identity-binding"), set()),
        (
            identities(mode="pod-identity"),
            {f"pods of shop labelled aadpodidbinding={x}" for x in ("orders", "checkout")},
        ),
        (identities(mode="shared"), set()),
        (identities(mode="shared", existing=True, name="found"), set()),
        (identities(mode="addon"), {"pods on the cluster's nodes"}),
        (identities(mode="node", clientId=GUID, principalId=GUID), {"pods on the cluster's nodes"}),
        (identities(mode="system-assigned", principalId=GUID), {"pods on the cluster's nodes"}),
        (
            identities(mode="service-principal", clientId=GUID, principalId=GUID),
            {"holders of the service principal's password"},
        ),
        (injected, {"holders of the service principal's password"}),
        (attached(identities(mode="addon")), {"pods on the cluster's nodes"}),
        (
            attached(identities(mode="service-principal", clientId=GUID, principalId=GUID)),
            {"holders of the service principal's password"},
        ),
        (attached(injected), {"holders of the service principal's password"}),
        (
            attached(identities(mode="pod-identity")),
            {f"pods of shop labelled aadpodidbinding={x}" for x in ("orders", "checkout")},
        ),
        (policies, {"identity deployer"}),
    ],
)
def test_every_workload_is_reported_whatever_its_identity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Any], None], others: set[str]
) -> None:
    monkeypatch.chdir(checkout(tmp_path, "prod", change))
    events = compare("prod", None)
    assert not events.errors
    readers = {each.who for each in describe_grants(events.after.values()) if each.may == "read"}

    classes = [each for each in events.after.values() if each.kind == PROVIDER_CLASS]
    copied = {"readers of Secrets in shop"} if classes else set[str]()
    assert readers == {"shop/orders", "shop/checkout"} | others | copied
