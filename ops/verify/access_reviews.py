"""Access reviews: the API server's own decisions about foreign principals, whichever its authorizers are."""

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
"""How many namespaces are reviewed: the run stays bounded."""

_MOST_NAMED = 32
"""About how many of the stack's own accounts and of bindings' subjects are reviewed, each in one namespace of these."""

_AT_ONCE = 8
_AUTHENTICATED = "system:authenticated"


@dataclass(frozen=True)
class Subject:
    """A subject, as the API server knows it after login."""

    title: str
    """The name in checks, e.g. `group ops`."""

    user: str
    groups: tuple[str, ...]

    @classmethod
    def of_account(cls, namespace: str, name: str) -> "Subject":
        """Build the subject of a service account.

        (Kubernetes docs: "Managing Service Accounts", on its user name and groups)
        """
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", _AUTHENTICATED)
        return cls(f"service account {namespace}/{name}", f"system:serviceaccount:{namespace}:{name}", groups)

    @classmethod
    def of_user(cls, name: str) -> "Subject":
        """Build the subject of a user, or of a service account if the user's name is one's."""
        if name.startswith("system:serviceaccount:") and name.count(":") == 3:
            return cls.of_account(*name.split(":")[2:])
        everybody = "system:unauthenticated" if name == "system:anonymous" else _AUTHENTICATED
        return cls(f"user {name}", name, (everybody,))

    @classmethod
    def of_binding(cls, subject: Mapping[str, Any]) -> "Subject":
        """Build a subject of a binding."""
        name = str(subject["name"])
        if subject["kind"] == "ServiceAccount":
            return cls.of_account(str(subject.get("namespace")), name)
        if subject["kind"] == "User":
            return cls.of_user(name)
        return cls(f"group {name}", "strongroom-verify", (name,))


@dataclass(frozen=True)
class _Review:
    """One access review."""

    subject: Subject
    namespace: str
    way: Way
    verb: str

    def ask(self, cluster: ClusterReader) -> str:
        """Run the review; return what it allows and why, or an empty text if it refuses."""
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
        why = at(status, "reason") or "no reason given"
        return f"{self.subject.title} may {self.verb} {self.way.resource}{where} ({why})"


def check_reviews(
    cluster: ClusterReader, namespaces: Sequence[str], own: Collection[Subject], named: Collection[Subject]
) -> Check:
    """Review whether the API server allows any subject what leads to a secret.

    An unknown account is reviewed in full, in each namespace of the stack: it has the groups that all accounts have.
    Requests without a login, other users, the stack's own accounts and bindings' subjects are reviewed for the gravest
    verb of each right. (Kubernetes docs: "Authorization", on SubjectAccessReview)

    :param own: The stack's own accounts.
    :param named: All other subjects of bindings, except the parts of Kubernetes and the administrators.
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
        yield from _list_all_reviews(Subject.of_account(namespace or nobody, nobody), namespace)
    for namespace in namespaces:
        for subject in (anonymous, user):
            yield from _list_gravest_reviews(subject, namespace)
    pairs = {f"{subject.title} in {each}": (subject, each) for subject in (*named, *own) for each in namespaces}
    for pair in Sampler(pairs).draw("subjects", _MOST_NAMED):
        yield from _list_gravest_reviews(*pairs[pair])


def _list_all_reviews(subject: Subject, namespace: str) -> Iterator[_Review]:
    """List every review of a namespace; if it is empty, of resources without one."""
    for ways in RIGHTS.values():
        for way in ways:
            if way.is_global != bool(namespace):
                yield from (_Review(subject, namespace, way, verb) for verb in way.verbs)


def _list_gravest_reviews(subject: Subject, namespace: str) -> Iterator[_Review]:
    """List one review for each right."""
    for way, *_ in RIGHTS.values():
        yield _Review(subject, "" if way.is_global else namespace, way, way.verbs[0])
