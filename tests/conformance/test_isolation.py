"""Workloads are kept apart: everyone's reads of everything, through names that look alike, changes, and forgeries."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from kubernetes import client

from sandbox.running import Sandbox
from strongroom.ops.store.base import ExpectedFile, Session
from tests.support.polling import poll_until
from tests.support.sandboxed import environment
from tests.support.secret_scanner import Canary, SecretScanner

from .conftest import Subject, accounts
from .forgeries import forgeries
from .raw import Raw, crafted
from .stack import ATTACHED, COUNT, GONE, OWNER, Access, access, changed, configured, places
from .workload_clients import Eyes, of, reads

pytestmark = pytest.mark.integration


@dataclass
class Crowd:
    """Many workloads, deployed."""

    subject: Subject
    declared: Access
    eyes: Eyes
    sessions: dict[str, Session]
    places: dict[str, ExpectedFile]

    @property
    def expected(self) -> set[tuple[str, str]]:
        """Who must read what."""
        return places(self.declared, azure=self.subject.azure)


@pytest.fixture(scope="session")
def owner(world: Sandbox) -> Iterator[None]:
    """A Deployment that somebody else made, in a namespace that was there."""
    api: Any = world.api_server.core()
    namespace = ATTACHED.partition("/")[0]
    labels = {"app.kubernetes.io/name": ATTACHED.partition("/")[2]}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": "busybox:1.36"}]}}
    # A pod that is not ready would stay beside the new one.
    spec = {"selector": {"matchLabels": labels}, "strategy": {"type": "Recreate"}, "template": pod}
    deployment: Any = {"metadata": {"name": OWNER}, "spec": spec}
    api.create_namespace({"metadata": {"name": namespace}})
    client.AppsV1Api(api.api_client).create_namespaced_deployment(namespace, deployment)
    yield
    api.delete_namespace(namespace)


@pytest.fixture(scope="module")
def crowd(subject: Subject, owner: None) -> Iterator[Crowd]:
    del owner
    declared = access(azure=subject.azure)
    deploy(subject, declared, declared)
    with environment(subject.project.environment):
        eyes = Eyes(subject.project.stack)
        made = Crowd(subject, declared, eyes, eyes.sessions(), eyes.places())
    yield made
    subject.deploy()


def deploy(subject: Subject, declared: Access, seeded: Access) -> None:
    subject.deploy(configured(subject.project.config, declared, seeded, azure=subject.azure))


def test_everyone_reads_what_it_declares_and_nothing_else(crowd: Crowd) -> None:
    assert len(crowd.sessions) == COUNT
    assert reads(crowd.sessions, crowd.places) == crowd.expected


def test_everyone_is_let_in_as_itself_alone(crowd: Crowd) -> None:
    assert crowd.eyes.let_in() == {(path, path) for path in crowd.declared}


def test_no_name_leads_out_of_its_own_path(crowd: Crowd) -> None:
    subject, who = crowd.subject, "a/b"
    own, *others = crowd.declared[who][0], *(crowd.declared[path][0] for path in ("a/b-c", "a-b/c", "b/a"))
    stored = {name: value for name, value in subject.stored().items() if value}
    mine = {name: value for name, value in stored.items() if name in crowd.declared[who]}
    foreign = SecretScanner(Canary(name, value) for name, value in stored.items() if name not in mine)
    raw, base = connection(subject, who)

    assert SecretScanner([Canary(own, mine[own])]).text("", raw.get(f"{base}/{own}").body), "it reads what is its own"
    tried = [f"{base}/{name}" for other in others for name in crafted(own, other)]
    tried += [f"{base}/{other}" for other in others]
    tried += [path for other in others for path in elsewhere(subject, base, own, other)]
    answers = {path: raw.get(path) for path in tried}
    assert {path: found for path, answer in answers.items() if (found := foreign.text("", answer.body))} == {}
    assert {answer.status for answer in answers.values()} <= {200, 301, 307, 308, 400, 401, 403, 404, 405}
    # What is answered with success is its own object, in another spelling; Vault explains every path to anybody.
    mine_only = SecretScanner([Canary(own, mine[own])])
    assert [
        (path, answer.body)
        for path, answer in answers.items()
        if answer.status == 200 and not mine_only.text("", answer.body) and not answer.body.startswith(b'{"help":')
    ] == []


def connection(subject: Subject, workload: str) -> tuple[Raw, str]:
    """A workload's connection to its store, and the path that its objects are below."""
    bearer, authority = subject.bearer(workload), subject.world.authority.certificate
    if subject.azure:
        headers = {"Authorization": f"Bearer {bearer}"}
        proxy = subject.world.azure.address
        return Raw("https://strongroom-local.vault.azure.net", authority, headers, proxy), "/secrets"
    return Raw(subject.world.vault.address, authority, {"X-Vault-Token": bearer}), "/v1/strongroom/data"


def elsewhere(subject: Subject, base: str, own: str, other: str) -> list[str]:
    """Other ways that a store has to tell of an object."""
    if subject.azure:
        kinds = ("deletedsecrets", "Secrets", "keys", "certificates")
        return [f"/{kind}/{other}{end}" for kind in kinds for end in ("", "/versions")]
    kinds = ("metadata", "subkeys", "undelete", "DATA", f"data/{own}/../../metadata")
    return [f"{base.removesuffix('/data')}/{kind}/{other}" for kind in kinds]


def test_forged_expired_and_foreign_tokens_open_nothing(crowd: Crowd) -> None:
    who, neighbour = "a/b", "system:serviceaccount:a:b-c"
    own, good = crowd.eyes.classes[who], crowd.eyes.tokens[who]
    forged = forgeries(good, crowd.subject.world.api_server.signing_key, neighbour)

    assert crowd.eyes.admits(own, good)
    assert [why for why, token in forged.items() if crowd.eyes.admits(own, token)] == []
    # Nor do they open the door that they are made for.
    assert [why for why, token in forged.items() if crowd.eyes.admits(crowd.eyes.classes["a/b-c"], token)] == []


def test_a_token_for_the_api_server_is_not_one_for_the_store(crowd: Crowd) -> None:
    cluster = crowd.subject.cluster

    for audience in (
        "https://kubernetes.default.svc",
        "vault" if crowd.subject.azure else "api://AzureADTokenExchange",
    ):
        assert not crowd.eyes.admits(crowd.eyes.classes["a/b"], cluster.request_token("a", "b", audience))


def test_what_changed_hands_is_read_by_its_new_owner_and_what_is_gone_reads_nothing(crowd: Crowd) -> None:
    subject, before = crowd.subject, crowd.declared
    stored = subject.stored()
    after = changed(before)

    deploy(subject, after, before)

    now = Eyes(subject.project.stack)
    expected = places(after, azure=subject.azure)
    assert reads(now.sessions(), crowd.places) == expected
    assert now.let_in() == {(path, path) for path in after}
    assert subject.stored() == stored
    # Tokens of the store from before: they do what their owner may do now.
    kept = set(before) - set(GONE)
    assert reads(crowd.sessions, crowd.places) == of(expected, *kept)
    for path in GONE:
        assert not now.admits(crowd.eyes.classes[path], crowd.eyes.tokens[path]), f"{path} is let in with its old token"
    assert set(GONE).isdisjoint(accounts(subject.world, "a", "a-b", "b"))
    # Who makes the service account again by hand makes no access.
    for path in GONE:
        with account(subject, path):
            assert not now.admits(crowd.eyes.classes[path], now.token(path)), f"{path} is let in with a new token"


class account:  # noqa: N801 - reads as what there is
    """A service account that somebody made by hand."""

    def __init__(self, subject: Subject, path: str) -> None:
        self._core: Any = subject.world.api_server.core()
        self._namespace, _, self._name = path.partition("/")

    def __enter__(self) -> None:
        self._core.create_namespaced_service_account(self._namespace, {"metadata": {"name": self._name}})

    def __exit__(self, *_: object) -> None:
        self._core.delete_namespaced_service_account(self._name, self._namespace)


def test_a_token_that_is_bound_to_a_pod_ends_with_it_where_the_api_server_is_asked(crowd: Crowd) -> None:
    core = crowd.subject.world.api_server.core()
    # The controllers make pods in their own time: nothing that was deployed waits for them.
    pods: Any = poll_until(lambda: core.list_namespaced_pod("b", label_selector="app.kubernetes.io/name=a-b").items)
    pod = pods[0].metadata
    request = {
        "spec": {
            "audiences": [crowd.eyes.audience],
            "boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": pod.name, "uid": pod.uid},
        }
    }
    bound: Any = core.create_namespaced_service_account_token("a-b", "b", request)
    own, token = crowd.eyes.classes["b/a-b"], bound.status.token
    assert crowd.eyes.admits(own, token)

    core.delete_namespaced_pod(pod.name, "b", grace_period_seconds=0)

    if crowd.subject.azure:
        # The directory never asks: to it such a token is good until it expires.
        assert crowd.eyes.admits(own, token)
        return
    # The API server remembers for ten seconds what it has found good.
    poll_until(lambda: not crowd.eyes.admits(own, token), 15)
