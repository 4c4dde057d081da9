"""The chain on Azure Key Vault, each link of it broken for real."""

import json
from typing import Any

import pytest

from sandbox.azure.store import Store
from strongroom.ops.pulumi.stack import DeployedStack
from tests.integration.doctored import EXCHANGE, faults, seen, stops, whole
from tests.integration.driver import Cluster
from tests.integration.tampering import ASSIGNMENTS, CREDENTIALS, IDENTITIES, VAULTS, broken
from tests.support.sandboxed import Project

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("through_its_proxy")]


@pytest.fixture(autouse=True)
def alive(cluster: Cluster) -> None:
    cluster.ready()


@pytest.fixture(scope="module")
def on_azure(azure_project: Project, cluster: Cluster) -> DeployedStack:
    return azure_project.read()


def test_a_whole_chain_is_ok_for_every_workload(on_azure: DeployedStack) -> None:
    for workload in on_azure.workloads:
        found = seen(on_azure, workload.path)
        assert whole(found), found.checks
        assert [link.name for link in found.checks] == [
            *("driver", "provider", "class", "volume", "service account", "audience"),
            *("identity", "federation", "store", "assignment", "object", "version", "sync", "mount"),
        ]


def test_it_stops_at_a_class_with_two_identity_flags(on_azure: DeployedStack, cluster: Cluster) -> None:
    def flags(spec: dict[str, Any]) -> None:
        spec["parameters"] |= {"useVMManagedIdentity": "true", "usePodIdentity": "true"}

    with cluster.edited_class("bank", "ledger", flags):
        stops(seen(on_azure, "ledger"), "class", "useVMManagedIdentity and usePodIdentity, of which the provider")


def test_it_stops_at_a_kind_of_object_that_is_none(on_azure: DeployedStack, cluster: Cluster) -> None:
    def kind(spec: dict[str, Any]) -> None:
        spec["parameters"]["objects"] = spec["parameters"]["objects"].replace(
            "objectType: secret", "objectType: secrets"
        )

    with cluster.edited_class("bank", "ledger", kind):
        stops(seen(on_azure, "ledger"), "class", "the objectType 'secrets'", "secret, key and cert", "pulumi refresh")


def test_it_stops_where_the_driver_requests_no_token_for_the_exchange(
    on_azure: DeployedStack, cluster: Cluster
) -> None:
    cluster.driver("vault")
    try:
        stops(seen(on_azure, "ledger"), "audience", f"tokens for vault, and {EXCHANGE} is needed", "tokenRequests")
    finally:
        cluster.driver("vault", EXCHANGE)


def test_an_annotation_that_is_gone_is_warned_of(on_azure: DeployedStack, cluster: Cluster) -> None:
    annotation = "azure.workload.identity/client-id"
    before = cluster.core.read_namespaced_service_account("ledger", "bank").metadata.annotations[annotation]
    change = {"metadata": {"annotations": {annotation: None}}}
    cluster.core.patch_namespaced_service_account("ledger", "bank", change)
    try:
        found = seen(on_azure, "ledger")
        (warned,) = faults(found)
        assert (warned.name, warned.state) == ("service account", "warning")
    finally:
        change["metadata"]["annotations"][annotation] = before
        cluster.core.patch_namespaced_service_account("ledger", "bank", change)


@pytest.mark.parametrize(
    ("change", "reported"),
    [
        ({"audiences": ["api://elsewhere"]}, ["AADSTS700212"]),
        ({"subject": "system:serviceaccount:shop:checkout"}, ["AADSTS700213"]),
        ({"issuer": "https://kubernetes.default.svc/"}, ["AADSTS700211", "kubernetes.oidcIssuer"]),
        ({}, ["AADSTS70025"]),
    ],
)
def test_it_stops_at_a_federated_credential_that_differs(
    on_azure: DeployedStack, store: Store, change: dict[str, Any], reported: list[str]
) -> None:
    with broken(store, CREDENTIALS, "serviceaccount:bank:ledger", **change):
        stops(seen(on_azure, "ledger"), "federation", "a federated credential of the identity", *reported)


def test_it_stops_at_an_identity_that_the_directory_does_not_know(on_azure: DeployedStack, store: Store) -> None:
    with broken(store, IDENTITIES, "bank_ledger", clientId="00000000-0000-0000-0000-000000000000"):
        stops(seen(on_azure, "ledger"), "identity", "AADSTS700016", "pulumi refresh")


def test_it_stops_at_a_vault_that_is_gone(on_azure: DeployedStack, store: Store) -> None:
    (vault,) = store.resources(VAULTS)
    store.put(vault["id"], VAULTS, {**vault, "name": "elsewhere"})
    try:
        stops(seen(on_azure, "ledger"), "store", "there is no such vault", "backend.vault.name")
    finally:
        store.put(vault["id"], VAULTS, vault)


def test_a_firewall_that_keeps_this_machine_out_is_not_called_broken(on_azure: DeployedStack, store: Store) -> None:
    with broken(store, VAULTS, "strongroom-local", publicNetworkAccess="Disabled"):
        found = seen(on_azure, "ledger")
        assert found.first_failed is None
        assert {link.name for link in found.checks if link.state == "skipped"} >= {"store", "assignment"}


def test_it_stops_at_a_missing_role_assignment(on_azure: DeployedStack, store: Store) -> None:
    with broken(store, ASSIGNMENTS, "secrets/ledger-token"):
        stops(seen(on_azure, "ledger"), "assignment", "secret ledger-token: ForbiddenByRbac", "ten minutes")


def test_it_stops_at_an_object_that_is_missing_or_disabled(on_azure: DeployedStack, store: Store) -> None:
    place = ("strongroom-local", "secrets", "ledger-token")
    before = store.object(*place)
    assert before is not None
    store.remove_object(*place)
    try:
        stops(seen(on_azure, "ledger"), "object", "secret ledger-token", "az keyvault secret set")
        disabled = json.loads(json.dumps(before))
        for version in disabled["versions"]:
            version["attributes"]["enabled"] = False
        store.put_object(*place, disabled)
        stops(seen(on_azure, "ledger"), "version", "is disabled", "--enabled true")
    finally:
        store.put_object(*place, before)
    assert whole(seen(on_azure, "ledger"))
