"""The proof: every workload reads what it declares, and is refused everything else."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from strongroom.policy.rules import Declared

from ..cluster.client import ClusterClient, ProviderClass, expired
from ..cluster.delivered import Delivered, delivered
from ..errors import OpsError, UnreachableError
from ..pulumi.stack import DeployedStack, DeployedWorkload
from ..store.base import DeniedError, Limit, NotTriedError, Promise, Session
from ..store.open import store_of
from ..store.sampler import Sampler
from .check import STACK, Check
from .deployment import Deployment
from .digests import Digests
from .inspection import Inspection

_ASIDE = "strongroom-verify"
"""An audience that nothing accepts."""

_DOORS = 3
"""How many neighbours' tokens each door is tried with, besides the following workload's."""

_PAUSES = (1.0, 3.0)
"""Seconds before a workload that was refused tries again: servers that didn't make a service account, or a role, know
of it a moment later. (Kubernetes docs: "Kubernetes API Concepts", "Efficient detection of changes")"""


class Verifier:
    """Tries, for every workload of a stack, what must work and what must be refused."""

    def __init__(
        self,
        stack: DeployedStack,
        signing_key: Path | None = None,
        *,
        resources: Collection[Declared] | None = None,
        as_operator: bool | None = None,
        administrators: Collection[str] = (),
        digests: Digests | None = None,
    ) -> None:
        """
        :param stack: The stack.
        :param signing_key: The cluster's service account signing key; without it, no expired token can be made.
        :param resources: What the stack's state holds: with it, servers are compared with what was deployed.
        :param as_operator: Whether the store's own settings are read too, with the caller's credentials. If omitted,
            they are read as far as these may.
        :param administrators: Who may reach the secrets besides, as a red line names them.
        :param digests: Those of the values that the stack wrote: with them, they are compared with the store's.
        :raises OpsError: The cluster's kubeconfig can't be used.
        """
        self._stack = stack
        self._cluster = ClusterClient(stack.kubernetes)
        self._store = store_of(stack, self._cluster)
        self._signing_key = signing_key
        self._deployment = None if resources is None else Deployment(stack, resources)
        self._as_operator = as_operator
        self._administrators = administrators
        self._digests = digests
        paths = [workload.path for workload in stack.workloads]
        self._by_path = dict(zip(paths, stack.workloads, strict=True))
        self._following = dict(zip(paths, (*paths[1:], *paths[:1]), strict=True))
        self._paths = Sampler(paths)

    def run(self, threads: int = 8) -> list[Check]:
        """Run all checks: each workload's in the order of the stack, then the stack's own.

        :param threads: How many workloads are checked at once.
        """
        with ThreadPoolExecutor(threads + 1) as pool:
            inspected = pool.submit(self._inspect)
            tried = [*pool.map(self._workload, self._stack.workloads)]
        inspected_of: dict[str, list[Check]] = {}
        for check in inspected.result():
            inspected_of.setdefault(check.workload, []).append(check)
        return [
            *(
                check
                for workload, checks in zip(self._stack.workloads, tried, strict=True)
                for check in (*checks, *inspected_of.get(workload.path, ()))
            ),
            *inspected_of.get(STACK, ()),
        ]

    def _inspect(self) -> list[Check]:
        if self._deployment is None:
            return []
        inspection = Inspection(self._stack, self._deployment, self._administrators, self._digests)
        return inspection.run(as_operator=self._as_operator)

    def _workload(self, workload: DeployedWorkload) -> list[Check]:
        checks: list[Check] = []
        try:
            checks.extend(self._checks(workload))
        except OpsError as error:
            checks.append(Check(workload.path, "is deployed", False, str(error)))
        return checks

    def _checks(self, workload: DeployedWorkload) -> Iterator[Check]:
        deployed = self._deployment and self._deployment.delivery(workload)
        found, checks = self._delivered(workload, deployed)
        yield from checks
        delivery = deployed or found
        if delivery is None:
            return
        provider_class, audience = delivery.provider_class, delivery.audience
        token = self._token(workload, audience)
        session: Session | None = None
        try:
            session = self._admitted(workload, provider_class, token)
            yield Check(workload.path, self._store.admission, True, session.name)
        except DeniedError as error:
            yield Check(workload.path, self._store.admission, False, str(error))
        except NotTriedError as error:
            yield Check(workload.path, self._store.admission, None, str(error))
        for promise in self._store.promises(provider_class):
            yield _read(workload, promise, session)
        if session is not None:
            yield from self._seen_from_within(workload, session)
            session.close()
        yield from self._strangers(workload, provider_class, audience, token)
        if session is not None:
            self._still_admitted(workload, provider_class, token)

    def _delivered(
        self, workload: DeployedWorkload, deployed: Delivered | None
    ) -> tuple[Delivered | None, Sequence[Check]]:
        """Find what the cluster has for a workload, and compare its files with those declared.

        :param deployed: What was deployed for it: with that, the rest of the proof needs nothing of the cluster's, and
            what somebody damaged there is one line of the workload.
        """
        try:
            found = delivered(self._cluster, self._stack, workload)
            promised = {promise.file for promise in self._store.promises(found.provider_class)}
        except OpsError as error:
            if isinstance(error, UnreachableError) or deployed is None:
                raise
            return None, [Check(workload.path, deployed.promise, False, str(error))]
        checks = [_promised(workload, found.promise, promised, found.declared)]
        if found.copies is not None:
            checks.append(_promised(workload, "its class copies them to its Secret", found.copies, found.declared))
        return found, checks

    def _seen_from_within(self, workload: DeployedWorkload, session: Session) -> Iterator[Check]:
        for limit in session.limits(workload):
            yield _refused(workload, limit)
        if self._deployment is not None:
            yield from session.inspect(workload, self._deployment, self._digests)

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
            self._store.admit(workload, provider_class, token).close()
        except DeniedError as error:
            raise UnreachableError(
                f"meanwhile {self._store.door} was closed to the workload too ({error}): what was refused above may "
                "have been refused for that; see that the store reaches the cluster, and run again"
            ) from None

    def _token(self, workload: DeployedWorkload, audience: str) -> str:
        return self._cluster.token(workload.namespace, workload.service_account, audience) if audience else ""

    def _strangers(
        self, workload: DeployedWorkload, provider_class: ProviderClass, audience: str, token: str
    ) -> Iterator[Check]:
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
        """Choose whose tokens are tried at a workload's door: everybody's in a small stack, a few in a large one.

        Whom a door admits beside those, the comparison of its role, or of its credentials, with what was deployed
        says: the whole stays linear in the workloads.
        """
        following = self._following[workload.path]
        drawn = self._paths.draw(workload.path, _DOORS, without={workload.path, following})
        return [self._by_path[path] for path in sorted({following, *drawn} - {workload.path})]


def _promised(workload: DeployedWorkload, what: str, promised: Set[str], declared: Set[str]) -> Check:
    if promised == declared:
        return Check(workload.path, what, True, ", ".join(sorted(promised)))
    missing = ", ".join(sorted(declared - promised)) or "none"
    surplus = ", ".join(sorted(promised - declared)) or "none"
    return Check(workload.path, what, False, f"missing: {missing}; surplus: {surplus}")


def _read(workload: DeployedWorkload, promise: Promise, session: Session | None) -> Check:
    what = f"reads {promise.file}"
    if session is None:
        return Check(workload.path, what, None, "its login failed, see above")
    try:
        promise.read(session)
    except UnreachableError:
        raise
    except (DeniedError, OpsError) as error:
        return Check(workload.path, what, False, f"{promise.place}: {error}")
    return Check(workload.path, what, True, promise.place, (f"read {promise.place}",), "read, and dropped")


def _refused(workload: DeployedWorkload, limit: Limit) -> Check:
    if limit.reason is not None:
        return Check(workload.path, limit.what, None, limit.reason)
    asked = tuple(limit.attempts)
    if not asked:
        return Check(workload.path, limit.what, False, "nothing was tried")
    for name, attempt in limit.attempts.items():
        try:
            attempt()
        except DeniedError:
            continue
        except NotTriedError as error:
            return Check(workload.path, limit.what, None, str(error), asked)
        except UnreachableError:
            raise
        except OpsError as error:
            return Check(workload.path, limit.what, False, f"{name}: {error}", asked, "no refusal")
        return Check(workload.path, limit.what, False, f"{name}: allowed", asked, f"{name}: allowed")
    return Check(workload.path, limit.what, True, f"{len(asked)} refused", asked, "refused, each of them")
