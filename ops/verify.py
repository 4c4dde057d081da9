"""The proof: every workload reads what it declares, and is refused everything else."""

import time
from collections.abc import Callable, Iterator, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .cluster import ClusterClient, ProviderClass, expired
from .deliveries import Delivered, delivered
from .errors import OpsError, UnreachableError
from .stack import DeployedStack, DeployedWorkload
from .stores import DeniedError, Limit, NotTriedError, Promise, Session, store_of

_ASIDE = "strongroom-verify"
"""An audience that nothing accepts."""

_PAUSES = (1.0, 3.0)
"""Seconds before a workload that was refused tries again: servers that didn't make a service account, or a role, know
of it a moment later. (Kubernetes docs: "Kubernetes API Concepts", "Efficient detection of changes")"""


@dataclass(frozen=True)
class Check:
    """One thing that was tried."""

    workload: str
    """`namespace/name`."""

    what: str
    """What was tried, and whether it must work or be refused."""

    passed: bool | None
    """Whether it went as it must; `None` where it could not be tried here."""

    detail: str
    """What was seen; never a value."""


class Verifier:
    """Tries, for every workload of a stack, what must work and what must be refused."""

    def __init__(self, stack: DeployedStack, signing_key: Path | None = None) -> None:
        """
        :param stack: The stack.
        :param signing_key: The cluster's service account signing key; without it, no expired token can be made.
        :raises OpsError: The cluster's kubeconfig can't be used.
        """
        self._stack = stack
        self._cluster = ClusterClient(stack.kubernetes)
        self._store = store_of(stack, self._cluster)
        self._signing_key = signing_key
        everyone = stack.workloads
        self._following = dict(zip((each.path for each in everyone), (*everyone[1:], *everyone[:1]), strict=True))

    def run(self, threads: int = 8) -> list[Check]:
        """All checks, in the order of the stack's workloads.

        :param threads: How many workloads are checked at once.
        """
        with ThreadPoolExecutor(threads) as pool:
            return [check for checks in pool.map(self._workload, self._stack.workloads) for check in checks]

    def _workload(self, workload: DeployedWorkload) -> list[Check]:
        checks: list[Check] = []
        try:
            checks.extend(self._checks(workload))
        except OpsError as error:
            checks.append(Check(workload.path, "is deployed", False, str(error)))
        return checks

    def _checks(self, workload: DeployedWorkload) -> Iterator[Check]:
        delivery = delivered(self._cluster, self._stack, workload)
        provider_class = delivery.provider_class
        promises = self._store.promises(provider_class)
        promised = {promise.file for promise in promises}
        yield _promised(workload, delivery.promise, promised, delivery.declared)
        if delivery.copies is not None:
            yield _promised(workload, "its class copies them to its Secret", delivery.copies, delivery.declared)
        token = self._token(workload, delivery.audience)
        session: Session | None = None
        try:
            session = self._admitted(workload, provider_class, token)
            yield Check(workload.path, self._store.admission, True, session.name)
        except DeniedError as error:
            yield Check(workload.path, self._store.admission, False, str(error))
        except NotTriedError as error:
            yield Check(workload.path, self._store.admission, None, str(error))
        for promise in promises:
            yield _read(workload, promise, session)
        if session is not None:
            for limit in session.limits(workload):
                yield _refused(workload, limit)
        yield from self._strangers(workload, delivery, token)
        if session is not None:
            self._still_admitted(workload, provider_class, token)

    def _admitted(self, workload: DeployedWorkload, provider_class: ProviderClass, token: str) -> Session:
        for pause in _PAUSES:
            try:
                return self._store.admit(workload, provider_class, token)
            except DeniedError:
                time.sleep(pause)
        return self._store.admit(workload, provider_class, token)

    def _still_admitted(self, workload: DeployedWorkload, provider_class: ProviderClass, token: str) -> None:
        """Make sure that the store refuses strangers for what they are: Vault refuses all if its cluster is away.

        :raises UnreachableError: It refuses the workload too by now.
        """
        try:
            self._store.admit(workload, provider_class, token)
        except DeniedError as error:
            raise UnreachableError(
                f"meanwhile {self._store.door} was closed to the workload too ({error}): what was refused above may "
                "have been refused for that; see that the store reaches the cluster, and run again"
            ) from None

    def _token(self, workload: DeployedWorkload, audience: str) -> str:
        return self._cluster.token(workload.namespace, workload.service_account, audience) if audience else ""

    def _strangers(self, workload: DeployedWorkload, delivery: Delivered, token: str) -> Iterator[Check]:
        provider_class, audience = delivery.provider_class, delivery.audience
        if not audience:
            return

        def of(namespace: str, account: str, whose: str = audience) -> Callable[[], object]:
            return lambda: self._store.admit(workload, provider_class, self._cluster.token(namespace, account, whose))

        tokens = {
            "another audience": of(workload.namespace, workload.service_account, _ASIDE),
            "the namespace's default service account": of(workload.namespace, "default"),
        }
        for whose, attempt in tokens.items():
            yield _refused(workload, Limit(f"{self._store.door} is closed to {whose}", {"login": attempt}))
        for other in self._neighbours(workload):
            what = f"{self._store.door} is closed to the service account of {other.path}"
            attempt = of(other.namespace, other.service_account)
            yield _refused(workload, Limit(what, {"login": attempt}, self._store.shared))
        what = f"{self._store.door} is closed to an expired token"
        if self._signing_key is None:
            yield Check(workload.path, what, None, "needs the cluster's signing key")
        else:
            old = expired(token, self._signing_key)
            yield _refused(workload, Limit(what, {"login": lambda: self._store.admit(workload, provider_class, old)}))

    def _neighbours(self, workload: DeployedWorkload) -> list[DeployedWorkload]:
        following = self._following[workload.path]
        return [following] if following is not workload else []


def _promised(workload: DeployedWorkload, what: str, promised: Set[str], declared: Set[str]) -> Check:
    if promised == declared:
        return Check(workload.path, what, True, ", ".join(sorted(promised)))
    missing = ", ".join(sorted(declared - promised)) or "none"
    surplus = ", ".join(sorted(promised - declared)) or "none"
    return Check(workload.path, what, False, f"missing: {missing}; surplus: {surplus}")


def _read(workload: DeployedWorkload, promise: Promise, session: Session | None) -> Check:
    what = f"reads {promise.file}"
    if session is None:
        return Check(workload.path, what, None, "it was not let in, see above")
    try:
        promise.read(session)
    except UnreachableError:
        raise
    except (DeniedError, OpsError) as error:
        return Check(workload.path, what, False, f"{promise.place}: {error}")
    return Check(workload.path, what, True, promise.place)


def _refused(workload: DeployedWorkload, limit: Limit) -> Check:
    if limit.reason is not None:
        return Check(workload.path, limit.what, None, limit.reason)
    for name, attempt in limit.attempts.items():
        try:
            attempt()
        except DeniedError:
            continue
        except NotTriedError as error:
            return Check(workload.path, limit.what, None, str(error))
        except UnreachableError:
            raise
        except OpsError as error:
            return Check(workload.path, limit.what, False, f"{name}: {error}")
        return Check(workload.path, limit.what, False, f"{name}: allowed")
    return Check(workload.path, limit.what, True, f"{len(limit.attempts)} refused")
