"""The proof: every workload reads what it declares, and is refused everything else."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .cluster import ClusterClient, ProviderClass, expired
from .errors import OpsError
from .stack import DeployedStack, DeployedWorkload
from .vault import DeniedError, VaultSession

_ASIDE = "strongroom-verify"
"""An audience that nothing accepts."""


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
        self._signing_key = signing_key

    def run(self, threads: int = 8) -> list[Check]:
        """All checks, in the order of the stack's workloads.

        :param threads: How many workloads are checked at once.
        """
        with ThreadPoolExecutor(threads) as pool:
            return [check for checks in pool.map(self._workload, self._stack.workloads) for check in checks]

    def _workload(self, workload: DeployedWorkload) -> list[Check]:
        try:
            return list(self._checks(workload))
        except (OpsError, DeniedError) as error:
            return [Check(workload.path, "is deployed", False, str(error))]

    def _checks(self, workload: DeployedWorkload) -> Iterator[Check]:
        provider_class = self._cluster.provider_class(workload.namespace, workload.secret_provider_class)
        yield self._promises(workload, provider_class)
        token = self._token(workload)
        session = self._log_in(provider_class, token)
        yield Check(workload.path, "logs in by its role", True, provider_class.parameters["roleName"])
        for entry in provider_class.objects:
            yield self._reads(workload, session, entry["objectName"], entry["secretPath"], entry["secretKey"])
        yield from self._limits(workload, session)
        yield from self._strangers(workload, provider_class, token)

    def _promises(self, workload: DeployedWorkload, provider_class: ProviderClass) -> Check:
        declared = {secret.name for secret in workload.objects}
        promised = {entry["objectName"] for entry in provider_class.objects}
        if promised == declared:
            return Check(workload.path, "its class promises its files", True, ", ".join(sorted(promised)))
        missing = ", ".join(sorted(declared - promised)) or "none"
        surplus = ", ".join(sorted(promised - declared)) or "none"
        return Check(workload.path, "its class promises its files", False, f"missing: {missing}; surplus: {surplus}")

    def _token(self, workload: DeployedWorkload, audience: str | None = None) -> str:
        return self._cluster.token(
            workload.namespace, workload.service_account, audience or self._stack.backend.audience
        )

    def _log_in(self, provider_class: ProviderClass, token: str) -> VaultSession:
        return VaultSession(self._stack.backend, provider_class.parameters, token)

    def _reads(self, workload: DeployedWorkload, session: VaultSession, name: str, path: str, key: str) -> Check:
        what = f"reads {name}"
        try:
            keys = session.keys(path)
        except (DeniedError, OpsError) as error:
            return Check(workload.path, what, False, f"{path}: {error}")
        if key not in keys:
            return Check(workload.path, what, False, f"{path} has no key {key}")
        return Check(workload.path, what, True, path)

    def _limits(self, workload: DeployedWorkload, session: VaultSession) -> Iterator[Check]:
        data, metadata = f"{self._stack.backend.mount}/data", f"{self._stack.backend.mount}/metadata"
        own = {secret.object for secret in workload.objects}
        others = {secret.object for other in self._stack.workloads for secret in other.objects} - own
        folders = {name.rpartition("/")[0] for name in own | others}
        yield _refused(
            workload,
            "is refused other workloads' objects",
            {name: lambda name=name: session.keys(f"{data}/{name}") for name in sorted(others)},
        )
        yield _refused(
            workload,
            "is refused listing",
            {
                f"{folder}/": lambda folder=folder: session.list_below(f"{metadata}/{folder}")
                for folder in sorted(folders)
            },
        )
        yield _refused(
            workload,
            "is refused writing",
            {name: lambda name=name: session.write(f"{data}/{name}") for name in sorted(own)},
        )

    def _strangers(self, workload: DeployedWorkload, provider_class: ProviderClass, token: str) -> Iterator[Check]:
        audience = self._stack.backend.audience
        tokens: dict[str, Callable[[], str]] = {
            "another audience": lambda: self._token(workload, _ASIDE),
            "the namespace's default service account": lambda: self._cluster.token(
                workload.namespace, "default", audience
            ),
            **{
                f"the service account of {other.path}": lambda other=other: self._token(other)
                for other in self._neighbours(workload)
            },
        }
        for whose, stranger in tokens.items():
            yield _refused(workload, f"its role is closed to {whose}", {"login": self._login(provider_class, stranger)})
        what = "its role is closed to an expired token"
        if self._signing_key is None:
            yield Check(workload.path, what, None, "needs the cluster's signing key")
        else:
            old = expired(token, self._signing_key)
            yield _refused(workload, what, {"login": self._login(provider_class, lambda: old)})

    def _login(self, provider_class: ProviderClass, token: Callable[[], str]) -> Callable[[], object]:
        return lambda: self._log_in(provider_class, token())

    def _neighbours(self, workload: DeployedWorkload) -> list[DeployedWorkload]:
        everyone = self._stack.workloads
        following = everyone[(everyone.index(workload) + 1) % len(everyone)]
        return [following] if following is not workload else []


def _refused(workload: DeployedWorkload, what: str, attempts: dict[str, Callable[[], object]]) -> Check:
    for name, attempt in attempts.items():
        try:
            attempt()
        except DeniedError:
            continue
        except OpsError as error:
            return Check(workload.path, what, False, f"{name}: {error}")
        return Check(workload.path, what, False, f"{name}: allowed")
    return Check(workload.path, what, True, f"{len(attempts)} refused")
