"""Comparison of a deployed stack with its servers, by the caller's own rights."""

from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from ..errors import NotAllowedError, OpsError, UnreachableError
from ..pulumi.stack import DeployedStack, VaultStore
from ..store.vault_operator import VaultOperator
from .check import STACK, Check
from .cluster_reader import ClusterReader
from .cluster_rights import ClusterRights
from .deployment import Deployment
from .digests import Digests
from .kubernetes_objects import check_attachments, check_objects
from .other_classes import check_other_classes
from .vault_values import check_values


class Inspection:
    """A comparison of everything that a stack deployed, and a search for foreign principals."""

    def __init__(
        self,
        stack: DeployedStack,
        deployment: Deployment,
        administrators: Collection[str],
        digests: Digests | None = None,
    ) -> None:
        """Keep what all checks read.

        :param stack: The stack.
        :param deployment: What its state holds.
        :param administrators: Principals that may reach its secrets, besides those that the stack itself names.
        :param digests: Digests of the values that the stack wrote; if omitted, values are not compared.
        """
        self._stack = stack
        self._deployment = deployment
        self._administrators = {*stack.administrators, *administrators}
        self._digests = digests

    def run(self, *, as_operator: bool | None) -> list[Check]:
        """Compare all that the caller may read.

        :param as_operator: As for `Verifier`; with `True`, what may not be read is a failure.
        """
        with ThreadPoolExecutor(1) as pool:
            cluster = pool.submit(
                lambda: [*_run_if_reachable("its objects in the cluster are as deployed", self._check_cluster)]
            )
            store = [*self._check_as_operator(as_operator)]
        return [*cluster.result(), *store]

    def _check_cluster(self) -> Iterator[Check]:
        stack, deployment = self._stack, self._deployment
        cluster = ClusterReader(stack.kubernetes)
        rights = ClusterRights(deployment, stack, self._administrators)
        yield from _run_part("its objects in the cluster are as deployed", lambda: check_objects(deployment, cluster))
        yield from _run_part("objects of others have what their pods need", lambda: check_attachments(stack, cluster))
        yield from _run_part("nobody else reaches them in the cluster", lambda: rights.check(cluster))
        yield from _run_part(
            "no other class reads its workloads' objects", lambda: check_other_classes(stack, deployment, cluster)
        )

    def _check_as_operator(self, as_operator: bool | None) -> Iterator[Check]:
        what = "the store is as deployed"
        if as_operator is False:
            yield Check(STACK, what, None, "--no-as-operator was given")
            return
        for check in _run_if_reachable(what, lambda: _run_part(what, self._check_store)):
            yield replace(check, passed=False) if as_operator and check.passed is None else check

    def _check_store(self) -> Iterator[Check]:
        backend = self._stack.backend
        # For Vault, no client of Azure is loaded, and the other way round.
        if not isinstance(backend, VaultStore):
            from .azure_settings import check_azure  # noqa: PLC0415

            yield from check_azure(backend, self._deployment, self._administrators)
            return
        from .vault_foreign_principals import VaultForeignPrincipals  # noqa: PLC0415
        from .vault_settings import check_vault_settings  # noqa: PLC0415

        operator = VaultOperator(backend)
        if not operator.has_token:
            raise NotAllowedError("VAULT_TOKEN is not set")
        yield from check_vault_settings(self._deployment, backend, operator)
        if self._digests is not None:
            yield from check_values(self._deployment, operator, self._digests)
        yield from VaultForeignPrincipals(
            self._stack, backend, self._deployment, operator, self._administrators
        ).check()


def _run_part(what: str, checks: Callable[[], Iterable[Check]]) -> Iterator[Check]:
    """Run a part of the checks; an error that stops it is a check of its own."""
    try:
        yield from checks()
    except NotAllowedError as error:
        yield Check(STACK, what, None, str(error))
    except UnreachableError:
        raise
    except OpsError as error:
        yield Check(STACK, what, False, str(error))


def _run_if_reachable(what: str, checks: Callable[[], Iterable[Check]]) -> Iterator[Check]:
    """Run the checks of one server; if it can't be reached, that is one failed check: others would wait as long."""
    try:
        yield from checks()
    except UnreachableError as error:
        yield Check(STACK, what, False, str(error))
