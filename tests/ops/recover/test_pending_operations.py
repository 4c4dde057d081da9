"""A state that an interrupted update left, and what can be said of it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.ops.recover.pending_operations import compose_id, list_created
from strongroom.ops.recover.pending_operations import repair_state as mend

PROVIDER = "urn:pulumi:dev::strongroom::pulumi:providers:azure-native::azure"


def urn(kind: str, name: str) -> str:
    return f"urn:pulumi:dev::strongroom::{kind}::{name}"


def resource(kind: str, name: str = "a", /, **inputs: Any) -> dict[str, Any]:
    return {"urn": urn(kind, name), "type": kind, "custom": True, "inputs": inputs}


MOUNT = resource("vault:index/mount:Mount", path="strongroom", type="kv")
NAMESPACE = resource("kubernetes:core/v1:Namespace", metadata={"name": "shop"})
PASSWORD = resource("random:index/randomPassword:RandomPassword", length=20)


def repair_state(deployment: Any) -> Any:
    """Mend a state of which everything is the stack's."""
    return mend(deployment, {each["urn"] for each in list_created(deployment)})


def interrupted(*operations: tuple[str, dict[str, Any]], resources: list[dict[str, Any]] | None = None) -> Any:
    pending = [{"type": type_, "resource": what} for type_, what in operations]
    return {"resources": resources or [], "pending_operations": pending}


@pytest.mark.parametrize(
    ("kind", "inputs", "id_"),
    [
        ("vault:index/mount:Mount", {"path": "strongroom"}, "strongroom"),
        ("vault:kv/secretV2:SecretV2", {"mount": "strongroom", "name": "team/db"}, "strongroom/data/team/db"),
        ("kubernetes:core/v1:Namespace", {"metadata": {"name": "shop"}}, "shop"),
        ("kubernetes:apps/v1:Deployment", {"metadata": {"name": "orders", "namespace": "shop"}}, "shop/orders"),
        ("kubernetes:helm.sh/v3:Release", {"name": "vault", "namespace": "vault"}, "vault/vault"),
        (
            "azure-native:keyvault:Vault",
            {"resourceGroupName": "rg", "vaultName": "kv"},
            "/subscriptions/s/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv",
        ),
        ("random:index/randomPassword:RandomPassword", {"length": 20}, None),
        ("vault:index/mount:Mount", {}, None),
    ],
)
def test_an_id_follows_from_the_inputs_as_its_provider_composes_it(kind: str, inputs: Any, id_: str | None) -> None:
    assert compose_id(resource(kind, **inputs), "s") == id_


def test_what_was_being_created_is_a_resource_that_a_server_must_confirm() -> None:
    after = repair_state(interrupted(("creating", MOUNT)))

    assert after.uncertain == [MOUNT["urn"]]
    (there,) = after.deployment["resources"]
    assert there["id"] == "strongroom"
    assert there["initErrors"]
    assert after.deployment["pending_operations"] == []


def test_an_id_of_azure_takes_the_subscription_of_its_provider() -> None:
    provider = {"urn": PROVIDER, "type": "pulumi:providers:azure-native", "inputs": {"subscriptionId": "mine"}}
    group = resource("azure-native:resources:ResourceGroup", resourceGroupName="rg") | {"provider": f"{PROVIDER}::id"}
    after = repair_state(interrupted(("creating", group), resources=[provider]))

    assert after.deployment["resources"][-1]["id"] == "/subscriptions/mine/resourceGroups/rg"


def test_what_is_in_the_state_alone_is_made_again() -> None:
    after = repair_state(interrupted(("creating", PASSWORD)))

    assert after.deployment["resources"] == []
    assert (after.uncertain, after.dropped) == ([], [PASSWORD["urn"]])


@pytest.mark.parametrize("operation", ["updating", "deleting", "reading", "creating"])
def test_a_resource_that_the_state_has_stays_and_is_asked_about(operation: str) -> None:
    known = {**MOUNT, "id": "strongroom"}
    after = repair_state(interrupted((operation, MOUNT), resources=[known]))

    assert after.deployment["resources"] == [known]
    assert after.uncertain == [MOUNT["urn"]]


def test_recovering_that_was_cut_short_itself_goes_on() -> None:
    first = repair_state(interrupted(("creating", MOUNT)))
    again = repair_state(first.deployment)

    assert again.uncertain == first.uncertain
    assert again.deployment == first.deployment


def test_what_somebody_else_made_stays_out_of_the_state() -> None:
    after = mend(interrupted(("creating", MOUNT), ("creating", MOUNT)), adopted=())

    assert after.deployment == {"resources": [], "pending_operations": []}
    assert (after.left, after.uncertain, after.dropped) == ([MOUNT["urn"]], [], [])


def test_what_the_state_has_already_and_what_has_no_server_is_not_looked_for() -> None:
    known = {**MOUNT, "id": "strongroom"}
    deployment = interrupted(("creating", MOUNT), ("creating", PASSWORD), ("updating", NAMESPACE), resources=[known])

    assert list_created(deployment) == []
    assert [each["id"] for each in list_created(interrupted(("creating", NAMESPACE)))] == ["shop"]


KINDS = st.sampled_from(
    ["vault:index/mount:Mount", "kubernetes:core/v1:Secret", "random:index/randomPassword:RandomPassword"]
)
RESOURCES = st.builds(
    lambda kind, name: resource(kind, name, path=name, metadata={"name": name}), KINDS, st.sampled_from("abcd")
)
OPERATIONS = st.tuples(st.sampled_from(["creating", "updating", "deleting"]), RESOURCES)


@given(
    st.lists(RESOURCES, unique_by=lambda item: item["urn"]),
    st.lists(OPERATIONS),
    st.sets(RESOURCES.map(lambda item: item["urn"])),
)
def test_no_resource_is_lost_or_there_twice(resources: list[Any], operations: list[Any], own: set[str]) -> None:
    after = mend(interrupted(*operations, resources=resources), own)
    there = [item["urn"] for item in after.deployment["resources"]]

    assert len(there) == len(set(there))
    assert there[: len(resources)] == [item["urn"] for item in resources]
    assert {item["urn"] for _, item in operations} == {*after.uncertain, *after.dropped, *after.left}
    assert not own.intersection(after.left)
    assert set(there) <= {*(item["urn"] for item in resources), *own}
