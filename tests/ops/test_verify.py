"""What is taken for a refusal, and what isn't."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from ops import verify as module
from ops.cluster import ProviderClass
from ops.deliveries import Delivered
from ops.errors import UnreachableError
from ops.stack import DeployedStack
from ops.stores import DeniedError, Limit, Promise
from ops.verify import Check, Verifier

STACK = DeployedStack.model_validate(
    {
        "backend": {"kind": "vault", "address": "https://v", "mount": "m", "authPath": "a", "audience": "vault"},
        "kubernetes": {},
        "workloads": [
            {
                "name": "orders",
                "namespace": "shop",
                "serviceAccount": "orders",
                "secretProviderClass": "orders",
                "identity": {},
                "objects": [{"name": "file", "object": "o"}],
            }
        ],
    }
)
CLASS = ProviderClass("vault", {})

Answers = Mapping[str, Sequence[Exception | None]]
"""What is answered to each token, time after time; the last for ever."""


class Store:
    """Lets in whom it is told to."""

    admission, door, shared, name = "logs in", "its door", None, "orders"

    def __init__(self, logins: Answers, limits: Mapping[str, Exception | None]) -> None:
        self._logins = {token: iter([*answers, *[answers[-1]] * 99]) for token, answers in logins.items()}
        self._limits = limits

    def promises(self, provider_class: ProviderClass) -> list[Promise]:
        return [Promise("file", "place", lambda session: None)]

    def admit(self, workload: Any, provider_class: ProviderClass, token: str) -> "Store":
        if error := next(self._logins.get(token, iter([DeniedError("a stranger")]))):
            raise error
        return self

    def limits(self, workload: Any) -> list[Limit]:
        return [Limit(what, {"it": lambda error=error: _say(error)}) for what, error in self._limits.items()]


def _say(error: Exception | None) -> None:
    if error:
        raise error


class Cluster:
    """Gives tokens that say whose they are."""

    def token(self, namespace: str, account: str, audience: str) -> str:
        return f"{account} for {audience}"


Verify = Callable[..., list[Check]]


@pytest.fixture
def verify(monkeypatch: pytest.MonkeyPatch) -> Iterator[Verify]:
    """Verify the stack on a store with these answers."""
    delivery = Delivered(CLASS, "vault", "promises", frozenset({"file"}))
    monkeypatch.setattr(module, "_PAUSES", (0, 0))
    monkeypatch.setattr(module, "ClusterClient", lambda cluster: Cluster())
    monkeypatch.setattr(module, "delivered", lambda *given: delivery)

    def run(own: Sequence[Exception | None] = (None,), **limits: Exception | None) -> list[Check]:
        monkeypatch.setattr(module, "store_of", lambda *given: Store({"orders for vault": own}, limits))
        return Verifier(STACK).run()

    yield run


def test_a_refusal_is_one(verify: Verify) -> None:
    checks = {check.what: check.passed for check in verify(listing=DeniedError("no"))}

    assert checks["listing"] is True
    assert checks["its door is closed to another audience"] is True
    assert "is deployed" not in checks


def test_what_is_allowed_is_told(verify: Verify) -> None:
    checks = {check.what: check.passed for check in verify(listing=None)}

    assert checks["listing"] is False


def test_a_store_that_goes_away_ends_the_checks_of_a_workload(verify: Verify) -> None:
    *_, read, last = verify(listing=UnreachableError("the store is away"))

    assert read.what == "reads file"
    assert (last.what, last.passed, last.detail) == ("is deployed", False, "the store is away")


def test_a_workload_that_is_let_in_a_moment_late_is_let_in(verify: Verify) -> None:
    late = [DeniedError("permission denied")] * 2

    assert False not in {check.passed for check in verify(own=[*late, None], listing=DeniedError("no"))}
    assert {check.what: check.detail for check in verify(own=[*late, *late])}["logs in"] == "permission denied"


def test_strangers_are_refused_only_where_the_workload_is_still_let_in(verify: Verify) -> None:
    last = verify(own=[None, DeniedError("permission denied")])[-1]

    assert (last.what, last.passed) == ("is deployed", False)
    assert "was closed to the workload too (permission denied)" in last.detail
