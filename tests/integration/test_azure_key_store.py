"""Keys in a key vault: a bootstrap that is killed on the way, on the Azure emulator."""

import json
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sandbox.azure.store import Document
from sandbox.running import Sandbox
from strongroom.components.vault.bootstrap.azure_key_store import AzureKeyStore
from strongroom.components.vault.bootstrap.key_store import BootstrapState, KeyStoreError
from tests.support.soak import sampled

from .vaults import PLAN, Servers, kept, run

pytestmark = pytest.mark.integration

OFFICER = "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"
RECORD = BootstrapState(shares=("canary-share-1", "canary-share-2"), threshold=2, root_token="canary-root")


class Keeper:
    """A key vault in which the deployer may keep secrets."""

    def __init__(self, world: Sandbox) -> None:
        self.azure = world.azure
        self.environment = {**world.azure.environment(), **world.azure.operator()}
        base = f"/subscriptions/{world.azure.configuration.subscription}/resourceGroups/rg-keys/providers"
        self.id = f"{base}/Microsoft.KeyVault/vaults/kv-keys"
        self.role = f"{self.id}/providers/Microsoft.Authorization/roleAssignments/officer"

    def deploy(self) -> None:
        """Make the vault and the role."""
        vault = {"id": self.id, "name": "kv-keys", "type": "Microsoft.KeyVault/vaults", "properties": {}}
        vault["properties"] = {"tenantId": self.azure.configuration.tenant, "enableRbacAuthorization": True}
        self.azure.store.put(self.id, vault["type"], vault)
        self.allow()

    def allow(self) -> None:
        """Let the deployer keep secrets there, and return when it may."""
        operator = json.loads((self.azure.configuration.state / "operator.json").read_text())
        properties = {"principalId": operator["principal"], "scope": self.id, "roleDefinitionId": f"/{OFFICER}"}
        self.azure.store.put(self.role, "Microsoft.Authorization/roleAssignments", {"properties": properties})
        time.sleep(self.azure.configuration.settling)

    def deny(self) -> None:
        """Take that back."""
        self.azure.store.remove(self.role)

    def key_store(self, name: str) -> AzureKeyStore:
        """A key store there."""
        return AzureKeyStore("https://kv-keys.vault.azure.net", self.azure.configuration.tenant, name=name)

    def versions(self, secret: str) -> list[Document]:
        """All versions of a secret."""
        found = self.azure.store.object("kv-keys", "secrets", secret)
        return found["versions"] if found else []


@pytest.fixture(scope="module")
def keeper(world: Sandbox) -> Iterator[Keeper]:
    """The key vault."""
    made = Keeper(world)
    made.deploy()
    yield made
    world.azure.store.remove_object("kv-keys")
    world.azure.store.remove(made.id)


@pytest.fixture
def as_deployer(keeper: Keeper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deploy by this process, with a state directory of its own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name, value in keeper.environment.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("as_deployer")
def test_shares_are_written_once_and_nothing_later_overwrites_them(keeper: Keeper) -> None:
    key_store = keeper.key_store("once")
    assert key_store.load() is None

    key_store.save(BootstrapState())
    assert key_store.load() == BootstrapState()
    key_store.save(RECORD)
    assert key_store.load() == RECORD
    finished = replace(RECORD, root_token=None, admin_token="canary-admin", finished=True)
    key_store.save(finished)
    assert key_store.load() == finished
    assert len(keeper.versions("once-keys")) == 1

    key_store.save(BootstrapState())  # a run elsewhere that began too
    assert (key_store.load() or BootstrapState()).shares == RECORD.shares


@pytest.mark.usefixtures("as_deployer")
def test_what_can_not_be_read_says_what_to_do_and_no_secret(keeper: Keeper) -> None:
    key_store = keeper.key_store("refused")
    key_store.save(RECORD)
    keeper.deny()
    try:
        with pytest.raises(
            KeyStoreError, match="give the deploying identity `Key Vault Secrets Officer` there"
        ) as refused:
            key_store.load()
        with pytest.raises(KeyStoreError, match="can't be written"):
            keeper.key_store("other").save(BootstrapState())
    finally:
        keeper.allow()
    assert "canary" not in str(refused.value)

    found: Any = keeper.azure.store.object("kv-keys", "secrets", "refused-keys")
    found["versions"][-1]["value"] = '{"shares": ["canary-share-1"'
    keeper.azure.store.put_object("kv-keys", "secrets", "refused-keys", found)
    with pytest.raises(KeyStoreError, match="is not what bootstrap wrote") as damaged:
        key_store.load()
    assert "canary" not in str(damaged.value)


@pytest.mark.usefixtures("as_deployer")
@pytest.mark.parametrize("step", sampled(["asked", "initialising", "opened 1", "token kept"], 1))
def test_a_bootstrap_killed_on_the_way_finds_its_keys_there(keeper: Keeper, tmp_path: Path, step: str) -> None:
    servers = Servers(tmp_path, 1)
    servers.start()
    key_store = keeper.key_store(step.replace(" ", "-"))
    try:
        assert run(servers.nodes, key_store, kill_at=step).code == -signal.SIGKILL
        again = run(servers.nodes, key_store)
        assert again.code == 0, again.output
        record = kept(key_store)
        assert record.finished
        assert record.root_token is None
        assert len(record.shares) == PLAN.shares
        assert len(keeper.versions(f"{step.replace(' ', '-')}-keys")) == 1
        servers.all[0].kill()
        servers.all[0].start()
        assert run(servers.nodes, key_store).steps == ["opened 1"]
        assert not list(tmp_path.rglob("*recovery*"))
        assert not any(share in again.output for share in record.shares)
    finally:
        servers.stop()
