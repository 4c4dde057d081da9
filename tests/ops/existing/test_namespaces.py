"""What goes with a namespace that an update deletes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import pytest

from strongroom.ops.errors import AbsentError, NotAllowedError, OpsError, UnreachableError
from strongroom.ops.existing.namespaces import find_left, list_deleted
from strongroom.ops.preview.events import Operation, PreviewEvents
from strongroom.ops.verify.cluster_reader import ClusterReader
from strongroom.policy.rules import Declared


def kind(name: str, resource: str, *, scope: str = "Namespaced", verbs: Sequence[str] = ("get", "list")) -> Any:
    return {"resource": resource, "responseKind": {"kind": name}, "scope": scope, "verbs": [*verbs]}


CORE = [
    kind("ConfigMap", "configmaps"),
    kind("Event", "events"),
    kind("Node", "nodes", scope="Cluster"),
    kind("PersistentVolumeClaim", "persistentvolumeclaims"),
    kind("Secret", "secrets"),
    kind("ServiceAccount", "serviceaccounts"),
    kind("TokenReview", "tokenreviews", verbs=["create"]),
]
DISCOVERED = {
    "/api": [{"metadata": {}, "versions": [{"version": "v1", "resources": CORE}]}],
    "/apis": [
        {
            "metadata": {"name": "apps"},
            "versions": [
                {"version": "v1", "resources": [kind("Deployment", "deployments")]},
                {"version": "v1beta1", "resources": [kind("Deployment", "deployments")]},
            ],
        },
        {
            "metadata": {"name": "team.example"},
            "versions": [{"version": "v1", "resources": [kind("Deployment", "deployments")]}],
        },
    ],
}


class Server:
    """A cluster with some objects, by the path of their list, which keeps what it is asked for."""

    def __init__(self, *refused: str, error: type[OpsError] = NotAllowedError, **objects: Sequence[Any]) -> None:
        self.asked: list[str] = []
        self._refused, self._error, self._objects = refused, error, objects

    def discover(self, root: str) -> Mapping[str, Any]:
        return {"items": DISCOVERED[root]}

    def list_metadata(self, what: str, path: str) -> Sequence[Mapping[str, Any]]:
        self.asked.append(path)
        assert "/namespaces/team/" in path
        if path.rpartition("/")[2] in self._refused:
            raise self._error(f"no {what}")
        return [{"metadata": each} for each in self._objects.get(path.rpartition("/")[2], ())]


def previewed(*gone: tuple[str, str, Operation]) -> PreviewEvents:
    """A preview with resources of the namespace `team`, each with what happens to it."""
    found = PreviewEvents()
    team: tuple[str, str, Operation] = ("kubernetes:core/v1:Namespace", "team", "delete")
    for type_, name, operation in (team, *gone):
        urn = f"urn:pulumi:dev::strongroom::{type_}::{name}"
        place: dict[str, Any] = {"name": name} | ({} if type_.endswith("Namespace") else {"namespace": "team"})
        is_release = type_.endswith("Release")
        found.before[urn] = Declared(type_, urn, place if is_release else {"metadata": place})
        found.operations[urn] = operation
    return found


OWN: tuple[tuple[str, str, Operation], ...] = (
    ("kubernetes:apps/v1:Deployment", "orders", "delete"),
    ("kubernetes:core/v1:ServiceAccount", "orders", "delete"),
    ("kubernetes:helm.sh/v3:Release", "vault", "delete"),
)


def found(server: Server, *gone: tuple[str, str, Operation]) -> list[tuple[str, str]]:
    findings = find_left(cast("ClusterReader", server), list_deleted(previewed(*gone)))
    return [(each.state, each.seen) for each in findings]


@pytest.mark.parametrize(
    ("objects", "named"),
    [
        ({"configmaps": [{"name": "theirs"}]}, "ConfigMap theirs"),
        ({"deployments": [{"name": "web"}]}, "Deployment web, Deployment web"),  # one of each group
        ({"secrets": [{"name": "orders"}]}, "Secret orders"),
        ({"secrets": [{"name": "a", "labels": {"app.kubernetes.io/instance": "orders"}}]}, "Secret a"),
        ({"secrets": [{"name": "a", "annotations": {"meta.helm.sh/release-name": "theirs"}}]}, "Secret a"),
    ],
)
def test_what_the_update_does_not_delete_by_itself_is_refused_by_name(objects: Any, named: str) -> None:
    ((state, seen),) = found(Server(**objects), *OWN)

    assert state == "failed"
    assert seen == f"the update deletes namespace team, and with it what it would not delete by itself: {named}"


@pytest.mark.parametrize(
    "objects",
    [
        {"serviceaccounts": [{"name": "default"}, {"name": "orders"}], "configmaps": [{"name": "kube-root-ca.crt"}]},
        {"secrets": [{"name": "orders-env", "ownerReferences": [{"kind": "ReplicaSet", "name": "orders-1"}]}]},
        {"secrets": [{"name": "t", "annotations": {"kubernetes.io/service-account.name": "orders"}}]},
        {"secrets": [{"name": "sh.helm.release.v1.vault.v1", "labels": {"owner": "helm", "name": "vault"}}]},
        {"persistentvolumeclaims": [{"name": "data-vault-0", "labels": {"app.kubernetes.io/instance": "vault"}}]},
        {"events": [{"name": "orders.17"}]},
        {},
    ],
)
def test_what_goes_with_it_anyway_is_no_obstacle(objects: Any) -> None:
    assert found(Server(**objects), *OWN) == []


def test_what_the_stack_goes_on_declaring_there_is_refused_too() -> None:
    """A namespace that was added to `existingNamespaces` is deleted with the workloads that stay."""
    stays: tuple[tuple[str, str, Operation], ...] = (("kubernetes:core/v1:ServiceAccount", "orders", "same"),)
    ((state, seen),) = found(Server(serviceaccounts=[{"name": "orders"}]), *stays)

    assert (state, seen.rpartition(": ")[2]) == ("failed", "ServiceAccount orders")


def test_many_are_counted() -> None:
    ((_, seen),) = found(Server(configmaps=[{"name": f"c{number:02}"} for number in range(12)]))

    assert seen.endswith("ConfigMap c09 and 2 more")


def test_kinds_that_may_not_be_listed_are_named_beside_what_was_found() -> None:
    server = Server("secrets", configmaps=[{"name": "theirs"}])

    assert [state for state, _ in found(server)] == ["failed", "skipped"]
    assert found(server)[1][1] == "whether namespace team has any Secret: no Secret of team"
    assert found(Server("secrets", error=AbsentError)) == []
    assert [state for state, _ in found(Server("secrets", error=UnreachableError))] == ["skipped"]


def keep(changed: PreviewEvents) -> None:
    changed.operations = dict.fromkeys(changed.operations, "same")


def retain(changed: PreviewEvents) -> None:
    changed.retained = {urn for urn in changed.operations if "Namespace" in urn}


@pytest.mark.parametrize("stay", [keep, retain])
def test_nothing_is_asked_where_no_namespace_goes(stay: Callable[[PreviewEvents], None]) -> None:
    server, changed = Server(configmaps=[{"name": "theirs"}]), previewed(*OWN)
    stay(changed)

    assert list(find_left(cast("ClusterReader", server), list_deleted(changed))) == []
    assert server.asked == []
