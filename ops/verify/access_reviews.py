"""What the API server itself says of strangers' rights, whichever its authorizers are."""

import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from strongroom.policy.rules.rule import at

from ..errors import AbsentError, NotAllowedError
from ..store.sampler import Sampler
from .check import STACK, Check
from .cluster_reader import ClusterReader
from .risky_rights import RIGHTS, Way

_PATH = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
_WHAT = "the API server refuses everybody else what leads to its secrets"
_MOST = 16
"""How many namespaces are asked about: the whole stays bounded."""

_MOST_NAMED = 32
"""About how many of the stack's own accounts and of those whom bindings name, each in one namespace of these."""

_AT_ONCE = 8
_AUTHENTICATED = "system:authenticated"


@dataclass(frozen=True)
class Subject:
    """Somebody, as the API server knows them once they are logged in."""

    title: str
    """As a line of the proof names them, e.g. `group ops`."""

    user: str
    groups: tuple[str, ...]

    @classmethod
    def of_account(cls, namespace: str, name: str) -> "Subject":
        """A service account. (Kubernetes docs: "Managing Service Accounts", on its user name and groups)"""
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", _AUTHENTICATED)
        return cls(f"service account {namespace}/{name}", f"system:serviceaccount:{namespace}:{name}", groups)

    @classmethod
    def of_user(cls, name: str) -> "Subject":
        """A user, or the service account that a user's name is of."""
        if name.startswith("system:serviceaccount:") and name.count(":") == 3:
            return cls.of_account(*name.split(":")[2:])
        everybody = "system:unauthenticated" if name == "system:anonymous" else _AUTHENTICATED
        return cls(f"user {name}", name, (everybody,))

    @classmethod
    def of_binding(cls, subject: Mapping[str, Any]) -> "Subject":
        """Somebody whom a binding names."""
        name = str(subject["name"])
        if subject["kind"] == "ServiceAccount":
            return cls.of_account(str(subject.get("namespace")), name)
        if subject["kind"] == "User":
            return cls.of_user(name)
        return cls(f"group {name}", "strongroom-verify", (name,))


@dataclass(frozen=True)
class _Review:
    """One question for the API server."""

    subject: Subject
    namespace: str
    way: Way
    verb: str

    def ask(self, cluster: ClusterReader) -> str:
        """Ask the API server; empty if it refuses, else what it allows, and why."""
        resource, _, part = self.way.resource.partition("/")
        attributes = {"namespace": self.namespace, "verb": self.verb, "group": self.way.group, "resource": resource}
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": self.subject.user,
                "groups": self.subject.groups,
                "resourceAttributes": attributes | ({"subresource": part} if part else {}),
            },
        }
        status = at(cluster.create("review of rights", _PATH, body), "status")
        if at(status, "allowed") is False:
            return ""
        where = f" in {self.namespace}" if self.namespace else ""
        why = at(status, "reason") or "it says no more"
        return f"{self.subject.title} may {self.verb} {self.way.resource}{where} ({why})"


def check_reviews(
    cluster: ClusterReader, namespaces: Sequence[str], own: Collection[Subject], named: Collection[Subject]
) -> Check:
    """Ask the API server whether it allows anybody what leads to a secret.

    An account that nobody knows is asked about in full, in each namespace of the stack: it has the groups that all
    accounts have. Requests without a login, other users, the stack's own accounts and those whom bindings name are
    asked about with the gravest of each right. (Kubernetes docs: "Authorization", on SubjectAccessReview)

    :param own: The stack's own accounts.
    :param named: Everybody else whom a binding names, save the parts of Kubernetes and those who are known.
    """
    reviews = [*_list_reviews(Sampler(namespaces).draw("namespaces", _MOST), own, named)]
    asked = (f"POST {_PATH}",)

    def ask(review: _Review) -> str:
        return review.ask(cluster)

    try:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            answers = list(pool.map(ask, reviews))
    except (NotAllowedError, AbsentError) as error:
        return Check(STACK, _WHAT, None, str(error), asked, "forbidden")
    found = sorted({answer for answer in answers if answer})
    return Check(STACK, _WHAT, not found, "; ".join(found) or f"{len(reviews)} refused", asked, f"{len(found)} allowed")


def _list_reviews(namespaces: Sequence[str], own: Collection[Subject], named: Collection[Subject]) -> Iterator[_Review]:
    nobody = f"strongroom-verify-{secrets.token_hex(6)}"
    anonymous, user = Subject.of_user("system:anonymous"), Subject.of_user(nobody)
    for namespace in ("", *namespaces):
        yield from _ask_all(Subject.of_account(namespace or nobody, nobody), namespace)
    for namespace in namespaces:
        for subject in (anonymous, user):
            yield from _ask_gravest(subject, namespace)
    pairs = {f"{subject.title} in {each}": (subject, each) for subject in (*named, *own) for each in namespaces}
    for pair in Sampler(pairs).draw("subjects", _MOST_NAMED):
        yield from _ask_gravest(*pairs[pair])


def _ask_all(subject: Subject, namespace: str) -> Iterator[_Review]:
    """List every question about the namespace; of what is in none, if it is empty."""
    for ways in RIGHTS.values():
        for way in ways:
            if way.is_global != bool(namespace):
                yield from (_Review(subject, namespace, way, verb) for verb in way.verbs)


def _ask_gravest(subject: Subject, namespace: str) -> Iterator[_Review]:
    """List one question for each right."""
    for way, *_ in RIGHTS.values():
        yield _Review(subject, "" if way.is_global else namespace, way, way.verbs[0])
