"""Damage done by hand to deployed stacks: each kind turns its line red, and undone, all are green again."""

import json
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import hvac
import pytest
import yaml

from sandbox.running import Sandbox
from strongroom.ops.pulumi.stack import Cluster as Reached
from strongroom.ops.pulumi.stack import DeployedStack
from strongroom.ops.pulumi.state import read_state
from strongroom.ops.verify import Check, Verifier
from strongroom.ops.verify.cluster_reader import ClusterReader
from strongroom.ops.verify.cluster_rights import ClusterRights
from strongroom.ops.verify.deployment import Deployment
from strongroom.ops.verify.inspection import Inspection
from strongroom.policy.rules import Declared
from tests.integration.driver import Cluster
from tests.support.sandboxed import Project, copied, environment
from tests.support.soak import sampled

from .damage import Damage, Hands
from .of_azure import DAMAGE_TO_AZURE
from .of_kubernetes import REVIEWS
from .of_vault import DAMAGE_TO_VAULT

DAMAGE = {"local": DAMAGE_TO_VAULT, "local-azure": DAMAGE_TO_AZURE}
_RBAC = "rbac.authorization.k8s.io"
_SAMPLE = 4
"""How many kinds for each store `make test` tries."""


@dataclass(frozen=True)
class Deployed:
    """A deployed stack, and who damages it."""

    hands: Hands
    verify: Callable[[], list[Check]]
    outputs: DeployedStack
    resources: Collection[Declared]


def deployed(world: Sandbox, root: Path, stack: str) -> Deployed:
    """Deploy a stack."""
    project = Project(copied(root), world, stack)
    # Other tests on this sandbox may have left what only a refresh sees.
    project.engine.run("refresh", stack)
    project.engine.run("up", stack)
    outputs, key = project.read(), world.api_server.signing_key
    with environment(project.environment):
        resources = read_state(stack)

    def verify() -> list[Check]:
        with environment(project.environment):
            return Verifier(outputs, key, resources=resources, as_operator=True).run()

    return Deployed(Hands(world), verify, outputs, resources)


@pytest.fixture(scope="module")
def on_vault(world: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    """The stack `local`."""
    return deployed(world, tmp_path_factory.mktemp("vault"), "local")


@pytest.fixture(scope="module")
def on_azure(world: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    """The stack `local-azure`."""
    return deployed(world, tmp_path_factory.mktemp("azure"), "local-azure")


def turns_red(stack: Deployed, damage: Damage) -> None:
    """Do damage, see its line, undo it."""
    with damage.do(stack.hands):
        wrong = [check for check in stack.verify() if check.passed is False]
    assert any(check.workload == damage.workload and damage.what in check.what for check in wrong), wrong
    assert [check.detail for check in wrong if "Traceback" in check.detail or "\n" in check.detail] == []


@pytest.mark.integration
@pytest.mark.parametrize("damage", sampled(DAMAGE_TO_VAULT, _SAMPLE), ids=str)
def test_each_kind_of_damage_to_vault_turns_its_line_red(on_vault: Deployed, damage: Damage) -> None:
    turns_red(on_vault, damage)


@pytest.mark.integration
def test_vault_is_green_after_the_sample(on_vault: Deployed) -> None:
    assert [check for check in on_vault.verify() if check.passed is not True] == []


@contextmanager
def bound(cluster: Cluster, name: str, rule: dict[str, list[str]], subject: dict[str, str]) -> Iterator[None]:
    """Have somebody allowed something in the whole cluster meanwhile."""
    reference = {"apiGroup": _RBAC, "kind": "ClusterRole", "name": name}
    cluster.rbac.create_cluster_role({"metadata": {"name": name}, "rules": [rule]})
    cluster.rbac.create_cluster_role_binding({"metadata": {"name": name}, "roleRef": reference, "subjects": [subject]})
    try:
        yield
    finally:
        cluster.rbac.delete_cluster_role_binding(name)
        cluster.rbac.delete_cluster_role(name)


@pytest.fixture
def asking(on_vault: Deployed, world: Sandbox, tmp_path: Path) -> Iterator[ClusterReader]:
    """The API server, to somebody who may ask for reviews, and may not list bindings."""
    cluster = Cluster(world)
    cluster.core.create_namespaced_service_account("default", {"metadata": {"name": "asking"}})
    rule = {"apiGroups": ["authorization.k8s.io"], "resources": ["subjectaccessreviews"], "verbs": ["create"]}
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(cluster.kubeconfig_of("default", "asking")))
    kubeconfig.chmod(0o600)
    subject = {"kind": "ServiceAccount", "namespace": "default", "name": "asking"}
    with bound(cluster, "strongroom-asking", rule, subject):
        yield ClusterReader(Reached(kubeconfig=str(kubeconfig)))
    cluster.core.delete_namespaced_service_account("asking", "default")


def judged(on_vault: Deployed, reader: ClusterReader) -> list[Check]:
    deployment = Deployment(on_vault.outputs, on_vault.resources)
    return [*ClusterRights(deployment, on_vault.outputs, ()).check(reader)]


@pytest.mark.integration
def test_the_api_servers_own_word_is_taken_if_bindings_may_not_be_listed(
    on_vault: Deployed, world: Sandbox, asking: ClusterReader
) -> None:
    *listed, reviews = judged(on_vault, asking)
    assert {check.passed for check in listed} == {None}
    assert (reviews.what, reviews.passed) == (REVIEWS, True)

    rule = {"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create"]}
    everybody = {"apiGroup": _RBAC, "kind": "Group", "name": "system:serviceaccounts:shop"}
    with bound(Cluster(world), "strongroom-damage", rule, everybody):
        *_, reviews = judged(on_vault, asking)
    assert reviews.passed is False
    assert "may create pods/exec in shop (RBAC: allowed by ClusterRoleBinding" in reviews.detail


@pytest.mark.integration
def test_a_strangers_path_is_reported_from_the_binding_to_the_rule(on_vault: Deployed, world: Sandbox) -> None:
    rule = {"apiGroups": ["", "apps"], "resources": ["secrets", "deployments"], "verbs": ["get", "patch"]}
    with bound(Cluster(world), "strongroom-damage", rule, {"apiGroup": _RBAC, "kind": "Group", "name": "ops"}):
        found = {check.what: check.detail for check in on_vault.verify() if check.passed is False}
        known = on_vault.outputs.model_copy(update={"administrators": ("group ops",)})
        seen = Inspection(known, Deployment(known, on_vault.resources), ()).run(as_operator=False)
    assert [check for check in seen if check.passed is False] == []
    path = "group ops by ClusterRoleBinding strongroom-damage -> ClusterRole strongroom-damage"
    assert found["nobody else may read Secrets in its namespaces"] == f"{path} -> get secrets"
    assert found["nobody else may start or enter pods in its namespaces"] == f"{path} -> patch deployments.apps"
    assert "group ops may list secrets" not in found.get(REVIEWS, "")


def audited(world: Sandbox, operation: str) -> list[datetime]:
    """List when Vault answered an operation, as its audit device says."""
    lines = (json.loads(line) for line in (world.state / "vault" / "audit.log").read_text().splitlines())
    return sorted(
        datetime.fromisoformat(line["time"].rstrip("Z")[:26])
        for line in lines
        if line["type"] == "response"
        and not line.get("error")
        and f"{line['request']['operation']} {line['request']['path']}" == operation
    )


@pytest.mark.integration
def test_who_logs_in_meanwhile_keeps_the_token(on_vault: Deployed, world: Sandbox) -> None:
    """Vault revokes a token whose accessor is looked up before its lease is recorded."""
    ended: list[str] = []
    over = threading.Event()

    def log_in() -> None:
        client = world.vault.client()
        while not over.is_set():
            token = client.auth.token.create(policies=["default"], ttl="60s", no_parent=True)["auth"]["client_token"]
            over.wait(0.05)
            try:
                client.auth.token.revoke(token) if client.auth.token.lookup(token) else None
            except hvac.exceptions.VaultError:
                ended.append(token)

    threads = [threading.Thread(target=log_in) for _ in range(8)]
    for thread in threads:
        thread.start()
    try:
        checks = on_vault.verify()
    finally:
        over.set()
        for thread in threads:
            thread.join()
    listed = audited(world, "list auth/token/accessors/")[-1]
    first = min(each for each in audited(world, "update auth/token/lookup-accessor") if each > listed)
    assert (first - listed).total_seconds() > 1.9
    assert len(ended) == 0
    assert [check for check in checks if check.passed is not True] == []


@pytest.mark.soak
def test_vault_is_green_after_all_damage(on_vault: Deployed) -> None:
    assert [check for check in on_vault.verify() if check.passed is not True] == []


@pytest.mark.integration
@pytest.mark.parametrize("damage", sampled(DAMAGE_TO_AZURE, _SAMPLE), ids=str)
def test_each_kind_of_damage_to_azure_turns_its_line_red(on_azure: Deployed, damage: Damage) -> None:
    turns_red(on_azure, damage)


@pytest.mark.integration
def test_azure_is_green_after_the_sample(on_azure: Deployed) -> None:
    assert [check for check in on_azure.verify() if check.passed is not True] == []


@pytest.mark.soak
def test_azure_is_green_after_all_damage(on_azure: Deployed) -> None:
    assert [check for check in on_azure.verify() if check.passed is not True] == []


@pytest.mark.integration
def test_there_are_enough_kinds_and_each_has_a_name_of_its_own() -> None:
    for damage in DAMAGE.values():
        assert len({each.name for each in damage}) == len(damage)
    assert len({each.name for damage in DAMAGE.values() for each in damage}) >= 90
