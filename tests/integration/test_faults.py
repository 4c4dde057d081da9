"""Whatever dies or fails around a deployment, running it again ends as if nothing had happened."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client import CoreV1Api
from kubernetes.client.exceptions import ApiException

from sandbox.azure.proxy import Proxy
from sandbox.certificates import Authority, write_private
from sandbox.ports import HOST, Ports
from sandbox.running import Sandbox
from strongroom.components.kubernetes.api import make_api_client
from strongroom.components.vault.bootstrap.file_key_store import FileKeyStore
from strongroom.components.vault.bootstrap.runner import bootstrap
from strongroom.ops.errors import OpsError
from strongroom.ops.pulumi.stack import Cluster, DeployedStack, read_stack
from strongroom.ops.recover.run import recover
from strongroom.ops.verify import Check, Verifier
from tests.faults.harness import Stage
from tests.faults.proxy import FAULTS, Fault, FaultyServer
from tests.faults.scenario import SAMPLE, STORES, Scenario, scenarios
from tests.support.sandboxed import copied
from tests.support.soak import sampled

from .vaults import PLAN, Servers

pytestmark = pytest.mark.usefixtures("through_its_proxy")

_ROUNDS = 4
_PATIENCE = 75
UPDATED = {
    "local": "vault:kubernetes/authBackendRole:AuthBackendRole",
    "local-azure": "pulumi-python:dynamic/strongroom:AccessReady",
}
"""By stack, the type of a resource that an update may be at when it is cut short: a plugin's, and a dynamic one."""


@pytest.fixture(scope="module", params=STORES)
def stage(request: pytest.FixtureRequest, world: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A local stack, to be disturbed."""
    made = Stage(world, copied(tmp_path_factory.mktemp(request.param)), request.param)
    yield made
    world.up()
    made.reach("nothing")


@pytest.mark.integration
@pytest.mark.parametrize(("stage", "scenario"), SAMPLE, ids=str, indirect=["stage"], scope="module")
def test_a_death_leaves_no_trace_after_a_second_run(stage: Stage, scenario: Scenario) -> None:
    stage.play(scenario)


@pytest.mark.integration
@pytest.mark.parametrize(
    "stage", ["local", pytest.param("local-azure", marks=pytest.mark.soak)], indirect=True, scope="module"
)
def test_who_alone_knows_of_a_resource_is_asked_about_it(stage: Stage) -> None:
    ran = stage.cut_short(UPDATED[stage.stack])

    assert "reading 1 resources with pending operations" in ran.said
    assert ran.code == 0, ran.said


def created(kind: str, name: str, /, **inputs: Any) -> dict[str, Any]:
    """A resource that an engine of `local` was creating."""
    return {"urn": f"urn:pulumi:local::strongroom::{kind}::{name}", "custom": True, "type": kind, "inputs": inputs}


@pytest.mark.integration
@pytest.mark.parametrize("stage", ["local"], indirect=True, scope="module")
def test_what_somebody_else_made_outlives_recovery_and_the_update_after_it(stage: Stage, world: Sandbox) -> None:
    stage.reach("deployed")
    namespaces: Any = CoreV1Api(make_api_client(str(world.api_server.kubeconfig), None))
    vault = world.vault.client()
    vault.sys.enable_secrets_engine("kv", "theirs", description="Another team's")
    vault.sys.create_or_update_policy("same", 'path "a" {}')
    begun = datetime.now(UTC)
    vault.secrets.kv.v2.create_or_update_secret("new", {"a": "b"}, mount_point="strongroom")
    managers = {"own": "pulumi-kubernetes", "theirs": "kubectl-create"}
    for name, manager in managers.items():
        namespaces.create_namespace({"metadata": {"name": name}}, field_manager=manager)
    # The last is as a namespace of another stack that was there before.
    own, theirs, absent, shop = (
        created("kubernetes:core/v1:Namespace", f"made-{name}", metadata={"name": name})
        for name in ("own", "theirs", "absent", "shop")
    )
    new, ledger = (
        created(
            "vault:kv/secretV2:SecretV2", name, mount="strongroom", name=name, dataJson="{}", deleteAllVersions=True
        )
        for name in ("new", "ledger")
    )
    mount = created("vault:index/mount:Mount", "theirs", path="theirs", type="kv", description="Ours")
    policy = created("vault:index/policy:Policy", "same", name="same", policy='path "a" {}')
    unmade = created("vault:index/policy:Policy", "unmade", name="unmade", policy="")
    try:
        lock = stage.interrupt_creation(own, theirs, absent, shop, new, ledger, mount, policy, unmade, begun=begun)
        with pytest.raises(OpsError, match="the policy same exists, and Vault does not record who created it"):
            recover("local", print)
        assert lock.exists()
        done = recover("local", print, adopt=False)
        assert set(done.found) == {own["urn"], new["urn"]}
        assert set(done.gone) == {absent["urn"], unmade["urn"]}
        assert set(done.left) == {each["urn"] for each in (theirs, shop, ledger, mount, policy)}
        assert "Namespace theirs exists, made by kubectl-create at" in done.left[theirs["urn"]]
        assert "kubernetes.existingNamespaces" in done.left[theirs["urn"]]
        ran = stage.update()
        assert ran.code == 0, ran.said
        left = {each.metadata.name for each in namespaces.list_namespace().items}
        assert left & {"own", "theirs", "shop"} == {"theirs", "shop"}
        objects = vault.secrets.kv.v2.list_secrets("", mount_point="strongroom")["data"]["keys"]
        assert set(objects) & {"new", "ledger"} == {"ledger"}
        assert "theirs/" in vault.sys.list_mounted_secrets_engines()["data"]
        assert "same" in vault.sys.list_acl_policies()["data"]["keys"]
    finally:
        for name in managers:
            with suppress(ApiException):
                namespaces.delete_namespace(name)
        vault.sys.disable_secrets_engine("theirs")
        vault.sys.delete_policy("same")


@pytest.mark.soak
@pytest.mark.parametrize("scenario", [*scenarios(_ROUNDS)], ids=str)
def test_every_death_leaves_no_trace_after_a_second_run(stage: Stage, scenario: Scenario) -> None:
    stage.play(scenario)


@contextmanager
def failing(
    world: Sandbox, stack: str, home: Path, share: float, faults: tuple[Fault, ...], spared: int = 0
) -> Iterator[tuple[DeployedStack, FaultyServer]]:
    """A stack whose store fails, and whose API server fails now and then; and that store."""
    deployed, authority = read_stack(stack), world.authority
    admin = authority.pair("admin")
    cluster = FaultyServer(
        world.api_server.address, authority, authority.pair("kube-apiserver"), share=min(share, 0.2), client=admin
    )
    azure = world.azure.configuration
    target, name = (world.vault.address, "vault") if stack == "local" else (f"https://{HOST}:{azure.tls_port}", "azure")
    store = FaultyServer(target, authority, authority.pair(name), share=share, faults=faults, spared=spared, seed=1)
    with ExitStack() as opened:
        opened.enter_context(cluster.serving())
        opened.enter_context(store.serving())
        kubeconfig = home / "kubeconfig"
        text = world.api_server.kubeconfig.read_text()
        write_private(kubeconfig, text.replace(world.api_server.address, cluster.address))
        changed = deployed.model_copy(update={"kubernetes": Cluster(kubeconfig=str(kubeconfig))})
        if stack == "local":
            there = deployed.backend.model_copy(update={"address": store.address})
            yield changed.model_copy(update={"backend": there}), store
        else:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("HTTPS_PROXY", f"http://{HOST}:{opened.enter_context(tunnelled(home, store.port))}")
                yield changed, store


@contextmanager
def tunnelled(home: Path, emulator: int) -> Iterator[int]:
    """The port of a proxy that leads Azure's names to the port `emulator`."""
    port = Ports(home).of("tunnel")
    loop = asyncio.new_event_loop()
    serving = loop.create_task(Proxy(emulator).serve(port))

    def serve() -> None:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(serving)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(serving.cancel)
        thread.join(10)


def verified(deployed: DeployedStack, world: Sandbox) -> list[Check]:
    return Verifier(deployed, world.api_server.signing_key).run()


@pytest.mark.integration
def test_servers_that_fail_now_and_then_are_asked_again(world: Sandbox, stage: Stage, tmp_path: Path) -> None:
    stage.reach("deployed")
    with failing(world, stage.stack, tmp_path, 0.3, FAULTS) as (deployed, store):
        checks = verified(deployed, world)

    assert [check for check in checks if check.passed is not True] == []
    assert len(checks) > 20
    assert {fault for fault in FAULTS if store.met[fault]} == set(FAULTS)


@pytest.mark.integration
@pytest.mark.parametrize("spared", sampled([0, 9], 1))
def test_a_server_that_stays_away_is_reported_and_never_taken_for_one_that_refuses(
    world: Sandbox, stage: Stage, tmp_path: Path, spared: int
) -> None:
    stage.reach("deployed")
    with failing(world, stage.stack, tmp_path, 1.0, ("busy", "unavailable", "reset"), spared) as (deployed, _):
        begun = time.monotonic()
        checks = verified(deployed, world)
        lasted = time.monotonic() - begun

    assert lasted < _PATIENCE
    last = {check.workload: check for check in checks}
    assert [check.what for check in last.values()] == ["is deployed"] * len(deployed.workloads)
    assert not any(check.passed for check in last.values())
    if not spared:
        assert not any(check.passed for check in checks if "refused" in check.what or "closed" in check.what)


@pytest.mark.integration
def test_a_vault_that_fails_now_and_then_is_initialised_once_and_opened(tmp_path: Path) -> None:
    servers = Servers(tmp_path / "vault", 1)
    try:
        servers.start()
        authority = Authority(servers.home / "certificates")
        node = servers.nodes[0]
        faulty = FaultyServer(node.address, authority, authority.pair("vault"), share=0.35, seed=3)
        with faulty.serving():
            there = type(node)(address=faulty.address, ca_certificate=node.ca_certificate)
            key_store = FileKeyStore(tmp_path / "keys" / "recovery.json")
            access = bootstrap([there], key_store, PLAN)
            again = bootstrap([there], key_store, PLAN, before=access.token)
        record = key_store.load()
        assert record
        assert record.finished
        assert again.token == access.token
        assert servers.said().count("security barrier initialized") == 1
        assert {fault for fault in FAULTS if faulty.met[fault]} == set(FAULTS)
    finally:
        servers.stop()
