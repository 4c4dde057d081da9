"""What a previewed update would run into."""

from collections.abc import Iterator, Sequence

from stacks.faults import InvalidSettingsError
from stacks.settings import Settings
from stacks.vault import VaultSettings

from ..errors import OpsError
from ..findings import Finding, untried
from ..observed import Observed
from ..stack import Cluster, VaultStore, workspace
from ..stack_file import settings_of, stack_file
from .cluster import ClusterFinder
from .find import Finder, New, find_existing
from .identity import Owned, key_of


def find_existing_of(stack: str, observed: Observed) -> Sequence[Finding]:
    """List what is on the servers already in the place of what an update is to create.

    What can't be looked at is reported as that, and is no failure.

    :param observed: What a preview by the engine says of the stack.
    """
    created = [
        observed.after[urn] for urn, what in observed.operations.items() if what == "create" and urn in observed.after
    ]
    if observed.errors or not created:
        return []
    home = workspace(stack)
    try:
        settings = settings_of(stack_file(home.project, stack), stack)
    except (OpsError, InvalidSettingsError):
        return []  # the engine reports what is wrong with them
    before = frozenset(key for resource in observed.before.values() if (key := key_of(resource)))
    new = New(created, Owned(before))
    found: list[Finding] = []
    with home.connected(as_operator=True):
        for finder in _finders(settings):
            found += [finder] if isinstance(finder, Finding) else find_existing(finder, new)
    return found


def _finders(settings: Settings) -> Iterator[Finder | Finding]:
    kubernetes = settings.kubernetes
    if not kubernetes.aks or kubernetes.kubeconfig or kubernetes.context:
        try:
            yield ClusterFinder(Cluster(kubeconfig=kubernetes.kubeconfig, context=kubernetes.context))
        except OpsError as error:
            yield untried(str(error), name=ClusterFinder.name)
    backend = settings.backend
    if not isinstance(backend, VaultSettings):
        from .azure import AzureFinder  # noqa: PLC0415 - whoever uses Vault loads no client of Azure

        yield AzureFinder(backend)
        return
    if backend.server or backend.address is None:
        return
    from ..vault_operator import VaultOperator  # noqa: PLC0415 - nor the other way round
    from .vault import VaultFinder  # noqa: PLC0415

    try:
        operator = VaultOperator(store_of(backend))
        if not operator.sealed:
            yield VaultFinder(operator)
    except OpsError as error:
        yield untried(str(error), name=VaultFinder.name)


def store_of(backend: VaultSettings) -> VaultStore:
    """Build what a client must know of a Vault that exists, from a stack's settings."""
    return VaultStore(
        kind="vault",
        address=backend.address or "",
        namespace=backend.namespace,
        ca_certificate=backend.ca_certificate,
        tls_server_name=backend.tls_server_name,
        mount=backend.mount.path,
        auth_path=backend.auth.path,
        audience=backend.audience,
    )
