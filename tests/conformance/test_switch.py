"""A stack changes its store, and its workloads' lines stay as they are."""

from collections.abc import Iterator

import pytest
import yaml

from sandbox.running import Sandbox
from tests.support.sandboxed import ROOT, Project, copied

from .workload_clients import Eyes, reads

pytestmark = pytest.mark.integration

CHANGED = {"SecretProviderClass", "Deployment", "Pod", "ServiceAccount"}
"""What a workload has in the cluster."""


def apart(eyes: Eyes) -> None:
    """Every workload reads what its own class promises, and nothing else."""
    assert reads(eyes.sessions(), eyes.places()) == eyes.promised()
    assert eyes.let_in() == {(path, path) for path in eyes.tokens}


@pytest.fixture
def project(world: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    made = Project(copied(tmp_path_factory.mktemp("switch")), world, "local")
    made.engine.run("up", "local")
    yield made
    made.engine.run("destroy", "local")
    world.azure.purge()


def test_a_stack_switches_its_store_in_place_and_back(project: Project, world: Sandbox) -> None:
    assert project.wrong() == set()
    settings = project.config
    azure = yaml.safe_load((ROOT / "stacks" / "Pulumi.local-azure.yaml").read_text())["config"]
    settings["strongroom:backend"] = {
        **azure["strongroom:backend"],
        "vault": {"name": "strongroom-switched", "purgeProtection": False},
    }
    project.write(settings)

    before = Eyes("local")
    old = before.sessions()

    there = project.changes("up")

    after = Eyes("local")
    apart(after)
    assert reads(old, before.places()) == set()
    assert not any(before.admits(before.classes[path], token) for path, token in before.tokens.items())
    moved = after.sessions()
    assert project.wrong() == set()
    assert len(project.checks()) > 60
    replaced = {change for change in there if change.startswith("replace ") and change.split()[1] in CHANGED}
    assert replaced <= {"replace Pod bank/ledger"}
    assert "update SecretProviderClass shop/orders" in there
    vault = world.vault.client()
    assert [name for name in vault.sys.list_acl_policies()["data"]["keys"] if name.startswith("kubernetes.")] == []

    project.restore()
    project.changes("up")

    apart(Eyes("local"))
    assert reads(moved, after.places()) == set()
    assert not any(after.admits(after.classes[path], token) for path, token in after.tokens.items())
    assert project.wrong() == set()
    assert len(project.checks()) > 60
    store = world.azure.store
    assert store.resources("Microsoft.Authorization/roleAssignments") == []
    assert store.resources("Microsoft.ManagedIdentity/userAssignedIdentities") == []
