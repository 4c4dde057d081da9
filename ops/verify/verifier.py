"""The verification: every workload reads what it declares, and is refused everything else."""

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from strongroom.policy.rules import Declared

from ..cluster.client import ClusterClient, ProviderClass, forge_expired_token
from ..cluster.delivery import Delivery, read_delivery, request_login_token
from ..errors import AbsentError, OpsError, UnreachableError
from ..pulumi.stack import DeployedStack, DeployedWorkload
from ..store.base import DeniedCheck, DeniedError, ExpectedFile, NotTriedError, Session, build_reads
from ..store.open import open_store
from ..store.sampler import Sampler
from .check import STACK, Check
from .deployment import Deployment
from .digests import Digests
from .inspection import Inspection
from .pod_checks import PodChecks

_OTHER_AUDIENCE = "strongroom-verify"
"""An audience that nothing accepts."""

_NEIGHBOURS = 3
"""How many neighbours' tokens each login is tried with, besides the following workload's."""

_PAUSES = (1.0, 3.0)
"""Seconds before a refused login is repeated: a server learns of a service account, or a role, that another server made
a moment later. (Kubernetes docs: "Kubernetes API Concepts", "Efficient detection of changes")"""


class Verifier:
    """A verification of every workload of a stack: what must work, and what must be refused."""

    def __init__(
        self,
        stack: DeployedStack,
        signing_key: Path | None = None,
        *,
        resources: Collection[Declared] | None = None,
        as_operator: bool | None = None,
        administrators: Collection[str] = (),
        digests: Digests | None = None,
        pods: PodChecks | None = None,
    ) -> None:
        """Make the clients; nothing is asked yet.

        :param stack: The stack.
        :param signing_key: The cluster's service account signing key; if omitted, no expired token can be made.
        :param resources: The stack's state; if omitted, servers are not compared with what was deployed.
        :param as_operator: Whether the store's own settings are read too, with the caller's credentials; if omitted,
            as far as these allow.
        :param administrators: Other principals that may read the secrets, named as in a failed check.
        :param digests: Digests of the values that the stack wrote; if omitted, values are not compared.
        :param pods: Checks of pods from within; if omitted, pods are not looked at.
        :raises OpsError: The cluster's kubeconfig can't be used.
        """
        self._stack = stack
        self._cluster = ClusterClient(stack.kubernetes)
        self._store = open_store(stack, self._cluster)
        self._signing_key = signing_key
        self._deployment = None if resources is None else Deployment(stack, resources)
        self._as_operator = as_operator
        self._administrators = administrators
        self._digests = digests
        self._pods = pods
        paths = [workload.path for workload in stack.workloads]
        self._by_path = dict(zip(paths, stack.workloads, strict=True))
        self._following = dict(zip(paths, (*paths[1:], *paths[:1]), strict=True))
        self._paths = Sampler(paths)
        self._sharing: dict[str, set[str]] = defaultdict(set)
        for workload in stack.workloads:
            self._sharing[workload.account].add(workload.path)

    def run(self, threads: int = 8) -> list[Check]:
        """Run all checks: each workload's in the order of the stack, then the stack's own.

        :param threads: How many workloads are checked at once.
        """
        with ThreadPoolExecutor(threads + 1) as pool:
            inspected = pool.submit(self._inspect)
            tried = [*pool.map(self._run_workload, self._stack.workloads)]
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

    def _run_workload(self, workload: DeployedWorkload) -> list[Check]:
        checks: list[Check] = []
        try:
            checks.extend(self._check_revoked(workload) if workload.revoked else self._list_checks(workload))
        except OpsError as error:
            checks.append(Check(workload.path, "is deployed", False, str(error)))
        return checks

    def _list_checks(self, workload: DeployedWorkload) -> Iterator[Check]:
        deployed = self._deployment and self._deployment.find_delivery(workload)
        found, checks = self._find_delivery(workload, deployed)
        yield from checks
        delivery = deployed or found
        if delivery is None:
            return
        provider_class, audience = delivery.provider_class, delivery.audience
        token = request_login_token(self._cluster, workload, audience)
        session: Session | None = None
        try:
            session = self._log_in(workload, provider_class, token)
            yield Check(workload.path, self._store.login_title, True, session.name)
        except DeniedError as error:
            yield Check(workload.path, self._store.login_title, False, str(error))
        except NotTriedError as error:
            yield Check(workload.path, self._store.login_title, None, str(error))
        files = self._store.list_expected_files(provider_class)
        for file in files:
            yield _try_read(workload, file, session)
        if self._pods is not None:
            yield from self._pods.run(workload, found or delivery, files, session)
        if session is not None:
            yield from self._check_session(workload, session)
            session.close()
        yield from self._check_other_tokens(workload, provider_class, audience, token)
        if session is not None:
            self._check_login_again(workload, provider_class, token)

    def _check_revoked(self, workload: DeployedWorkload) -> Iterator[Check]:
        deployed = self._deployment and self._deployment.find_delivery(workload)
        what = "is revoked, and reads nothing"
        try:
            delivery = deployed or read_delivery(self._cluster, self._stack, workload)
        except AbsentError as error:
            yield Check(workload.path, what, None, str(error))
            return
        token = request_login_token(self._cluster, workload, delivery.audience)
        yield _try_denied(
            workload, DeniedCheck(what, build_reads(self._store, workload, delivery.provider_class, token))
        )

    def _find_delivery(
        self, workload: DeployedWorkload, deployed: Delivery | None
    ) -> tuple[Delivery | None, Sequence[Check]]:
        """Find a workload's delivery in the cluster, and compare its files with those declared.

        :param deployed: The delivery as deployed: with it, the other checks need nothing of the cluster's, and what
            was damaged there is one failed check of the workload.
        """
        try:
            found = read_delivery(self._cluster, self._stack, workload)
            files = {each.file for each in self._store.list_expected_files(found.provider_class)}
        except OpsError as error:
            if isinstance(error, UnreachableError) or deployed is None:
                raise
            return None, [Check(workload.path, deployed.title, False, str(error))]
        checks = [_compare_files(workload, found.title, files, found.declared)]
        if found.copies is not None:
            checks.append(
                _compare_files(
                    workload, "its SecretProviderClass copies them to its Secret", found.copies, found.declared
                )
            )
        return found, checks

    def _check_session(self, workload: DeployedWorkload, session: Session) -> Iterator[Check]:
        for denied in session.list_denied_checks(workload):
            yield _try_denied(workload, denied)
        if self._deployment is not None:
            yield from session.inspect(workload, self._deployment, self._digests)

    def _log_in(self, workload: DeployedWorkload, provider_class: ProviderClass, token: str) -> Session:
        for pause in _PAUSES:
            try:
                return self._store.log_in(workload, provider_class, token)
            except DeniedError:
                time.sleep(pause)
        return self._store.log_in(workload, provider_class, token)

    def _check_login_again(self, workload: DeployedWorkload, provider_class: ProviderClass, token: str) -> None:
        """Check that the refusals above were meant: Vault refuses every login if it can't reach its cluster.

        :raises UnreachableError: The store refuses the workload now, too.
        """
        try:
            self._store.log_in(workload, provider_class, token).close()
        except DeniedError as error:
            raise UnreachableError(
                f"{self._store.login_by} refuses the workload now, too ({error}), so what was refused above may have "
                "been refused for the same reason. Check that the store reaches the cluster, and run again"
            ) from None

    def _check_other_tokens(
        self, workload: DeployedWorkload, provider_class: ProviderClass, audience: str, token: str
    ) -> Iterator[Check]:
        if not audience:
            return

        def log_in_as(namespace: str, account: str, whose: str = audience) -> Callable[[], object]:
            return lambda: self._store.log_in(
                workload, provider_class, self._cluster.request_token(namespace, account, whose)
            )

        tokens = {
            "a token for another audience": log_in_as(workload.namespace, workload.service_account, _OTHER_AUDIENCE),
            "the namespace's default service account": log_in_as(workload.namespace, "default"),
        }
        for whose, attempt in tokens.items():
            yield _try_denied(workload, DeniedCheck(f"{self._store.login_by} refuses {whose}", {"login": attempt}))
        for other in self._choose_neighbours(workload):
            what = f"{self._store.login_by} refuses the service account of {other.path}"
            attempt = log_in_as(other.namespace, other.service_account)
            reason = self._store.shared
            if other.account == workload.account:
                reason = f"both run as {workload.account}: each can read what the other declares"
            yield _try_denied(workload, DeniedCheck(what, {"login": attempt}, reason))
        what = f"{self._store.login_by} refuses an expired token"
        if self._signing_key is None:
            yield Check(workload.path, what, None, "--signing-key must name the cluster's signing key")
        else:
            old = forge_expired_token(token, self._signing_key)
            yield _try_denied(
                workload, DeniedCheck(what, {"login": lambda: self._store.log_in(workload, provider_class, old)})
            )

    def _choose_neighbours(self, workload: DeployedWorkload) -> list[DeployedWorkload]:
        """Choose whose tokens are tried for a workload's login: all in a small stack, a few in a large one.

        Those that run as the same account are among them.

        Other accounts that can log in are found by the comparison of the role, or of the credentials, with what was
        deployed: the run stays linear in the workloads.
        """
        following = self._following[workload.path]
        drawn = self._paths.draw(workload.path, _NEIGHBOURS, without={workload.path, following})
        chosen = {following, *drawn, *self._sharing[workload.account]}
        return [self._by_path[path] for path in sorted(chosen - {workload.path})]


def _compare_files(workload: DeployedWorkload, what: str, found: Set[str], declared: Set[str]) -> Check:
    if found == declared:
        return Check(workload.path, what, True, ", ".join(sorted(found)))
    missing = ", ".join(sorted(declared - found)) or "none"
    surplus = ", ".join(sorted(found - declared)) or "none"
    return Check(workload.path, what, False, f"missing: {missing}; surplus: {surplus}")


def _try_read(workload: DeployedWorkload, file: ExpectedFile, session: Session | None) -> Check:
    what = f"reads {file.file}"
    if session is None:
        return Check(workload.path, what, None, "its login failed: see above")
    try:
        file.read(session)
    except UnreachableError:
        raise
    except (DeniedError, OpsError) as error:
        if file.may_lack(error):
            return Check(workload.path, what, None, f"{file.place}: {error}, and it is optional: the file is empty")
        return Check(workload.path, what, False, f"{file.place}: {error}")
    return Check(workload.path, what, True, file.place, (f"read {file.place}",), "the value, which was dropped")


def _try_denied(workload: DeployedWorkload, denied: DeniedCheck) -> Check:
    if denied.reason is not None:
        return Check(workload.path, denied.what, None, denied.reason)
    asked = tuple(denied.attempts)
    if not asked:
        return Check(workload.path, denied.what, False, "no request was made")
    for name, attempt in denied.attempts.items():
        try:
            attempt()
        except DeniedError:
            continue
        except NotTriedError as error:
            return Check(workload.path, denied.what, None, str(error), asked)
        except UnreachableError:
            raise
        except OpsError as error:
            return Check(workload.path, denied.what, False, f"{name}: {error}", asked, "an error that is no refusal")
        return Check(workload.path, denied.what, False, f"{name}: allowed", asked, f"{name}: allowed")
    return Check(workload.path, denied.what, True, f"{len(asked)} refused", asked, "each request refused")
