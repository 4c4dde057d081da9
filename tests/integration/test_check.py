"""What is found out before anything is deployed, on real servers that lack this and that."""

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hvac
import pytest
import yaml
from typer.testing import CliRunner

from components.kubernetes.csi_volume import DRIVER
from ops.__main__ import app
from ops.check.run import check_stack
from ops.commands import check
from ops.findings import Finding
from ops.stack import Workspace
from sandbox.azure.clouds import CLOUDS
from sandbox.azure.store import Store
from sandbox.azure.vaults import Vault
from sandbox.servers.kubernetes import ISSUER
from sandbox.world import ROOT, World
from tests.integration.doctored import EXCHANGE
from tests.integration.driver import Cluster
from tests.integration.tampering import ASSIGNMENTS, VAULTS, settle

pytestmark = pytest.mark.integration

MOUNT, OLD = "checked", "checked-old"
CANARY = "canary-1b7d"
READER = "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/21090545-7ca7-4776-b22c-e363652d74d2"

Config = dict[str, Any]
Check = Callable[..., list[Finding]]


@pytest.fixture(scope="module", autouse=True)
def alive(cluster: Cluster) -> None:
    cluster.beat()


@pytest.fixture(scope="module")
def engine(world: World) -> Iterator[hvac.Client]:
    """Vault, with an engine, an auth method and the objects that a stack on it expects."""
    vault = world.vault.client()
    vault.sys.enable_secrets_engine("kv", path=MOUNT, options={"version": "2"})
    vault.sys.enable_secrets_engine("kv", path=OLD, options={"version": "1"})
    vault.sys.enable_auth_method("kubernetes", path=MOUNT)
    for name, value in {
        "db-pass": {"username": CANARY, "password": CANARY},
        "payment-api": {"key": CANARY},
        "ledger": {"token": CANARY},
    }.items():
        vault.secrets.kv.v2.create_or_update_secret(name, value, mount_point=MOUNT)
    yield vault
    vault.sys.disable_secrets_engine(MOUNT)
    vault.sys.disable_secrets_engine(OLD)
    vault.sys.disable_auth_method(MOUNT)


@pytest.fixture
def on_vault(world: World, engine: hvac.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Check a stack on that Vault, whose settings a test changes first."""
    monkeypatch.setenv("VAULT_TOKEN", world.vault.token)
    config: Config = yaml.safe_load((ROOT / "stacks" / "Pulumi.local.yaml").read_text())["config"]
    config["strongroom:backend"] |= {
        "address": world.vault.address,
        "caCertificate": str(world.authority.certificate),
        "mount": {"path": MOUNT, "create": False},
        "auth": {"path": MOUNT, "create": False},
    }
    config["strongroom:kubernetes"]["kubeconfig"] = str(world.api_server.kubeconfig)
    del config["strongroom:seeds"]
    return checking(tmp_path / "local", "local", config)


@pytest.fixture
def store(world: World) -> Store:
    return world.azure.store


@pytest.fixture
def on_azure(world: World, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Check a stack on Key Vault, whose settings a test changes first."""
    operator = world.azure.operator()
    for name, value in {**world.azure.environment(), **operator}.items():
        monkeypatch.setenv(name, value)
    config: Config = yaml.safe_load((ROOT / "stacks" / "Pulumi.local-azure.yaml").read_text())["config"]
    azure = world.azure.configuration
    config["strongroom:backend"] |= {"tenantId": azure.tenant, "subscriptionId": azure.subscription}
    config["strongroom:backend"]["vault"] = {"name": "kv-checked"}
    config["strongroom:seeds"]["ledger"] = {"token": {"generate": {}}}
    config["strongroom:kubernetes"] |= {"kubeconfig": str(world.api_server.kubeconfig), "oidcIssuer": ISSUER}
    return checking(tmp_path / "azure", "local-azure", config)


def checking(project: Path, stack: str, config: Config) -> Check:
    (project / "stacks").mkdir(parents=True)

    def run(change: Callable[[Config], None] = lambda _: None) -> list[Finding]:
        changed = copy.deepcopy(config)
        change(changed)
        (project / "stacks" / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": changed}))
        found = check_stack(stack, project)
        assert CANARY not in str(found)
        return found

    return run


def states(found: list[Finding], state: str) -> dict[str, str]:
    return {each.name: each.seen for each in found if each.state == state}


def test_a_stack_that_lacks_nothing_is_ok(on_vault: Check) -> None:
    found = on_vault()

    assert {each.state for each in found} == {"ok"}, found
    assert [each.name for each in found] == [
        *("settings", "files", "charts", "guardrails", "cluster", "namespaces"),
        *("custom resources", "driver", "provider", "audience"),
        *("store", "token", "mount", "object", "object", "object", "object", "auth method"),
    ]


def test_faults_of_settings_are_told_together_and_nothing_else_is_tried(on_vault: Check) -> None:
    def change(config: Config) -> None:
        config["strongroom:workloads"][0]["name"] = "Orders"
        config["strongroom:workloads"][1]["secrets"] = []
        config["strongroom:kubernetes"]["install"] = "somehow"

    found = on_vault(change)
    assert len([each for each in found if each.state == "broken"]) == 3
    assert {each.name for each in found if each.state == "broken"} == {"settings"}
    assert set(states(found, "not tried")) == {"files", "charts", "guardrails", "cluster", "store"}


def backend(**changed: Any) -> Callable[[Config], None]:
    def change(config: Config) -> None:
        config["strongroom:backend"] |= changed

    return change


def in_a_namespace_of_others(config: Config) -> None:
    config["strongroom:kubernetes"]["existingNamespaces"] = ["nowhere"]
    config["strongroom:workloads"][0]["namespace"] = "nowhere"


def seeded(config: Config) -> None:
    config["strongroom:seeds"] = {"db-pass": {"username": {"generate": {}}}}


def by_helm(config: Config) -> None:
    config["strongroom:kubernetes"]["install"] = "helm"
    del config["strongroom:backend"]["providerCaPath"]


def image(name: str) -> Callable[[Config], None]:
    def change(config: Config) -> None:
        config["strongroom:workloads"][0]["image"] = name

    return change


def secret(**changed: str) -> Callable[[Config], None]:
    def change(config: Config) -> None:
        config["strongroom:workloads"][2]["secrets"][0] |= changed

    return change


@pytest.mark.parametrize(
    ("change", "name", "told"),
    [
        (backend(caCertificate="/nonexistent/ca.crt"), "files", "'/nonexistent/ca.crt' can't be read"),
        (backend(tokenMaxTtl="9000h"), "guardrails", "vault-ttl"),
        (in_a_namespace_of_others, "namespaces", "nowhere, which the cluster has not"),
        (by_helm, "driver", "the Secrets Store CSI driver of the Helm release kube-system/"),
        (backend(mount={"path": "nowhere"}), "mount", "Vault has no engine at nowhere"),
        (backend(mount={"path": OLD}), "mount", "is kv, version 1, and KV version 2 is needed"),
        (backend(auth={"path": "nowhere", "create": False}), "auth method", "Vault has no auth method at nowhere"),
        (backend(auth={"path": "token", "create": False}), "auth method", "is token, and kubernetes is needed"),
        (secret(object="nothing"), "object", f"Vault has no {MOUNT}/nothing"),
        (secret(version="7"), "object", f"Vault has no {MOUNT}/ledger, version 7"),
        (secret(key="other"), "object", f"{MOUNT}/ledger has no key other"),
        (seeded, "object", "strongroom:seeds.db-pass writes the object without the key password"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_lacking_is_told(on_vault: Check, change: Callable[[Config], None], name: str, told: str) -> None:
    broken = states(on_vault(change), "broken")

    assert told in broken[name]


def test_advice_is_no_failure(on_vault: Check) -> None:
    found = on_vault(image("busybox:latest"))

    assert "no-latest-image" in states(found, "warned")["guardrails"]
    assert states(found, "broken") == {}


def test_a_driver_that_somebody_else_should_have_installed_is_missed(on_vault: Check, cluster: Cluster) -> None:
    cluster.storage.delete_csi_driver(DRIVER)
    try:
        assert f"no CSIDriver {DRIVER}" in states(on_vault(), "broken")["driver"]
    finally:
        cluster.driver("vault", EXCHANGE)


def test_an_audience_that_the_driver_lacks_is_told(on_vault: Check, on_azure: Check, cluster: Cluster) -> None:
    cluster.driver("elsewhere")
    try:
        assert "Vault's provider makes one itself" in states(on_vault(), "warned")["audience"]
        assert f"and {EXCHANGE} is needed" in states(on_azure(), "broken")["audience"]
    finally:
        cluster.driver("vault", EXCHANGE)


def test_what_cannot_be_reached_is_not_tried_and_no_failure(on_vault: Check, tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(
        yaml.safe_dump(
            {
                "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
                "users": [{"name": "u", "user": {}}],
                "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
                "current-context": "c",
            }
        )
    )

    def change(config: Config) -> None:
        config["strongroom:backend"]["address"] = "https://127.0.0.1:1"
        config["strongroom:kubernetes"]["kubeconfig"] = str(kubeconfig)

    found = on_vault(change)
    assert states(found, "broken") == {}
    assert set(states(found, "not tried")) == {"cluster", "store"}


@pytest.mark.parametrize(
    ("token", "state", "told"),
    [("", "not tried", "VAULT_TOKEN is not set"), ("hvs.unknown", "broken", "does not know the token")],
)
def test_a_token_that_is_missing_or_unknown_is_told(
    on_vault: Check, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, token: str, state: str, told: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("VAULT_TOKEN", token)
    found = on_vault()

    assert told in states(found, state)["token"]
    assert {each.state for each in found if each.name in {"mount", "object", "auth method"}} == {"not tried"}


def test_a_sealed_vault_is_told(on_vault: Check, engine: hvac.Client, world: World) -> None:
    engine.sys.seal()
    try:
        assert "is sealed" in states(on_vault(), "broken")["store"]
    finally:
        world.up()


def test_a_vault_name_that_is_somebody_elses_is_told(on_azure: Check, store: Store) -> None:
    assert states(on_azure(), "broken") == {}
    with vault(store, "kv-checked"):
        assert "'kv-checked' is taken" in states(on_azure(), "broken")["vault name"]


def test_objects_of_a_vault_that_exists_are_looked_for_without_their_values(
    on_azure: Check, store: Store, world: World
) -> None:
    def existing(config: Config) -> None:
        config["strongroom:backend"]["vault"] = {"name": "kv-checked", "create": False}
        del config["strongroom:seeds"]

    assert states(on_azure(existing), "broken") == {"store": "there is no vault at https://kv-checked.vault.azure.net"}
    with vault(store, "kv-checked") as (resource, plane):
        for name in ("db-pass-username", "db-pass-password", "payment-api-key"):
            plane.set_secret(name, {"value": CANARY})
        plane.set_secret("ledger-token", {"value": CANARY, "attributes": {"enabled": False}})
        assert {each.state for each in on_azure(existing) if each.name == "object"} == {"not tried"}

        caller = store.resource(f"/applications/{world.azure.operator()['AZURE_CLIENT_ID']}")
        assert caller is not None
        assignment = f"{resource['id']}/providers/Microsoft.Authorization/roleAssignments/reader"
        granted = {"principalId": caller["principalId"], "roleDefinitionId": READER, "scope": resource["id"]}
        store.put(assignment, ASSIGNMENTS, {"id": assignment, "properties": granted})
        settle()
        found = on_azure(existing)
        assert states(found, "broken") == {"object": "secret ledger-token is disabled"}
        store.remove_object("kv-checked", "secrets", "payment-api-key")
        assert sorted(each.seen for each in on_azure(existing) if each.state == "broken") == [
            "https://kv-checked.vault.azure.net has no secret payment-api-key",
            "secret ledger-token is disabled",
        ]
    with pytest.MonkeyPatch.context() as patch:
        for name in ("ARM_CLIENT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID"):
            patch.delenv(name, raising=False)
        assert {each.state for each in on_azure(existing) if each.name == "object"} == {"not tried"}


@contextmanager
def vault(store: Store, name: str) -> Iterator[tuple[dict[str, Any], Vault]]:
    """A vault that somebody else has made, and what is in it."""
    id_ = f"/subscriptions/x/resourceGroups/y/providers/Microsoft.KeyVault/vaults/{name}"
    resource = {"id": id_, "name": name, "properties": {"enableRbacAuthorization": True}}
    store.put(id_, VAULTS, resource)
    try:
        yield resource, Vault(store, resource, CLOUDS[0].vaults)
    finally:
        store.remove_object(name)
        store.remove(id_)


def test_the_command_exits_with_1_where_something_is_broken(
    on_vault: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "workspace", lambda _: Workspace(tmp_path / "local", {}))
    on_vault()
    told = CliRunner().invoke(app, ["check", "--stack", "local"])
    assert (told.exit_code, "Nothing is broken" in told.output) == (0, True), told.output
    on_vault(secret(key="other"))
    told = CliRunner().invoke(app, ["check", "--stack", "local", "--json"])
    assert told.exit_code == 1
    assert [each["name"] for each in json.loads(told.output) if each["state"] == "broken"] == ["object"]
