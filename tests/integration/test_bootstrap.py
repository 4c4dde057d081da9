"""Bootstrap against real servers: one and three nodes, killed at every step."""

import base64
import itertools
import json
import shutil
import signal
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hvac.exceptions import Forbidden, VaultError
from requests import RequestException

from strongroom.components.vault.audit import FileAudit, describe_devices
from strongroom.components.vault.bootstrap.admin_policy import ADMIN_POLICY, AdminScope, build_admin_rules
from strongroom.components.vault.bootstrap.file_key_store import FileKeyStore
from strongroom.components.vault.bootstrap.key_store import BootstrapState, KeyStore
from strongroom.components.vault.bootstrap.root_token import generate_root_token
from strongroom.components.vault.bootstrap.runner import BootstrapConfig
from strongroom.components.vault.client import VaultNode, create_client
from tests.support.polling import poll_until
from tests.support.secret_scanner import Canary, SecretScanner
from tests.support.soak import sampled

from .vaults import PLAN, Ran, Server, Servers, kept, run

pytestmark = pytest.mark.integration

Make = Callable[..., Servers]

_AWAY = (VaultError, RequestException)
"""What clients raise while servers choose another leader."""

FINISH = ["policy", "token", "token kept", "revoked", "finished"]
ONE = ["asked", "initialising", "kept", "opened 1", *FINISH]
THREE = ["asked", "initialising", "kept", "opened 1", "joined 2", "opened 2", "joined 3", "opened 3", *FINISH]
KV = replace(PLAN, admin_rules=build_admin_rules(AdminScope(seeded=("secret",))))
RENEWAL = ["root asked", "root made", "root kept", *FINISH]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes Vaults, and stops them after the test."""
    made: list[Servers] = []
    names = itertools.count()

    def servers(count: int) -> Servers:
        made.append(Servers(tmp_path / f"vault-{next(names)}", count))
        return made[-1]

    yield servers
    for one in made:
        one.stop()


def key_store_of(servers: Servers) -> FileKeyStore:
    return FileKeyStore(servers.home / "keys" / "recovery.json")


def admin(server: Server, key_store: KeyStore) -> Any:
    return create_client(server.node, kept(key_store).admin_token or "")


def roots(server: Server, record: BootstrapState) -> list[str]:
    """Accessors of the root tokens that are left; asked with one more, which is revoked again."""
    token = generate_root_token(server.node, record.shares[: record.threshold])
    vault = create_client(server.node, token)
    own = vault.auth.token.lookup_self()["data"]["accessor"]
    found = []
    for accessor in vault.auth.token.list_accessors()["data"]["keys"]:
        looked_up = vault.auth.token.lookup_accessor(accessor)["data"]
        if "root" in looked_up["policies"] and accessor != own:
            found.append(looked_up)
    vault.auth.token.revoke_self()
    return found


def initialisations(servers: Servers) -> int:
    return servers.said().count("security barrier initialized")


def hunt(servers: Servers, ran: list[Ran], *records: BootstrapState) -> None:
    """No secret of `records` stands where others can read it."""
    secrets = {
        share for record in records for share in (*record.shares, record.root_token, record.admin_token) if share
    }
    scanner = SecretScanner(
        Canary(f"secret {number} of the records", secret) for number, secret in enumerate(sorted(secrets))
    )
    assert len(secrets) >= 3
    assert all(one.seen for one in ran)
    assert scanner.text("what was reported", "".join(one.output for one in ran) + servers.said()) == []
    assert scanner.known("arguments and environments", "\n".join(line for one in ran for line in one.seen)) == []
    kept = (f"{servers.home.name}/keys/", f"{servers.home.name}/certificates/")
    assert [found for found in scanner.files([servers.home]) if not found.place.startswith(kept)] == []
    for path in servers.home.rglob("keys/*"):
        assert path.stat().st_mode & 0o077 == 0, path


def converged(servers: Servers, key_store: KeyStore, *before: Ran, config: BootstrapConfig = PLAN) -> None:
    """One run more ends well, another has nothing to do, and the store is as it should be."""
    after_kill = key_store.load() or BootstrapState()
    again = run(servers.nodes, key_store, config)
    assert again.code == 0, again.output
    record = kept(key_store)
    assert record.finished
    assert record.root_token is None
    assert initialisations(servers) == 1
    assert create_client(servers.nodes[0], record.admin_token or "").auth.token.lookup_self()["data"]["policies"] == [
        "default",
        ADMIN_POLICY,
    ]
    assert roots(servers.all[0], record) == []
    no_op = run(servers.nodes, key_store, config)
    assert (no_op.code, no_op.steps) == (0, [])
    assert kept(key_store) == record
    hunt(servers, [*before, again, no_op], record, after_kill)


@pytest.mark.parametrize("step", sampled(ONE, 1))
def test_one_node_killed_at_any_step_converges(make: Make, step: str) -> None:
    servers = make(1)
    servers.start()
    key_store = key_store_of(servers)

    killed = run(servers.nodes, key_store, kill_at=step)
    assert killed.code == -signal.SIGKILL
    assert killed.steps == ONE[: ONE.index(step) + 1]
    converged(servers, key_store, killed)

    servers.all[0].kill()
    servers.all[0].start()
    assert (servers.all[0].state or {})["sealed"]
    assert run(servers.nodes, key_store).steps == ["opened 1"]


def peers(servers: Servers, key_store: KeyStore) -> dict[str, bool]:
    """The nodes of the raft cluster, and whether each votes."""
    open_node = next(server for server in servers.all if server.state)
    answer = admin(open_node, key_store).sys.read_raft_config()["data"]["config"]["servers"]
    return {peer["node_id"]: peer["voter"] for peer in answer}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Servers, FileKeyStore]]:
    """One node that bootstrap has opened."""
    servers = Servers(tmp_path_factory.mktemp("opened"), 1)
    servers.start()
    key_store = key_store_of(servers)
    assert run(servers.nodes, key_store).steps == ONE
    yield servers, key_store
    servers.stop()


@pytest.mark.parametrize("step", sampled(RENEWAL, 1))
def test_a_renewal_killed_at_any_step_converges_and_leaves_no_root_token(
    opened: tuple[Servers, FileKeyStore], step: str
) -> None:
    servers, key_store = opened
    key_store.save(replace(kept(key_store), admin_token=None))

    killed = run(servers.nodes, key_store, kill_at=step)
    assert killed.code == -signal.SIGKILL
    assert killed.steps == RENEWAL[: RENEWAL.index(step) + 1]
    converged(servers, key_store, killed)


def test_a_token_of_which_half_is_over_is_replaced(make: Make) -> None:
    servers = make(1)
    servers.start()
    key_store = key_store_of(servers)
    run(servers.nodes, key_store, replace(PLAN, token_ttl=60))
    first = kept(key_store).admin_token

    assert run(servers.nodes, key_store, replace(PLAN, token_ttl=600)).steps == RENEWAL
    second = kept(key_store).admin_token
    assert second not in {first, None}
    assert admin(servers.all[0], key_store).auth.token.lookup_self()["data"]["ttl"] > 500
    assert run(servers.nodes, key_store, replace(PLAN, token_ttl=600)).steps == []


def test_the_policy_follows_its_rules_and_the_token_stays(opened: tuple[Servers, FileKeyStore]) -> None:
    servers, key_store = opened
    token = kept(key_store).admin_token
    vault = admin(servers.all[0], key_store)
    with pytest.raises(Forbidden):
        vault.sys.enable_secrets_engine("kv", path="ours", options={"version": "2"})
    with pytest.raises(Forbidden):
        vault.secrets.kv.v2.create_or_update_secret("probe", {"a": "b"}, mount_point="ours")

    wider = replace(PLAN, admin_rules=build_admin_rules(AdminScope(engines=("ours",), seeded=("ours",))))
    assert "policy" in run(servers.nodes, key_store, wider).steps
    assert kept(key_store).admin_token == token
    vault.sys.enable_secrets_engine("kv", path="ours", options={"version": "2"})
    vault.secrets.kv.v2.create_or_update_secret("probe", {"a": "b"}, mount_point="ours")
    assert run(servers.nodes, key_store, wider).steps == []
    assert "policy" in run(servers.nodes, key_store).steps


EVERYTHING = 'path "*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }'
SPELLINGS = [
    ADMIN_POLICY,
    ADMIN_POLICY.title(),
    ADMIN_POLICY.upper(),
    ADMIN_POLICY.replace("s", "%C5%BF", 1),  # a long s, which some foldings take for an s
    ADMIN_POLICY.replace("o", "O", 1),
    f"%20{ADMIN_POLICY}",
    f"{ADMIN_POLICY}%20",
    f"%09{ADMIN_POLICY}",
    f"{ADMIN_POLICY}/",
    f"/{ADMIN_POLICY}",
    f"./{ADMIN_POLICY}",
    f"kubernetes./../{ADMIN_POLICY}",
    f"kubernetes.%2f..%2f{ADMIN_POLICY}",
    f"kubernetes.x/../../acl/{ADMIN_POLICY}",
    f"kubernetes.%0a{ADMIN_POLICY}",
    ADMIN_POLICY.replace("s", "%53", 1),
    ADMIN_POLICY.replace("-", "%2D"),
]


def put_as_written(node: VaultNode, path: str, token: str) -> None:
    """Put a policy that opens everything at `path`, by a client that resolves nothing of it."""
    parts = urlsplit(node.address)
    trust = ssl.create_default_context(cadata=node.ca_certificate)
    connection = HTTPSConnection(parts.hostname or "", parts.port, context=trust, timeout=10)
    with closing(connection):
        connection.request("PUT", path, json.dumps({"policy": EVERYTHING}), {"X-Vault-Token": token})
        connection.getresponse().read()


@pytest.mark.parametrize("path", ["sys/policies/acl", "sys/policy", "sys//policies/acl", "sys/policies//acl"])
def test_no_spelling_of_the_admins_policy_writes_it(opened: tuple[Servers, FileKeyStore], path: str) -> None:
    servers, key_store = opened
    run(servers.nodes, key_store)
    node = servers.nodes[0]
    token = kept(key_store).admin_token or ""
    vault = create_client(node, token)
    before = vault.sys.read_acl_policy(ADMIN_POLICY)["data"]["policy"]
    for spelling in SPELLINGS:
        put_as_written(node, f"/v1/{path}/{spelling}", token)
        assert vault.sys.read_acl_policy(ADMIN_POLICY)["data"]["policy"] == before, spelling
    with pytest.raises(Forbidden):
        vault.adapter.get("/v1/sys/raw/core/mounts")


def test_the_admin_configures_and_can_not_become_more(opened: tuple[Servers, FileKeyStore]) -> None:
    servers, key_store = opened
    run(servers.nodes, key_store)
    vault = admin(servers.all[0], key_store)
    vault.sys.enable_auth_method("approle", path="kubernetes")
    vault.auth.approle.create_or_update_approle("role", token_policies=["default"], mount_point="kubernetes")
    vault.sys.create_or_update_acl_policy("kubernetes.reader", 'path "kv/data/x" { capabilities = ["read"] }')
    assert vault.auth.token.create(policies=[ADMIN_POLICY])["auth"]["client_token"]
    vault.sys.delete_acl_policy("kubernetes.reader")
    vault.sys.disable_auth_method("kubernetes")

    with pytest.raises(Forbidden):
        vault.sys.create_or_update_acl_policy("other", EVERYTHING)
    with pytest.raises(Forbidden):
        vault.sys.enable_auth_method("approle", path="other")
    with pytest.raises(Forbidden):
        vault.sys.enable_audit_device("socket", options={"address": "127.0.0.1:9", "log_raw": "true"})
    with pytest.raises(Forbidden):
        vault.sys.list_enabled_audit_devices()
    with pytest.raises(Forbidden):
        vault.auth.token.create_orphan(policies=["root"])
    with pytest.raises(Exception, match=r"subset|root|permission"):
        vault.auth.token.create(policies=["default", "reader"])
    with pytest.raises(Forbidden):
        vault.auth.token.create_or_update_role("mine", allowed_policies=["root"])
    # It may know of other tokens, and not end them.
    for accessor in vault.auth.token.list_accessors()["data"]["keys"]:
        assert vault.auth.token.lookup_accessor(accessor)["data"]["policies"]
        with pytest.raises(Forbidden):
            vault.auth.token.revoke_accessor(accessor)
    assert vault.adapter.post("/v1/sys/capabilities-self", json={"paths": ["sys/seal"]})["data"]["sys/seal"] == ["deny"]
    with pytest.raises(Forbidden):
        vault.secrets.identity.create_or_update_entity(name="mine", policies=["root"])
    with pytest.raises(Forbidden):
        vault.sys.seal()
    with pytest.raises(Forbidden):
        vault.sys.take_raft_snapshot().raise_for_status()


@contextmanager
def root_of(servers: Servers, key_store: KeyStore) -> Iterator[Any]:
    """A client with root's token, which is revoked at the end."""
    record = kept(key_store)
    vault = create_client(servers.nodes[0], generate_root_token(servers.nodes[0], record.shares[: record.threshold]))
    yield vault
    vault.auth.token.revoke_self()


def devices(servers: Servers, key_store: KeyStore) -> dict[str, Any]:
    """The audit devices' files, by path."""
    with root_of(servers, key_store) as root:
        found = root.sys.list_enabled_audit_devices()["data"]
    return {path: Path(device["options"]["file_path"]).name for path, device in found.items()}


def test_declared_audit_devices_are_made_by_bootstrap_and_others_stay(opened: tuple[Servers, FileKeyStore]) -> None:
    servers, key_store = opened
    with root_of(servers, key_store) as root:
        root.sys.enable_audit_device("file", path="theirs", options={"file_path": str(servers.home / "theirs.log")})

    def audited(path: str, file: str) -> Ran:
        device = FileAudit(path=path, file=str(servers.home / file))
        return run(servers.nodes, key_store, replace(PLAN, audit=describe_devices([device])))

    assert "policy" in audited("ours", "one.log").steps
    assert devices(servers, key_store) == {"theirs/": "theirs.log", "ours/": "one.log"}
    assert audited("ours", "one.log").steps == []
    assert audited("ours", "two.log").code == 0
    assert devices(servers, key_store) == {"theirs/": "theirs.log", "ours/": "two.log"}

    taken = audited("theirs", "two.log")
    assert taken.code == 1
    assert "'theirs' is an audit device's that this stack did not make" in (taken.error or "")
    assert run(servers.nodes, key_store).code == 0
    assert devices(servers, key_store) == {"theirs/": "theirs.log"}
    with root_of(servers, key_store) as root:
        root.sys.disable_audit_device("theirs")


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(("initialising", "joined 2", "opened 3", "token kept"), id="some steps"),
        # The child has kept the keys by "kept", and after the step before "finished" nothing is left to do.
        pytest.param(
            tuple(step for step in THREE if step not in {"kept", "finished"}), id="every step", marks=pytest.mark.soak
        ),
    ],
)
def three(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Servers, FileKeyStore]]:
    """Three nodes, opened by runs of which each but the last was killed at a later step."""
    servers = Servers(tmp_path_factory.mktemp("three"), 3)
    try:
        servers.start(autopilot=True)
        key_store = key_store_of(servers)
        killed: list[Ran] = []
        for step in request.param:
            killed.append(run(servers.nodes, key_store, KV, kill_at=step))
            assert killed[-1].code == -signal.SIGKILL, killed[-1].output
            assert killed[-1].steps[-1] == step
        converged(servers, key_store, *killed, config=KV)
        yield servers, key_store
    finally:
        servers.stop()


def test_three_nodes_killed_at_one_step_after_another_become_one_cluster(three: tuple[Servers, FileKeyStore]) -> None:
    servers, key_store = three

    assert peers(servers, key_store) == {"node-1": True, "node-2": True, "node-3": True}


def test_a_lost_leader_is_replaced_and_comes_back_by_a_run(three: tuple[Servers, FileKeyStore]) -> None:
    servers, key_store = three
    first = admin(servers.all[0], key_store)
    first.sys.enable_secrets_engine("kv", path="secret", options={"version": "2"})
    kv = first.secrets.kv.v2
    poll_until(lambda: kv.create_or_update_secret("x", {"key": "value"}, mount_point="secret"), 30, ignored=_AWAY)

    leader = next(server for server in servers.all if server.node.address == servers.all[0].leader)
    followers = [server for server in servers.all if server is not leader]
    leader.kill()
    poll_until(lambda: followers[0].leader in {server.node.address for server in followers}, 30, ignored=_AWAY)
    for server in followers:
        assert poll_until(lambda server=server: value(server, key_store), 30, ignored=_AWAY) == {"key": "value"}
    record = kept(key_store)
    without = run(servers.nodes, key_store, KV)
    assert (without.code, without.steps) == (0, [])
    assert without.address in {server.node.address for server in followers}
    assert kept(key_store) == record

    leader.start(autopilot=True)
    assert (leader.state or {})["sealed"]
    back = run(servers.nodes, key_store, KV)
    assert back.steps == [f"opened {leader.number}"]
    assert kept(key_store) == record
    assert value(leader, key_store) == {"key": "value"}
    assert set(peers(servers, key_store)) == {"node-1", "node-2", "node-3"}


def value(server: Server, key_store: KeyStore) -> Any:
    """What the cluster's KV engine has at `x`, asked at `server`."""
    return admin(server, key_store).adapter.get("/v1/secret/data/x")["data"]["data"]


def test_all_three_restarted_are_opened_and_one_that_lost_its_data_joins_again(
    three: tuple[Servers, FileKeyStore],
) -> None:
    servers, key_store = three
    for server in servers.all:
        server.kill()
    for server in servers.all:
        server.start()
    assert run(servers.nodes, key_store, KV).steps == ["opened 1", "opened 2", "opened 3"]

    lost = next(server for server in servers.all if server.node.address != server.leader)
    lost.kill()
    shutil.rmtree(lost.home / "raft")
    lost.start()
    assert not (lost.state or {})["initialized"]
    assert run(servers.nodes, key_store, KV).steps == [f"joined {lost.number}", f"opened {lost.number}"]
    assert initialisations(servers) == 1
    assert set(peers(servers, key_store)) == {"node-1", "node-2", "node-3"}


def test_nodes_that_join_by_themselves_are_let(make: Make) -> None:
    servers = make(3)
    for server in servers.all:
        server.start(join=[other for other in servers.all if other is not server])
    key_store = key_store_of(servers)

    done = run(servers.nodes, key_store)
    assert done.code == 0, done.output
    assert set(peers(servers, key_store)) == {"node-1", "node-2", "node-3"}
    assert initialisations(servers) == 1


def test_runs_at_the_same_time_initialise_once(make: Make) -> None:
    servers = make(1)
    servers.start()
    key_store = key_store_of(servers)
    ran: list[Ran] = []
    threads = [threading.Thread(target=lambda: ran.append(run(servers.nodes, key_store))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(one.steps for one in ran) == [[], [], ONE]
    assert initialisations(servers) == 1


def test_keys_that_are_missing_are_reported_and_a_store_is_never_initialised_twice(make: Make) -> None:
    servers = make(1)
    servers.start()
    key_store = key_store_of(servers)
    run(servers.nodes, key_store)
    record = kept(key_store)
    server = servers.all[0]
    server.kill()
    server.start()

    key_store.path.unlink()
    lost = run(servers.nodes, key_store)
    assert lost.code == 1
    assert "is initialised and sealed" in (lost.error or "")
    assert "Put the keys back from their copy" in (lost.error or "")
    assert key_store.load() is None

    key_store.save(BootstrapState())
    begun = run(servers.nodes, key_store)
    assert "before its keys were kept" in (begun.error or "")

    others = tuple(base64.b64encode(bytes([number] * 33)).decode() for number in range(1, 4))
    key_store.save(replace(record, shares=others))
    wrong = run(servers.nodes, key_store)
    assert "does not open with the keys in" in (wrong.error or "")
    assert initialisations(servers) == 1

    key_store.save(record)
    assert run(servers.nodes, key_store).steps == ["opened 1"]

    server.kill()
    shutil.rmtree(server.home / "raft")
    server.start()
    emptied = run(servers.nodes, key_store)
    assert "holds the keys of a store" in (emptied.error or "")
    assert not (server.state or {})["initialized"]
    assert kept(key_store) == record


def test_a_file_that_others_can_read_or_that_is_damaged_is_refused(opened: tuple[Servers, FileKeyStore]) -> None:
    servers, key_store = opened
    record = kept(key_store)
    key_store.path.chmod(0o644)
    readable = run(servers.nodes, key_store)
    assert "can be read by others than its owner: chmod 600" in (readable.error or "")

    key_store.path.chmod(0o600)
    key_store.path.write_text(f'{{"shares": ["{record.shares[0]}"')
    damaged = run(servers.nodes, key_store)
    assert "is damaged: put it back from its copy" in (damaged.error or "")
    assert record.shares[0] not in damaged.output
    key_store.save(record)
    assert run(servers.nodes, key_store).steps == []


def test_servers_that_are_not_there_are_named(make: Make) -> None:
    servers = make(2)
    servers.all[0].start()
    gone = run(servers.nodes, key_store_of(servers), replace(PLAN, timeout=2))

    assert gone.code == 1
    assert f"{servers.nodes[1].address} can't be reached after 2 s" in (gone.error or "")
    assert not (servers.all[0].state or {})["initialized"]


def test_a_certificate_of_another_ca_or_name_is_not_trusted(make: Make) -> None:
    servers, others = make(1), make(1)
    servers.start()
    impatient = replace(PLAN, timeout=2)
    stranger = servers.nodes[0].model_copy(update={"ca_certificate": others.nodes[0].ca_certificate})
    assert "can't be reached" in (run([stranger], key_store_of(others), impatient).error or "")
    misnamed = servers.nodes[0].model_copy(update={"tls_server_name": "vault.example.net"})
    assert "can't be reached" in (run([misnamed], key_store_of(others), impatient).error or "")
    assert not (servers.all[0].state or {})["initialized"]

    named = servers.nodes[0].model_copy(update={"tls_server_name": "localhost"})
    assert run([named], key_store_of(servers)).steps == ONE


def test_a_vault_that_somebody_else_opened_is_adopted_with_their_token(opened: tuple[Servers, FileKeyStore]) -> None:
    servers, key_store = opened
    record = kept(key_store)
    elsewhere = FileKeyStore(servers.home / "keys" / "elsewhere.json")
    without = run(servers.nodes, elsewhere)
    assert "set VAULT_TOKEN to a token" in (without.error or "")

    token = generate_root_token(servers.nodes[0], record.shares[: record.threshold])
    adopted = run(servers.nodes, elsewhere, operator=token)
    assert adopted.steps == FINISH
    create_client(servers.nodes[0], token).auth.token.revoke_self()


class Holder:
    """Somebody with a PGP key."""

    def __init__(self, home: Path, name: str) -> None:
        home.mkdir(mode=0o700)
        self._gpg = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--pinentry-mode", "loopback"]
        self._run("--passphrase", "", "--quick-generate-key", f"{name} <{name}@example.net>", "rsa2048", "encr")
        self.public = self._run("--armor", "--export").decode()

    def decrypted(self, share: str) -> str:
        return self._run("--decrypt", given=base64.b64decode(share)).decode()

    def _run(self, *arguments: str, given: bytes = b"") -> bytes:
        return subprocess.run([*self._gpg, *arguments], input=given, capture_output=True, check=True).stdout


@pytest.mark.skipif(shutil.which("gpg") is None, reason="needs gpg, which stands for the shares' holders")
def test_pgp_shares_are_opened_by_their_holders_alone(make: Make, tmp_path: Path) -> None:
    holders = [Holder(tmp_path / name, name) for name in ("ada", "ben", "cyd")]
    servers = make(1)
    servers.start()
    key_store = FileKeyStore(servers.home / "keys" / "shares.json", pgp_keys=[holder.public for holder in holders])
    impatient = replace(PLAN, timeout=6)

    waiting = run(servers.nodes, key_store, impatient)
    assert waiting.steps == ["asked", "initialising", "kept"]
    assert "waits for the holders of its shares: 2 of 3" in (waiting.error or "")
    encrypted = kept(key_store)
    shares = [holder.decrypted(share) for holder, share in zip(holders, encrypted.shares, strict=True)]
    assert all(len(bytes.fromhex(share)) == 33 for share in shares)
    assert not any(share in key_store.path.read_text() for share in shares)

    for share in shares[:2]:
        create_client(servers.nodes[0]).sys.submit_unseal_key(share)
    killed = run(servers.nodes, key_store, impatient, kill_at="revoked")
    assert killed.steps == ["policy", "token", "token kept", "revoked"]
    assert run(servers.nodes, key_store, impatient).code == 0
    record = kept(key_store)
    assert record.finished
    assert record.root_token is None
    with pytest.raises(Forbidden):
        create_client(servers.nodes[0], encrypted.root_token or "").auth.token.lookup_self()
    assert roots(servers.all[0], replace(record, shares=tuple(shares))) == []

    key_store.save(replace(record, admin_token=None))
    over = run(servers.nodes, key_store, impatient)
    assert "holds no share that can be read here: set VAULT_TOKEN" in (over.error or "")
    token = generate_root_token(servers.nodes[0], shares[:2])
    assert run(servers.nodes, key_store, impatient, operator=token).steps == FINISH
    hunt(servers, [waiting, killed, over], encrypted, replace(record, shares=tuple(shares)))


def test_servers_that_unseal_themselves_are_waited_for(opened: tuple[Servers, FileKeyStore], make: Make) -> None:
    keeper, keepers_key_store = opened
    record = kept(keepers_key_store)
    root = create_client(keeper.nodes[0], generate_root_token(keeper.nodes[0], record.shares[: record.threshold]))
    root.sys.enable_secrets_engine("transit", path="seals")
    root.secrets.transit.create_key("unseal", mount_point="seals")
    seal = {
        "transit": {
            "address": keeper.nodes[0].address,
            "token": root.token,
            "key_name": "unseal",
            "mount_path": "seals/",
            "tls_ca_cert": str(keeper.home / "certificates" / "ca.crt"),
        }
    }
    servers = make(2)
    servers.start(seal=seal)
    key_store = key_store_of(servers)
    try:
        for step in ("initialising", "joined 2", "revoked"):
            assert run(servers.nodes, key_store, kill_at=step).code == -signal.SIGKILL
        again = run(servers.nodes, key_store)
        assert again.code == 0, again.output
        assert initialisations(servers) == 1
        assert len(kept(key_store).shares) == 3
        assert set(peers(servers, key_store)) == {"node-1", "node-2"}
        assert roots(servers.all[0], kept(key_store)) == []
        for server in servers.all:
            server.kill()
        for server in servers.all:
            server.start(seal=seal)
        restarted = run(servers.nodes, key_store)
        assert (restarted.code, set(restarted.steps) - {"opened 1", "opened 2"}) == (0, set())
        key_store.save(replace(kept(key_store), admin_token=None))
        assert run(servers.nodes, key_store).steps == RENEWAL
    finally:
        servers.stop()
        root.auth.token.revoke_self()
