"""No secret is where others can read it: a stack's whole life, with known secrets wherever one enters."""

import base64
import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from sandbox.azure.configuration import assemble
from sandbox.running import Sandbox
from strongroom.ops.cluster.client import ClusterClient
from strongroom.ops.pulumi.stack import Cluster
from tests.support.secret_scanner import Canary, fresh, of_key, of_token

from .echo import Echo
from .lifecycle import COMMANDS, Lifecycle

pytestmark = pytest.mark.integration

MOUNT = "standing"

OWNER: Any = {
    "metadata": {"name": "web"},
    "spec": {
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "app", "image": "busybox:1.36"}]},
        },
    },
}
"""A Deployment that somebody else made."""

ATTACHED = {
    "name": "refunds",
    "namespace": "owners",
    "attach": {"kind": "Deployment", "name": "web", "containers": ["app"]},
    "onRotation": "restart",
    "secrets": [{"name": "key", "object": "payment-api", "key": "key"}],
}

BY_DESIGN = {
    # Keys that open other things have to be somewhere; each is in one file, for its owner alone.
    ("vault/keys.json", "unseal key *"),
    ("vault/keys.json", "root token"),
    ("vault/keys.json", "the stack's Vault token"),
    ("vault/keys.json", "a token of Vault"),
    ("azure/operator.json", "the deployer's secret"),
    ("azure/vaults.key", "what encrypts the emulator's vaults"),
    ("pulumi/passphrase", "the state's passphrase"),
    ("certificates/*.key", "a private key"),
    ("certificates/service-account.key", "the cluster's signing key"),
    # Kubernetes Secrets are in etcd, which the sandbox doesn't encrypt, as most clusters don't.
    ("etcd/member/*", "the reviewer's token"),
    ("etcd/member/*", "a signed token"),
    ("etcd/member/*", "clientSecret"),
    # Somebody wrote it where nothing is secret: it is reported nowhere else.
    ("pulumi/state/.pulumi/history/*", "a secret under a key that isn't there"),
}
"""Where the sandbox keeps which secret."""

HELD = {
    ("VAULT_TOKEN", "the stack's Vault token"),
    ("AZURE_CLIENT_SECRET", "the deployer's secret"),
}
"""The variables that hold a secret, by design: of the user who runs `pulumi`, and so of what it starts."""


def beyond_design(lifecycle: Lifecycle) -> list[str]:
    """Sightings that nobody intended."""
    home = lifecycle.world.state.name
    return [
        f"{sighting.canary}: {sighting.place}, {sighting.disguise}"
        for sighting in lifecycle.sightings
        if not any(
            fnmatchcase(sighting.place, f"{home}/{place}") and fnmatchcase(sighting.canary, canary)
            for place, canary in BY_DESIGN
        )
    ]


def common(world: Sandbox) -> Iterator[Canary]:
    """What a sandbox has by itself."""
    kept = json.loads((world.state / "vault" / "keys.json").read_text())
    yield Canary("root token", kept["root_token"])
    yield Canary("the stack's Vault token", kept["admin_token"])
    yield from (Canary(f"unseal key {number}", key) for number, key in enumerate(kept["keys"]))
    yield Canary("the deployer's secret", json.loads((world.state / "azure" / "operator.json").read_text())["secret"])
    yield of_key("the cluster's signing key", world.api_server.signing_key.read_text())


@pytest.fixture(scope="module")
def by_vault(world: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lifecycle]:
    """The life of a stack on Vault."""
    echo = Echo(world.vault.address, world.authority.certificate)
    root = world.vault.client()
    root.sys.enable_secrets_engine("kv", path=MOUNT, options={"version": "2"})
    core: Any = world.api_server.core()
    core.create_namespace({"metadata": {"name": "owners"}})
    client.AppsV1Api(core.api_client).create_namespaced_deployment("owners", OWNER)
    try:
        with Lifecycle(world, "local", tmp_path_factory.mktemp("secrecy")) as lifecycle:
            on_vault(lifecycle, echo, root)
        yield lifecycle
    finally:
        core.delete_namespace("owners")
        root.sys.disable_secrets_engine(MOUNT)
        echo.stop()


def on_vault(lifecycle: Lifecycle, echo: Echo, root: Any) -> None:
    world, kv = lifecycle.world, root.secrets.kv.v2
    lifecycle.canaries += common(world)
    standing = fresh("an object that was there")
    kv.create_or_update_secret("standing", {"key": lifecycle.add(standing)}, mount_point=MOUNT)
    settings = lifecycle.project.config
    people = {"kind": "userpass", "users": [{"name": "dora", "groups": ["auditors"]}]}
    directory = {"kind": "ldap", "url": "ldaps://127.0.0.1:1", "userDn": "o=a", "groupDn": "o=b", "bindDn": "cn=me"}
    provider = {
        "kind": "oidc",
        "discoveryUrl": f"{world.vault.address}/v1/identity/oidc/provider/default",
        "clientId": "strongroom",
        "redirectUris": ["http://localhost:8250/oidc/callback"],
        "caCertificate": str(world.authority.certificate),
    }
    settings["strongroom:backend"] |= {
        "address": echo.address,
        "mount": {"path": MOUNT, "create": False},
        "logins": [people, directory, provider],
        "groups": [{"name": "auditors", "reads": ["bank/ledger"]}],
    }
    settings["strongroom:workloads"][0]["secrets"].append({"name": "standing", "object": "standing", "key": "key"})
    settings["strongroom:kubernetes"]["existingNamespaces"] = ["owners"]
    settings["strongroom:workloads"].append(ATTACHED)
    lifecycle.project.write(settings)
    with lifecycle.project.engine.stack("local"):
        pass
    lifecycle.canaries.append(Canary("the state's passphrase", (world.state / "pulumi" / "passphrase").read_text()))
    lifecycle.configure('strongroom:seeds["ledger"]["token"]', fresh("a config secret"))
    lifecycle.configure('strongroom:credentials["ldap"]', fresh("a directory's password"))
    lifecycle.configure('strongroom:credentials["oidc"]', fresh("an OIDC client's secret"))
    lifecycle.configure('strongroom:credentials["userpass/dora"]', fresh("somebody's password"))

    for operation in ("up", "refresh"):
        lifecycle.run(operation, operation)
    for name, keys in {"db-pass": ("username", "password"), "payment-api": ("key",)}.items():
        data = kv.read_secret_version(name, mount_point=MOUNT, raise_on_deleted_version=True)["data"]["data"]
        lifecycle.canaries += [Canary(f"the generated {name}.{key}", data[key]) for key in keys]
    (reviewer,) = [
        found
        for found in world.api_server.core().list_namespaced_secret("kube-system").items
        if found.metadata.name == "vault-token-reviewer-kubernetes"
    ]
    lifecycle.canaries.append(of_token("the reviewer's token", base64.b64decode(reviewer.data["token"]).decode()))
    token = ClusterClient(Cluster(kubeconfig=str(world.api_server.kubeconfig))).request_token("bank", "ledger", "vault")
    logged_in = root.auth.kubernetes.login("bank.ledger", token, use_token=False)["auth"]["client_token"]
    lifecycle.canaries += [of_token("a service account's token", token), Canary("a workload's Vault token", logged_in)]
    lifecycle.look(*COMMANDS)
    verbosely(lifecycle)

    lifecycle.configure('strongroom:seeds["ledger"]["token"]', fresh("a config secret that is refused"))
    with refusing_writes(root):
        lifecycle.fails("a refused write", "up", "verify")
    echo.quoting = True
    lifecycle.fails("an answer that quotes the request", "up", "verify", "doctor", "access")
    echo.quoting = False
    root.sys.seal()
    lifecycle.fails("a sealed Vault", "up", "verify", "doctor", "access")
    world.up()
    world.api_server.process.stop(seconds=1)  # it waits for those that watch it, until it is killed
    settings["strongroom:workloads"][1]["replicas"] = 3
    lifecycle.project.write(settings)
    lifecycle.fails("no API server", "up", "verify", "doctor", "access")
    world.up()
    settings["strongroom:backend"]["pasword"] = lifecycle.add(fresh("a secret under a key that isn't there"))
    settings["strongroom:workloads"][0]["name"] = "Orders"
    lifecycle.project.write(settings)
    lifecycle.configure('strongroom:credentials["nowhere"]', fresh("a password of nobody"))
    lifecycle.configure('strongroom:seeds["ledger"]["a b"]', fresh("a config secret under a wrong key"))
    lifecycle.fails("wrong settings", "up", "preview --offline", "check")
    lifecycle.forget("strongroom:credentials", 'strongroom:seeds["ledger"]["a b"]')
    del settings["strongroom:backend"]["pasword"]
    settings["strongroom:workloads"][0]["name"] = "orders"
    lifecycle.project.write(settings)
    lifecycle.run("destroy", "destroy")


class refusing_writes:  # noqa: N801 - reads as what happens
    """The stack's token may write no value, for a while."""

    def __init__(self, root: Any) -> None:
        self._system = root.sys
        self._rules = self._system.read_acl_policy("strongroom-admin")["data"]["policy"]

    def __enter__(self) -> None:
        narrower = f'{self._rules}\npath "{MOUNT}/data/*" {{ capabilities = ["read"] }}'
        self._system.create_or_update_acl_policy("strongroom-admin", narrower)

    def __exit__(self, *_: object) -> None:
        self._system.create_or_update_acl_policy("strongroom-admin", self._rules)


def verbosely(lifecycle: Lifecycle) -> None:
    """Run the CLI with all that it can say; what its engine says at level 9 of what crosses the wire is omitted."""
    said = lifecycle.pulumi("a verbose preview", "preview", "--debug", "--logtostderr", "--logflow", "-v=9")
    wire = re.compile(r'^\{"time":"[^"]+","level":"INFO","msg":"(Unm|M)arshaling property for RPC.*$', re.MULTILINE)
    assert wire.search(said), (
        "the engine logs in another way: see which of its lines hold secrets, and say so in docs/ci.md"
    )
    lifecycle.reported["a verbose preview, save values on the wire"] = wire.sub("", said)


@pytest.fixture(scope="module")
def by_azure(world: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lifecycle]:
    """The life of a stack on Azure Key Vault."""
    with Lifecycle(world, "local-azure", tmp_path_factory.mktemp("secrecy-azure")) as lifecycle:
        on_azure(lifecycle)
    yield lifecycle


def on_azure(lifecycle: Lifecycle) -> None:
    world = lifecycle.world
    client, principal, secret = assemble(world.azure.configuration).directory.register("secrecy")
    lifecycle.canaries += common(world)
    lifecycle.canaries.append(
        Canary("what encrypts the emulator's vaults", (world.state / "azure" / "vaults.key").read_text())
    )
    settings = lifecycle.project.config
    settings["strongroom:backend"] |= {
        "identity": {"mode": "service-principal", "clientId": client, "principalId": principal},
        "certificates": {"web": {"subject": "CN=shop.example.net"}},
    }
    settings["strongroom:workloads"][1]["secrets"] += [{"name": "web.pem", "object": "web", "format": "pem"}]
    lifecycle.project.write(settings)
    with lifecycle.project.engine.stack("local-azure"):
        pass
    lifecycle.canaries.append(Canary("the state's passphrase", (world.state / "pulumi" / "passphrase").read_text()))
    lifecycle.configure("strongroom:clientSecret", Canary("clientSecret", secret))
    lifecycle.configure('strongroom:seeds["ledger"]["token"]', fresh("a config secret"))
    for operation in ("up", "refresh"):
        lifecycle.run(operation, operation)
    for found in world.azure.store.objects("strongroom-local", "secrets"):
        value = found["versions"][-1]["value"]
        if found["name"] == "web":
            lifecycle.canaries.append(
                of_key("the certificate's private key", value[value.index("-----BEGIN PRIVATE") :])
            )
        elif found["name"] != "ledger-token":
            lifecycle.canaries.append(Canary(f"the generated {found['name']}", value))
    lifecycle.look(*COMMANDS)
    lifecycle.configure(
        'strongroom:seeds["ledger"]["token"]', Canary("too long a config secret", "long and secret" * 2000)
    )
    lifecycle.fails("a refused write", "up", "verify")
    lifecycle.configure('strongroom:seeds["ledger"]["token"]', fresh("a config secret for the next user"))
    lifecycle.forget("strongroom:clientSecret")
    lifecycle.run("destroy", "destroy")


@pytest.fixture(params=["by_vault", "by_azure"])
def lifecycle(request: pytest.FixtureRequest) -> Lifecycle:
    """The life of a stack."""
    return request.getfixturevalue(request.param)


def test_no_secret_is_left_in_the_open(lifecycle: Lifecycle) -> None:
    assert len(lifecycle.canaries) > 10
    assert [what for what, text in lifecycle.reported.items() if not text and "config" not in what] == []

    found = beyond_design(lifecycle)
    assert not found, "\n".join(found)


def test_secrets_are_in_the_environment_of_nobody_but_the_deployer(lifecycle: Lifecycle) -> None:
    held = lifecycle.environments()

    assert {(variable, canary) for _, variable, canary in held} <= HELD
    assert ("pulumi", "VAULT_TOKEN", "the stack's Vault token") in held


def test_what_should_be_found_is_found(lifecycle: Lifecycle) -> None:
    seen = {(sighting.place.partition("/")[2], sighting.canary) for sighting in lifecycle.sightings}

    assert ("vault/keys.json", "root token") in seen
    assert ("pulumi/passphrase", "the state's passphrase") in seen
    held = "clientSecret" if lifecycle.project.stack == "local-azure" else "the reviewer's token"
    assert any(place.startswith("etcd/") and canary == held for place, canary in seen)


def test_state_and_keys_are_for_their_owner_alone(lifecycle: Lifecycle) -> None:
    open_to_others = [
        str(file.relative_to(lifecycle.world.state))
        for file in lifecycle.world.state.rglob("*")
        if file.is_file() and not file.is_symlink() and file.stat().st_mode & 0o077
    ]
    assert open_to_others == []


def test_temporary_files_are_removed(lifecycle: Lifecycle) -> None:
    assert [str(file) for file in Path(lifecycle.temporary).rglob("*") if file.is_file()] == []
