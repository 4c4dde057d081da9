"""What workloads see of their store, by real logins and real reads, in this process."""

from collections.abc import Collection, Mapping

from strongroom.ops.cluster.client import ClusterClient, ProviderClass
from strongroom.ops.pulumi.stack import DeployedWorkload, read_stack
from strongroom.ops.store.base import DeniedError, ExpectedFile, Session
from strongroom.ops.store.open import open_store


class Eyes:
    """Every workload of a stack, as it is deployed now, with a token of its service account."""

    def __init__(self, stack: str) -> None:
        """
        :param stack: The stack's name.
        """
        deployed = read_stack(stack)
        self._cluster = ClusterClient(deployed.kubernetes)
        self.audience = deployed.backend.audience
        self._store = open_store(deployed, self._cluster)
        self._workloads = {workload.path: workload for workload in deployed.workloads}
        self.classes = {
            path: self._cluster.read_provider_class(workload.namespace, workload.secret_provider_class)
            for path, workload in self._workloads.items()
        }
        self.tokens = {path: self.token(path) for path in self._workloads}

    def token(self, account: str) -> str:
        """A token of the service account `namespace/name`."""
        namespace, _, name = account.partition("/")
        return self._cluster.request_token(namespace, name, self.audience)

    def places(self) -> dict[str, ExpectedFile]:
        """Everything that any workload declares, by its place in the store."""
        return {
            promise.place: promise
            for each in self.classes.values()
            for promise in self._store.list_expected_files(each)
        }

    def promised(self) -> set[tuple[str, str]]:
        """Who is promised what, by its place in the store."""
        return {
            (path, promise.place)
            for path, each in self.classes.items()
            for promise in self._store.list_expected_files(each)
        }

    def sessions(self) -> dict[str, Session]:
        """Every workload, let in by its own class and token."""
        return {
            path: self._store.log_in(self._workloads[path], self.classes[path], token)
            for path, token in self.tokens.items()
        }

    def admits(self, provider_class: ProviderClass, token: str, workload: DeployedWorkload | None = None) -> bool:
        """Whether the store lets that token in by that class."""
        try:
            self._store.log_in(workload or next(iter(self._workloads.values())), provider_class, token)
        except DeniedError:
            return False
        return True

    def let_in(self) -> set[tuple[str, str]]:
        """Who is let in by whose class: every token is tried with every class."""
        return {
            (who, whose)
            for who, token in self.tokens.items()
            for whose, provider_class in self.classes.items()
            if self.admits(provider_class, token, self._workloads[who])
        }


def reads(sessions: Mapping[str, Session], places: Mapping[str, ExpectedFile]) -> set[tuple[str, str]]:
    """Who reads what: every session tries every place."""
    return {
        (who, place)
        for who, session in sessions.items()
        for place, promise in places.items()
        if _reads(promise, session)
    }


def _reads(promise: ExpectedFile, session: Session) -> bool:
    try:
        promise.read(session)
    except DeniedError:
        return False
    return True


def of(everything: Collection[tuple[str, str]], *who: str) -> set[tuple[str, str]]:
    """What of `everything` concerns `who`."""
    return {entry for entry in everything if entry[0] in who}
