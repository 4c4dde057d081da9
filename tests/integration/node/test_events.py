"""Links of the chain, broken one by one: the event that a real kubelet or driver writes, and what doctor says of it."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from sandbox.azure.clouds import CLOUDS
from sandbox.azure.vaults import Vault
from sandbox.running import Sandbox
from strongroom.ops.pulumi.stack import read_stack
from tests.integration.doctored import seen as diagnosed
from tests.integration.node.pods import Pods
from tests.integration.tampering import ASSIGNMENTS, CREDENTIALS
from tests.mutations.damage import Hands, changed, gone, resource, written
from tests.support.sandboxed import Project, environment

pytestmark = pytest.mark.soak

CLASS = "/apis/secrets-store.csi.x-k8s.io/v1/namespaces/shop/secretproviderclasses/orders"
ROLE, POLICY = "auth/kubernetes/role/shop.orders", "sys/policies/acl/kubernetes.shop.orders"
SYNC = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/secretprovidersyncing-rolebinding"
DRIVER = "/apis/storage.k8s.io/v1/csidrivers/secrets-store.csi.k8s.io"
ACCOUNT = "/api/v1/namespaces/shop/serviceaccounts/orders"

Break = Callable[[Hands], AbstractContextManager[None]]


def parameter(name: str, value: str | None) -> Break:
    """Another value of a parameter of the class; none, if it is missing."""

    def edit(document: dict[str, Any]) -> None:
        document["spec"]["parameters"].pop(name, None)
        if value is not None:
            document["spec"]["parameters"][name] = value

    return lambda hands: changed(hands, CLASS, edit)


def objects(old: str, new: str) -> Break:
    """Another text in the objects of the class."""

    def edit(document: dict[str, Any]) -> None:
        parameters = document["spec"]["parameters"]
        assert old in parameters["objects"]
        parameters["objects"] = parameters["objects"].replace(old, new)

    return lambda hands: changed(hands, CLASS, edit)


def alias(document: dict[str, Any]) -> None:
    """Let the Secret be of a file that the volume lacks."""
    document["spec"]["secretObjects"][0]["data"][0]["objectName"] = "db-pasword"


def fields(path: str, **values: Any) -> Break:
    """Other fields of something that Vault has."""
    return lambda hands: written(hands, path, **values)


@contextmanager
def role_deleted(hands: Hands) -> Iterator[None]:
    with written(hands, ROLE):
        hands.vault("delete", ROLE)
        yield


@contextmanager
def without_key(hands: Hands) -> Iterator[None]:
    path = "strongroom/data/db-pass"
    before = hands.read(path)["data"]
    hands.vault("post", path, {"data": {"username": before["username"]}})
    try:
        yield
    finally:
        hands.vault("post", path, {"data": before})


@contextmanager
def deleted(hands: Hands) -> Iterator[None]:
    latest = hands.read("strongroom/data/db-pass")["metadata"]["version"]
    hands.vault("delete", "strongroom/data/db-pass")
    try:
        yield
    finally:
        hands.vault("post", "strongroom/undelete/db-pass", {"versions": [latest]})


@contextmanager
def sync_forbidden(hands: Hands) -> Iterator[None]:
    with gone(hands, SYNC):
        hands.kubernetes("DELETE", "/api/v1/namespaces/shop/secrets/orders-env")
        yield


VAULT: dict[str, tuple[str, str, Break]] = {
    "role-audience": ("audience of the role", "audience", fields(ROLE, audience="other")),
    "role-gone": ("Vault role", "identity", role_deleted),
    "role-account": ("accounts of the role", "role", fields(ROLE, bound_service_account_names=["other"])),
    "role-namespace": ("accounts of the role", "role", fields(ROLE, bound_service_account_namespaces=["other"])),
    "policy": ("Vault's policy", "policy", fields(POLICY, policy='path "other/*" {capabilities = ["read"]}')),
    "key-gone": ("missing key", "object", without_key),
    "version-deleted": ("missing path in Vault", "version", deleted),
    "class-gone": ("no class", "class", lambda hands: gone(hands, CLASS)),
    "class-role": ("Vault role", "class", parameter("roleName", "shop.ordrs")),
    "class-without-role": ("a parameter of the SecretProviderClass", "class", parameter("roleName", None)),
    "mount-path": ("Vault refuses the login", "class", parameter("vaultAuthMountPath", "nowhere")),
    "address": ("store not reached", "class", parameter("vaultAddress", "https://127.0.0.1:1")),
    "ca-file": ("CA file of the SecretProviderClass", "class", parameter("vaultCACertPath", "/nowhere/ca.crt")),
    "ca-unset": ("certificate authority", "class", parameter("vaultCACertPath", None)),
    "objects": ("objects of the SecretProviderClass", "class", parameter("objects", "[")),
    "path-without-data": ("Vault's policy", "policy", objects("strongroom/data/db-pass", "strongroom/db-pass")),
    "alias": ("alias in secretObjects", "class", lambda hands: changed(hands, CLASS, alias)),
    "sync": ("sync failed", "sync", sync_forbidden),
    "account-gone": ("no service account", "service account", lambda hands: gone(hands, ACCOUNT)),
    "no-driver-object": ("no CSIDriver object", "driver", lambda hands: gone(hands, DRIVER)),
}
"""What is broken: what explains the event, the link at which the chain stops, and how it is done."""


@pytest.mark.parametrize("broken", VAULT)
def test_the_event_of_each_broken_link_of_local_is_explained(
    world: Sandbox, project: Project, pods: Pods, broken: str
) -> None:
    explained, link, do = VAULT[broken]
    with do(Hands(world)):
        is_explained("local", pods, explained, link)
    recovers(pods)


def is_explained(stack: str, pods: Pods, explained: str, link: str) -> None:
    """A new pod of shop/orders isn't ready, and doctor explains its event by `explained` and its chain by `link`."""
    began = time.time()
    replace(pods)
    deployed = read_stack(stack)

    def names() -> set[str]:
        return {event.name for event in diagnosed(deployed, "shop/orders").events if not event.past}

    end = time.monotonic() + 100
    while explained not in (others := names()):
        assert time.monotonic() < end, others
        time.sleep(0.2)
    found = diagnosed(deployed, "shop/orders")
    assert found.first_failed is not None
    assert found.first_failed.name == link, found.first_failed
    assert found.first_failed.fix
    assert not any(pods.ready(pod) for pod in pods.of("shop", "orders") if _created(pod) >= began - 1)


def recovers(pods: Pods) -> None:
    """A new pod of shop/orders has its files."""
    replace(pods)
    assert len(pods.seen({("shop", "orders"): 1})["orders"]) == 2


def replace(pods: Pods) -> None:
    """Have a new pod of shop/orders made."""
    for pod in pods.of("shop", "orders"):
        pods.core.delete_namespaced_pod(pod.metadata.name, "shop", grace_period_seconds=0)


def _created(pod: Any) -> float:
    return pod.metadata.creation_timestamp.timestamp()


USERNAME = "db-pass-username"


def vault_of(hands: Hands) -> Vault:
    """The emulator's Key Vault."""
    return Vault(hands.azure, hands.azure.resources("Microsoft.KeyVault/vaults")[0], CLOUDS[0].vaults)


@contextmanager
def object_disabled(hands: Hands) -> Iterator[None]:
    vault_of(hands).update("secrets", USERNAME, None, {"attributes": {"enabled": False}})
    try:
        yield
    finally:
        vault_of(hands).update("secrets", USERNAME, None, {"attributes": {"enabled": True}})


@contextmanager
def object_gone(hands: Hands) -> Iterator[None]:
    vault_of(hands).delete("secrets", USERNAME)
    try:
        yield
    finally:
        vault_of(hands).recover("secrets", USERNAME)


UNKNOWN = "11111111-2222-3333-4444-555555555555"

AZURE: dict[str, tuple[str, str, Break]] = {
    "client": ("unknown identity", "class", parameter("clientID", UNKNOWN)),
    "no-client": ("no credentials on the volume", "class", parameter("clientID", None)),
    "pod-identity": ("no NMI on the node", "class", parameter("usePodIdentity", "true")),
    "vault-name": ("no vault of that name", "class", parameter("keyvaultName", "nobodys-vault")),
    "subject": (
        "federated credential: subject",
        "federation",
        lambda hands: resource(
            hands, CREDENTIALS, "serviceaccount:shop:orders", subject="system:serviceaccount:shop:other"
        ),
    ),
    "federation-gone": (
        "federated credential",
        "federation",
        lambda hands: resource(hands, CREDENTIALS, "serviceaccount:shop:orders"),
    ),
    "role-gone": (
        "role assignment",
        "assignment",
        lambda hands: resource(hands, ASSIGNMENTS, "secrets/db-pass-username"),
    ),
    "type": ("the kind of an object", "class", objects("objectType: secret", "objectType: secrets")),
    "object-gone": ("missing object", "object", object_gone),
    "object-disabled": ("disabled object", "version", object_disabled),
}
"""The same, of the stack on Key Vault."""


@pytest.mark.parametrize("broken", AZURE)
def test_the_event_of_each_broken_link_of_local_azure_is_explained(
    world: Sandbox, azure_project: Project, pods: Pods, broken: str
) -> None:
    explained, link, do = AZURE[broken]
    with environment(world.azure.environment()), do(Hands(world)):
        is_explained("local-azure", pods, explained, link)
    recovers(pods)
