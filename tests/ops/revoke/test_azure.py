"""What a revocation asks of the Resource Manager."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from strongroom.ops.errors import NotAllowedError
from strongroom.ops.findings import Finding
from strongroom.ops.pulumi.stack import DeployedStack
from strongroom.ops.revoke import azure as module
from strongroom.ops.revoke import step as steps
from strongroom.ops.revoke.azure import AzureRevocation
from strongroom.policy.rules import Declared
from tests.ops.test_verify import LEDGER, ORDERS

GROUP = "/subscriptions/s/resourceGroups/rg/providers"
VAULT = f"{GROUP}/Microsoft.KeyVault/vaults/kv"
IDENTITY = f"{GROUP}/Microsoft.ManagedIdentity/userAssignedIdentities/orders"
CREDENTIALS = f"{IDENTITY}/federatedIdentityCredentials"
ASSIGNMENTS = f"{VAULT}/providers/Microsoft.Authorization/roleAssignments"


def declared(kind: str, **outputs: str) -> Declared:
    return Declared(kind, f"urn:pulumi:s::p::{kind}::x", {}, (), outputs)


RESOURCES = [
    declared("azure-native:keyvault:Vault", id=VAULT),
    declared("azure-native:managedidentity:UserAssignedIdentity", id=IDENTITY, clientId="c", principalId="p"),
]


def stack(*clients: str) -> DeployedStack:
    workloads = [
        each.model_copy(update={"identity": {"clientId": client}})
        for each, client in zip((ORDERS, LEDGER), clients, strict=False)
    ]
    backend = {
        "kind": "azure-key-vault",
        **dict.fromkeys(("tenantId", "authority", "vault", "url", "identityMode", "audience"), "x"),
        "access": "policies",
    }
    made = DeployedStack.model_validate({"backend": backend, "kubernetes": {}, "workloads": []})
    return made.model_copy(update={"workloads": tuple(workloads)})


class Manager:
    """A Resource Manager with an identity's credentials, roles and access policies."""

    def __init__(self) -> None:
        self.found: dict[str, list[dict[str, Any]]] = {
            CREDENTIALS: [
                {"id": f"{CREDENTIALS}/{name}", "properties": {"subject": f"system:serviceaccount:{account}"}}
                for name, account in (("own", "shop:orders"), ("other", "bank:ledger"))
            ],
            ASSIGNMENTS: [
                {"id": f"{ASSIGNMENTS}/{name}", "properties": {"principalId": principal}}
                for name, principal in (("own", "p"), ("other", "q"))
            ],
        }
        self.policies = [{"objectId": "p"}, {"objectId": "q"}]
        self.refused: set[str] = set()

    def list(self, path: str, version: str) -> Sequence[Mapping[str, Any]]:
        return [*self.found[path]]

    def get(self, path: str, version: str) -> Mapping[str, Any]:
        return {"properties": {"accessPolicies": self.policies}}

    def delete(self, path: str, version: str) -> None:
        if path in self.refused:
            raise NotAllowedError("the caller's login to Azure may not delete that")
        parent = path.rpartition("/")[0]
        self.found[parent] = [each for each in self.found[parent] if each["id"] != path]

    def put(self, path: str, version: str, body: Mapping[str, Any]) -> None:
        assert path == f"{VAULT}/accessPolicies/remove"
        self.policies = [each for each in self.policies if each not in body["properties"]["accessPolicies"]]

    @property
    def left(self) -> set[str]:
        return {each["id"].rpartition("/")[2] for some in self.found.values() for each in some}


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> Manager:
    made = Manager()
    monkeypatch.setattr(module, "ResourceManager", lambda _: made)
    monkeypatch.setattr(steps, "_PAUSES", (0, 0, 0))
    return made


def revoke(stack: DeployedStack) -> tuple[dict[str, Finding], list[str]]:
    """The steps by name, and the tokens that remain."""
    revocation = AzureRevocation(stack, stack.backend, stack.workloads[0], RESOURCES)  # type: ignore[arg-type]
    done = {step.name: step.run(dry_run=False) for step in revocation.list_steps()}
    failed = {name for name, step in done.items() if step.state == "failed"}
    return done, [f"{each.what}; {each.fix}" for each in revocation.list_tokens(failed)]


def test_all_that_opens_the_vault_to_an_identity_of_its_own_goes(manager: Manager) -> None:
    done, remaining = revoke(stack("c", "d"))

    # A credential that somebody added for another account is the identity's, too.
    assert manager.found[CREDENTIALS] == []
    assert (manager.left, manager.policies) == ({"other"}, [{"objectId": "q"}])
    assert done["role assignments"].seen == "deleted: own"
    assert remaining == [
        "tokens of the identity, with its roles; ",
        "tokens of the identity, with no role at the vault; ",
    ]
    assert {step.seen for step in revoke(stack("c", "d"))[0].values()} == {"nothing to do"}


def test_what_others_share_stays_and_is_reported(manager: Manager) -> None:
    done, remaining = revoke(stack("c", "c"))

    assert list(done) == ["federated credentials"]
    assert manager.left == {"other", "own"}
    assert [each["id"].rpartition("/")[2] for each in manager.found[CREDENTIALS]] == ["other"]
    assert remaining == ["tokens of the identity, with the roles that it keeps; revoke bank/ledger, too"]


def test_a_login_that_another_workload_needs_is_not_cut(manager: Manager) -> None:
    shared = stack("c", "c")
    both = [each.model_copy(update={"namespace": "shop", "service_account": "orders"}) for each in shared.workloads]
    done, _ = revoke(shared.model_copy(update={"workloads": tuple(both)}))

    assert "shop/ledger log in by the same identity and account" in done["federated credentials"].seen
    assert len(manager.found[CREDENTIALS]) == 2


def test_a_refusal_leaves_the_other_steps_and_is_reported(manager: Manager) -> None:
    manager.refused = {f"{CREDENTIALS}/own"}
    done, remaining = revoke(stack("c", "d"))

    assert {name: step.state for name, step in done.items()} == {
        "federated credentials": "failed",
        "role assignments": "ok",
        "access policies": "ok",
    }
    assert "deleted: other; own: the caller's login" in done["federated credentials"].seen
    assert remaining == ["tokens of the identity, with the roles that it keeps; correct what failed"]


def test_an_identity_that_the_stack_did_not_make_is_reported(manager: Manager) -> None:
    done, _ = revoke(stack("elsewhere", "d"))

    assert "the stack did not make the identity" in done["role assignments"].seen
    assert manager.left == {"own", "other"}
