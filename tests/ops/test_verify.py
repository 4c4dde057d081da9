"""What is taken for a refusal, and what isn't."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import jwt
import pytest

from sandbox.certificates import Authority
from strongroom.ops.cluster.client import ProviderClass
from strongroom.ops.cluster.delivery import Delivery
from strongroom.ops.errors import OpsError, UnreachableError
from strongroom.ops.pulumi.stack import DeployedStack
from strongroom.ops.store.base import DeniedCheck, DeniedError, ExpectedFile, MissingError
from strongroom.ops.verify import Check, Verifier
from strongroom.ops.verify import verifier as module

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
(ORDERS,) = STACK.workloads
LEDGER = ORDERS.model_copy(update={"name": "ledger", "namespace": "bank", "service_account": "ledger"})
CLASS = ProviderClass("vault", {})

Answers = Mapping[str, Sequence[Exception | None]]
"""What is answered to each token, time after time; the last for ever."""


class Store:
    """Accepts whom a test names."""

    login_title, login_by, shared, name = "logs in", "its role", None, "orders"

    def __init__(self, logins: Answers, limits: Mapping[str, Exception | None]) -> None:
        self._logins = {token: iter([*answers, *[answers[-1]] * 99]) for token, answers in logins.items()}
        self._limits = limits
        self.tried: list[tuple[str, str]] = []
        """Each workload as which somebody wanted to be let in, and with what token."""

    def list_expected_files(self, provider_class: ProviderClass) -> list[ExpectedFile]:
        return [ExpectedFile("file", "place", lambda session: None)]

    def log_in(self, workload: Any, provider_class: ProviderClass, token: str) -> "Store":
        self.tried.append((workload.path, token))
        if error := next(self._logins.get(token, iter([DeniedError("foreign")]))):
            raise error
        return self

    def close(self) -> None:
        pass

    def inspect(self, workload: Any, deployment: Any) -> list[Check]:
        return []

    def list_denied_checks(self, workload: Any) -> list[DeniedCheck]:
        return [DeniedCheck(what, {"it": lambda error=error: _say(error)}) for what, error in self._limits.items()]


def _say(error: Exception | None) -> None:
    if error:
        raise error


class Cluster:
    """Gives tokens that say whose they are."""

    def request_token(self, namespace: str, account: str, audience: str) -> str:
        return f"{account} for {audience}"


Verify = Callable[..., list[Check]]


@pytest.fixture
def verify(monkeypatch: pytest.MonkeyPatch) -> Iterator[Verify]:
    """Verify the stack on a store with these answers."""
    delivery = Delivery(CLASS, "vault", "promises", frozenset({"file"}))
    monkeypatch.setattr(module, "_PAUSES", (0, 0))
    monkeypatch.setattr(module, "ClusterClient", lambda cluster: Cluster())
    monkeypatch.setattr(module, "read_delivery", lambda *given: delivery)

    def run(own: Sequence[Exception | None] = (None,), **limits: Exception | None) -> list[Check]:
        monkeypatch.setattr(module, "open_store", lambda *given: Store({"orders for vault": own}, limits))
        return Verifier(STACK).run()

    yield run


def test_a_refusal_is_one(verify: Verify) -> None:
    checks = {check.what: check.passed for check in verify(listing=DeniedError("no"))}

    assert checks["listing"] is True
    assert checks["its role refuses a token for another audience"] is True
    assert "is deployed" not in checks


def test_what_is_allowed_is_reported(verify: Verify) -> None:
    checks = {check.what: check.passed for check in verify(listing=None)}

    assert checks["listing"] is False


def test_a_revoked_workload_must_be_refused_and_nothing_else_is_tried(
    verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    revoked = STACK.model_copy(update={"workloads": (ORDERS.model_copy(update={"revoked": True}),)})
    monkeypatch.setattr(sys.modules[__name__], "STACK", revoked)
    what = "is revoked, and reads nothing"

    assert [(check.what, check.passed) for check in verify([DeniedError("no")])] == [(what, True)]
    assert [(check.what, check.passed) for check in verify([None])] == [(what, False)]


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
    assert "refuses the workload now, too (permission denied)" in last.detail


def test_each_stranger_comes_with_its_own_token(verify: Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    verify()
    store = Store({"orders for vault": [None]}, {})
    monkeypatch.setattr(module, "open_store", lambda *given: store)
    checks = Verifier(STACK.model_copy(update={"workloads": (ORDERS, LEDGER)})).run()

    assert {token for workload, token in store.tried if workload == ORDERS.path} == {
        "orders for vault",
        "orders for strongroom-verify",
        "default for vault",
        "ledger for vault",
    }
    refused = {check.what for check in checks if check.workload == ORDERS.path and " refuses " in check.what}
    assert refused == {
        "its role refuses a token for another audience",
        "its role refuses the namespace's default service account",
        "its role refuses the service account of bank/ledger",
        "its role refuses an expired token",
    }


def test_a_neighbour_on_the_same_account_is_reported_and_not_refused(
    verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify()
    monkeypatch.setattr(module, "open_store", lambda *given: Store({"orders for vault": [None]}, {}))
    crowd = [ORDERS.model_copy(update={"name": f"w{n}", "service_account": f"w{n}"}) for n in range(9)]
    beside = ORDERS.model_copy(update={"name": "beside"})
    checks = Verifier(STACK.model_copy(update={"workloads": (ORDERS, *crowd, beside)})).run()
    found = {check.what: check for check in checks if check.workload == ORDERS.path}

    check = found["its role refuses the service account of shop/beside"]
    assert check.passed is None
    assert check.detail == "both run as shop/orders: each can read what the other declares"


class Reviewed(Store):
    """Allow those whose token the cluster has signed for it, and forgets to look when it ends unless it is `strict`."""

    def __init__(self, public: str, strict: bool) -> None:
        super().__init__({}, {})
        self._public, self._strict = public, strict

    def log_in(self, workload: Any, provider_class: ProviderClass, token: str) -> "Store":
        try:
            reported = jwt.decode(token, self._public, ["RS256"], {"verify_exp": self._strict}, audience="vault")
        except jwt.InvalidTokenError as error:
            raise DeniedError(str(error)) from None
        if reported["sub"] != "shop/orders":
            raise DeniedError("foreign")
        return self


@pytest.mark.parametrize("strict", [True, False])
def test_an_expired_token_is_the_workloads_own_past_its_end(
    verify: Verify, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, strict: bool
) -> None:
    private, public = Authority(tmp_path).signing_key("service-account")

    class Signing(Cluster):
        def request_token(self, namespace: str, account: str, audience: str) -> str:
            claims = {"aud": [audience], "sub": f"{namespace}/{account}", "exp": int(time.time()) + 600}
            return jwt.encode(claims, private.read_text(), algorithm="RS256", headers={"kid": "key-1"})

    verify()
    monkeypatch.setattr(module, "ClusterClient", lambda cluster: Signing())
    monkeypatch.setattr(module, "open_store", lambda *given: Reviewed(public.read_text(), strict))
    checks = {check.what: check.passed for check in Verifier(STACK, private).run()}

    assert checks["its role refuses a token for another audience"] is True
    assert checks["its role refuses an expired token"] is strict


def test_without_the_clusters_key_an_expired_token_is_not_tried(verify: Verify) -> None:
    checks = {check.what: check for check in verify()}

    assert checks["its role refuses an expired token"].passed is None


def test_every_attempt_must_be_refused_and_not_the_first_alone() -> None:
    attempts = {"a": lambda: _say(DeniedError("no")), "b": lambda: _say(None)}
    check = module._try_denied(ORDERS, DeniedCheck("others' objects", attempts))

    assert (check.passed, check.detail) == (False, "b: allowed")


def test_nothing_tried_is_a_failure() -> None:
    assert module._try_denied(ORDERS, DeniedCheck("others' objects", {})).passed is False


def test_an_error_is_no_refusal(verify: Verify) -> None:
    checks = {check.what: check for check in verify(listing=OpsError("the store is broken"))}

    assert (checks["listing"].passed, checks["listing"].detail) == (False, "it: the store is broken")


def test_what_a_workload_that_is_not_let_in_would_read_is_not_tried(verify: Verify) -> None:
    checks = {check.what: check.passed for check in verify(own=[DeniedError("no")])}

    assert checks["logs in"] is False
    assert checks["reads file"] is None


def test_a_read_that_is_refused_is_reported() -> None:
    def refuse(session: object) -> None:
        raise DeniedError("no")

    check = module._try_read(ORDERS, ExpectedFile("file", "place", refuse), Store({}, {}))

    assert (check.passed, check.detail) == (False, "place: no")


@pytest.mark.parametrize(
    ("part", "optional", "passed"), [("key", True, None), ("key", False, False), ("object", True, False)]
)
def test_a_missing_key_is_skipped_where_it_is_optional(
    part: Literal["object", "key"], optional: bool, passed: bool | None
) -> None:
    def lack(session: object) -> None:
        raise MissingError("there is none", part)

    session: Any = Store({}, {})
    check = module._try_read(ORDERS, ExpectedFile("file", "place", lack, optional=optional), session)

    assert check.passed is passed


def test_a_class_must_promise_what_is_declared_and_no_more() -> None:
    def compared(*files: str) -> Check:
        return module._compare_files(ORDERS, "its SecretProviderClass has its files", {*files}, {"a", "b"})

    assert compared("b", "a").passed is True
    assert (compared("a").passed, compared("a").detail) == (False, "missing: b; surplus: none")
    assert (compared("a", "b", "c").passed, compared("a", "b", "c").detail) == (False, "missing: none; surplus: c")
