"""The sandbox itself: it starts once, heals, and leaves nothing."""

import os
import signal
import socket
from pathlib import Path

import psutil
import pytest
from kubernetes import client

from sandbox.errors import SandboxError
from sandbox.ports import HOST
from sandbox.progress import Reporter
from sandbox.running import Sandbox
from tests.ops.recover.test_orphans import plugin
from tests.support.pids import is_running
from tests.support.polling import poll_until

pytestmark = pytest.mark.integration


def pids(world: Sandbox) -> dict[str, int | None]:
    return {server.name: server.pid for server in world.status()}


def test_a_second_up_changes_nothing(world: Sandbox) -> None:
    before = pids(world)
    world.up()

    assert pids(world) == before
    assert all(server.healthy for server in world.status())


@pytest.mark.parametrize("name", ["etcd", "kube-apiserver", "kube-controller-manager", "vault"])
def test_a_killed_server_is_healed_and_forgets_nothing(world: Sandbox, name: str) -> None:
    world.api_server.core().patch_namespace("default", {"metadata": {"labels": {"remembered": name}}})
    before = pids(world)
    os.kill(before[name] or 0, signal.SIGKILL)
    world.up()

    after = pids(world)
    # Controllers that have lost the API server would come back to it much later.
    started = {name, "kube-controller-manager"} if name == "kube-apiserver" else {name}
    assert {key for key, pid in after.items() if pid != before[key]} == started
    assert all(server.healthy for server in world.status())
    assert world.api_server.core().read_namespace("default").metadata.labels["remembered"] == name


def test_state_is_private(world: Sandbox) -> None:
    assert world.state.stat().st_mode & 0o777 == 0o700
    for key in world.state.rglob("*.key"):
        assert key.stat().st_mode & 0o777 == 0o600
    assert (world.state / "vault" / "keys.json").stat().st_mode & 0o777 == 0o600
    assert world.vault.audit_log.stat().st_mode & 0o077 == 0


def test_vault_has_what_the_toolkit_builds_on(world: Sandbox) -> None:
    vault = world.vault.client()
    for engine in ("kv", "pki", "transit", "database"):
        vault.sys.enable_secrets_engine(engine, path=f"probe-{engine}")
        vault.sys.disable_secrets_engine(f"probe-{engine}")
    for method in ("kubernetes", "jwt", "ldap", "userpass", "approle"):
        vault.sys.enable_auth_method(method, path=f"probe-{method}")
        vault.sys.disable_auth_method(f"probe-{method}")
    assert "file/" in vault.sys.list_enabled_audit_devices()["data"]
    assert vault.sys.read_health_status(method="GET")["initialized"] is True


def test_the_stacks_token_is_not_root(world: Sandbox) -> None:
    lookup = world.vault.client().lookup_token(world.vault.token)["data"]

    assert lookup["policies"] == ["default", "strongroom-admin"]


def test_the_api_server_issues_tokens_for_an_audience_and_audits_no_bodies(world: Sandbox) -> None:
    request = client.AuthenticationV1TokenRequest(spec=client.V1TokenRequestSpec(audiences=["vault"]))
    token = world.api_server.core().create_namespaced_service_account_token("default", "default", request)

    assert token.status.token
    log = world.api_server.audit_log.read_text()
    assert '"resource":"serviceaccounts"' in log
    assert token.status.token not in log


def test_down_stops_what_it_started_and_purge_leaves_nothing(tmp_path: Path) -> None:
    other = Sandbox(Reporter(), tmp_path / "state")
    other.up()
    started = pids(other)
    home = other.state / "pulumi" / "home"
    home.mkdir(parents=True)
    with socket.create_server((HOST, 0)) as engine:
        gone = engine.getsockname()[1]
    # As an official plugin lives on when its engine is killed.
    with plugin(home, gone) as left:
        other.down()
        assert not is_running(left)
    assert not any(psutil.pid_exists(pid) for pid in started.values() if pid)

    # Somebody takes a port meanwhile: the server moves, and its data with it.
    port = int(other.vault.address.rpartition(":")[2])
    with socket.socket() as squatter:
        squatter.bind((HOST, port))
        squatter.listen()
        other.up()
        assert int(other.vault.address.rpartition(":")[2]) != port
        assert all(server.healthy for server in other.status())
        follow_an_api_server_that_moves(other)
    other.down(purge=True)
    assert not (tmp_path / "state").exists()


def squatting(port: int) -> socket.socket:
    """Listen at `port`, as soon as a server that was killed has let go of it."""
    return poll_until(lambda: socket.create_server((HOST, port)), 10, ignored=(OSError,))


def follow_an_api_server_that_moves(world: Sandbox) -> None:
    """Somebody takes the API server's port: those that talk to it are started again, and find it."""
    address = world.api_server.address
    os.kill(pids(world)["kube-apiserver"] or 0, signal.SIGKILL)
    world.api_server.process.stop()
    with squatting(int(address.rpartition(":")[2])):
        world.up()
    assert world.api_server.address != address
    assert world.azure.configuration.issuer_address == world.api_server.address
    assert all(server.healthy for server in world.status())


def test_two_ups_at_once_are_refused(world: Sandbox) -> None:
    with world._alone(), pytest.raises(SandboxError, match="Another command"):  # pyright: ignore[reportPrivateUsage]
        world.up()


def test_logs_of_an_unknown_server_name_those_there_are(world: Sandbox) -> None:
    with pytest.raises(SandboxError, match="there are etcd, kube-apiserver, kube-controller-manager, vault"):
        world.log("consul")
