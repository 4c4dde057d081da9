"""Pods that read their secrets, on a real kubelet, container runtime, driver and providers.

The tests of a stack share one deployment, and each leaves it as it was.
"""

import base64
import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from sandbox.azure.clouds import CLOUDS
from sandbox.azure.vaults import Vault
from sandbox.node.objects import ACCOUNTS
from sandbox.running import Sandbox
from strongroom.ops.cluster.driver_records import DriverRecords
from strongroom.ops.doctor.diagnosis import find_workload
from strongroom.ops.pulumi.stack import read_stack
from tests.integration.doctored import seen as diagnosed
from tests.integration.doctored import stops
from tests.integration.node.conftest import ENCODED, PULL
from tests.integration.node.pods import Pods, SeenFile, digest
from tests.support.polling import poll_until
from tests.support.sandboxed import Project, stored

pytestmark = pytest.mark.integration


def secrets(world: Sandbox) -> dict[str, list[str]]:
    """The values of all versions of the vault's secrets."""
    found = world.azure.store.objects("strongroom-local", "secrets")
    return {each["name"]: [version["value"] for version in each["versions"]] for each in found}


def plain(value: str, mode: str = "644", owner: str = "0:0") -> SeenFile:
    """A file with a value, as the driver writes it."""
    return SeenFile(digest(value), mode, owner)


def test_every_pod_of_local_runs_and_has_its_files_and_no_others(world: Sandbox, project: Project, pods: Pods) -> None:
    login, payment, ledger = (stored(world, name) for name in ("db-pass", "payment-api", "ledger"))

    assert pods.seen({("shop", "orders"): 1, ("shop", "checkout"): 2, ("bank", "ledger"): 1}) == {
        "orders": {"db-username": plain(login["username"]), "db-password": plain(login["password"], "444")},
        "checkout": {"payment-key": plain(payment["key"])},
        "ledger": {"token": plain(ledger["token"])},
    }
    assert project.wrong() == set()


def test_each_encoding_version_and_delivery_is_a_file_that_the_containers_user_reads(
    world: Sandbox, project: Project, pods: Pods
) -> None:
    one, mine = "one", "65532:65532"

    assert pods.seen({("bank", name): 1 for name in ("formats", "agent", "copied")}) == {
        "formats": {
            "base64": plain(one),
            "hex": plain(one, "404"),
            "latest": plain(one),
            "first": plain(one),
            "in/a/directory": plain(one),
        },
        "agent": {
            "text": plain(one, "400", mine),
            "in/decoded": plain(one, owner=mine),
            "missing": plain("", owner=mine),
            "all.json": plain(json.dumps(ENCODED, separators=(",", ":")), owner=mine),
        },
        "copied": {"text": plain(one)},
    }
    (pod,) = pods.of("bank", "agent")
    assert pods.run(pod, "cd /mnt/secrets-store && cat text in/decoded && id -u") == "oneone65532\n"
    (pod,) = pods.of("bank", "formats")
    assert pods.run(pod, "cd /mnt/secrets-store && cat base64 hex latest first /etc/app/text") == "one" * 5


def test_every_kind_of_workload_reads_its_secret(world: Sandbox, project: Project, pods: Pods) -> None:
    seen = {"text": plain("one")}

    assert pods.seen({("bank", "stateful"): 2, ("bank", "everywhere"): 1}) == {"stateful": seen, "everywhere": seen}
    for pod in pods.of("bank", "stateful"):
        assert pods.run(pod, "echo kept > /data/a && cat /data/a") == "kept\n"
    # A Job whose init container read the secret for it, and one of a CronJob, ended with the value as their last word.
    for name in ("once", "nightly"):
        ended = poll_until(lambda name=name: [each for each in pods.of("bank", name) if pods.has_succeeded(each)], 90)
        assert {each.status.container_statuses[0].state.terminated.message for each in ended} == {"one"}


def test_a_web_server_has_its_port_its_probe_and_a_directory_to_write_to(
    world: Sandbox, project: Project, pods: Pods
) -> None:
    assert pods.seen({("bank", "web"): 1}) == {"web": {"text": plain("one")}}
    (pod,) = pods.of("bank", "web")

    assert pods.run(pod, "busybox wget -qO- localhost:8080 && busybox touch /var/run/web/a") == f"{pod.metadata.name}\n"
    # Each container has a scratch directory of its own, and this one no secret.
    assert pods.run(pod, "busybox ls -A /tmp; busybox ls -d /mnt 2>&-", container="beside") == ""


def test_a_value_reaches_its_variable_by_a_secret_that_goes_with_the_workload(
    world: Sandbox, project: Project, pods: Pods
) -> None:
    password = stored(world, "db-pass")["password"]
    (pod,) = pods.of("shop", "orders")
    (copied,) = pods.of("bank", "copied")

    assert (pods.variable(pod, "DB_PASSWORD"), pods.synced(pod, "DB_PASSWORD")) == (digest(password), password)
    assert (pods.variable(copied, "TEXT"), pods.synced(copied, "TEXT")) == (digest("one"), "one")
    # The driver's second step.
    owners = poll_until(lambda: pods.secret(pod).metadata.owner_references)
    assert {owner.kind for owner in owners} == {"ReplicaSet"}


def test_a_pull_secret_has_the_type_and_the_labels_that_are_declared(project: Project, pods: Pods) -> None:
    poll_until(lambda: pods.all_ready("bank", "registry", 1), 60)
    made = pods.core.read_namespaced_secret("pull", "bank")

    assert made.type == "kubernetes.io/dockerconfigjson"
    assert base64.b64decode(made.data[".dockerconfigjson"]).decode() == PULL
    assert made.metadata.labels.items() >= {("team", "bank")}
    assert made.metadata.annotations.items() >= {("of", "the registry")}


def test_the_driver_hands_a_token_over_and_no_provider_makes_one(world: Sandbox, project: Project, pods: Pods) -> None:
    log = world.state / "kubernetes" / "audit.log"
    requests = [json.loads(line) for line in log.read_text().splitlines()]
    made = {each["user"]["username"] for each in requests if "/token" in each["requestURI"]}
    provider = f"system:serviceaccount:{ACCOUNTS[1].replace('/', ':')}"

    assert "system:node:node-1" in made
    assert provider not in made


def test_a_new_value_reaches_files_and_secrets_of_pods_that_live_on(
    world: Sandbox, project: Project, pods: Pods
) -> None:
    names = [("shop", "orders"), ("bank", "formats"), ("bank", "agent"), ("bank", "copied")]
    orders, formats, agent, copied = before = [pods.of(*name)[0] for name in names]
    login = stored(world, "db-pass")
    kv = world.vault.client().secrets.kv.v2

    kv.create_or_update_secret("db-pass", {**login, "password": "two"}, mount_point="strongroom")
    kv.create_or_update_secret("encoded", {"base64": "dHdv", "hex": "74776f", "plain": "two"}, mount_point="strongroom")
    try:
        for pod, name in ((agent, "text"), (agent, "in/decoded"), (orders, "db-password"), (formats, "latest")):
            pods.wait_for(pod, name, "two")
        assert pods.files(formats) == {
            "base64": plain("two"),
            "hex": plain("two", "404"),
            "latest": plain("two"),
            "first": plain("one"),
            "in/a/directory": plain("two"),
        }
        # Neither a variable nor a `subPath` changes while its container runs.
        assert pods.run(formats, "cat /etc/app/text") == "one"
        poll_until(lambda: pods.synced(orders, "DB_PASSWORD") == "two")
        poll_until(lambda: pods.synced(copied, "TEXT") == "two", 90)
        assert pods.variable(orders, "DB_PASSWORD") == digest(login["password"])
        assert [pods.of(*name)[0].metadata.uid for name in names] == [pod.metadata.uid for pod in before]
    finally:
        kv.create_or_update_secret("db-pass", login, mount_point="strongroom")
        kv.create_or_update_secret("encoded", ENCODED, mount_point="strongroom")


def test_a_pod_without_its_secrets_is_not_ready_and_says_why(world: Sandbox, project: Project, pods: Pods) -> None:
    (pod,) = pods.of("shop", "orders")
    vault, name = world.vault.client(), "kubernetes.shop.orders"
    policy = vault.sys.read_policy(name)["data"]["rules"]
    vault.sys.delete_policy(name)
    try:
        pods.core.delete_namespaced_pod(pod.metadata.name, "shop")
        message = poll_until(lambda: "permission denied" in (text := pods.warnings("shop")) and text)

        assert 'couldn\'t read secret "db-username": error requesting secret: Error making API request.' in message
        assert not any(map(pods.ready, pods.of("shop", "orders")))
        stops(diagnosed(read_stack("local"), "shop/orders"), "policy", name)
    finally:
        vault.sys.create_or_update_policy(name, policy)
    pods.seen({("shop", "orders"): 1})


def test_a_sealed_vault_keeps_new_pods_waiting_until_it_is_opened(world: Sandbox, project: Project, pods: Pods) -> None:
    one, other = poll_until(lambda: pods.all_ready("shop", "checkout", 2), 60)
    before = pods.files(other)

    world.vault.client().sys.seal()
    try:
        pods.core.delete_namespaced_pod(one.metadata.name, "shop")
        poll_until(lambda: "* Vault is sealed" in pods.warnings("shop"), 60)
        assert pods.files(other) == before
        assert len(list(filter(pods.ready, pods.of("shop", "checkout")))) == 1
    finally:
        world.up()

    assert pods.seen({("shop", "checkout"): 2}) == {"checkout": before}


def test_every_pod_of_local_azure_runs_and_has_its_files_and_no_others(
    world: Sandbox, azure_project: Project, pods: Pods
) -> None:
    values = secrets(world)

    assert pods.seen({("shop", "orders"): 1, ("shop", "checkout"): 2, ("bank", "ledger"): 1}) == {
        "orders": {
            "db-username": plain(values["db-pass-username"][-1]),
            "db-password": plain(values["db-pass-password"][-1], "444"),
        },
        "checkout": {"payment-key": plain(values["payment-api-key"][-1])},
        "ledger": {"token": plain(values["ledger-token"][-1])},
    }
    assert azure_project.wrong() == set()


def test_each_kind_of_key_vault_object_reaches_its_file(world: Sandbox, azure_project: Project, pods: Pods) -> None:
    (pod,) = poll_until(lambda: pods.all_ready("bank", "formats", 1), 60)

    found = pods.files(pod)
    assert sorted(found) == ["in/decoded", "signer.pem", "tls.crt", "tls.pem", "tls.pfx"]
    assert pods.content(pod, "in/decoded") == base64.b64decode(secrets(world)["blob"][-1])
    certificate = x509.load_pem_x509_certificate(pods.content(pod, "tls.crt"))
    pem = pods.content(pod, "tls.pem")
    private = serialization.load_pem_private_key(pem, None)
    assert x509.load_pem_x509_certificate(pem) == certificate
    assert private.public_key() == certificate.public_key()
    private, bundled, _ = pkcs12.load_key_and_certificates(pods.content(pod, "tls.pfx"), None)
    assert private and bundled and private.public_key() == bundled.public_key() != certificate.public_key()
    assert serialization.load_pem_public_key(pods.content(pod, "signer.pem"))
    front = pods.core.read_namespaced_secret("front", "bank")
    crt, key = (base64.b64decode(front.data[name]) for name in ("tls.crt", "tls.key"))
    assert front.type == "kubernetes.io/tls"
    assert x509.load_pem_x509_certificate(crt) == certificate
    assert serialization.load_pem_private_key(key, None).public_key() == certificate.public_key()


def test_new_versions_of_key_vault_reach_pods_and_the_one_before_stays_in_a_history(
    world: Sandbox, azure_project: Project, pods: Pods
) -> None:
    (history,) = poll_until(lambda: pods.all_ready("bank", "history", 1), 60)
    (orders,) = pods.of("shop", "orders")
    first = {name: secrets(world)[name][-1] for name in ("ledger-token", "db-pass-password")}
    assert pods.files(history) == {"token/0": plain(first["ledger-token"])}

    resource = world.azure.store.resources("Microsoft.KeyVault/vaults")[0]
    vault = Vault(world.azure.store, resource, CLOUDS[0].vaults)
    for name in first:
        vault.set_secret(name, {"value": "another"})

    pods.wait_for(history, "token/0", "another")
    pods.wait_for(orders, "db-password", "another")
    assert pods.files(history) == {"token/0": plain("another"), "token/1": plain(first["ledger-token"])}
    poll_until(lambda: pods.synced(orders, "DB_PASSWORD") == "another")
    assert pods.variable(orders, "DB_PASSWORD") == digest(first["db-pass-password"])
    # What doctor compares.
    stack = azure_project.read()
    for workload, pod, name in (("shop/orders", orders, "db-pass-password"), ("bank/history", history, "ledger-token")):
        records = DriverRecords(stack.kubernetes, find_workload(stack, workload))
        (mount,) = [each for each in records.read_mounts() if each.pod == pod.metadata.name]
        recorded = f"secret/{name}" if pod is orders else f"secret/{name}/0"
        assert mount.versions[recorded] == vault.get("secrets", name)["id"].rsplit("/", 1)[1]
