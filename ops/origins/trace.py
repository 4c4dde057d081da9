"""Origins of the resources that an interrupted update was creating."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from strongroom.policy.rules import Declared
from strongroom.stacks.errors import InvalidSettingsError
from strongroom.stacks.settings.root import Settings

from ..errors import OpsError, UnreachableError
from ..existing.find import Finder
from ..existing.servers import list_servers
from ..pulumi.project import find_workspace, stack_file
from ..pulumi.stack_file import parse_stack_file
from ..pulumi.state import hide_secrets
from .cluster import ClusterExaminer
from .container import is_in_new_container
from .origin import OWN, Examiner, InterruptedUpdate, Origin

if TYPE_CHECKING:
    from ..existing.azure import AzureFinder
    from ..existing.cluster import ClusterFinder
    from ..existing.vault import VaultFinder

Resource = Mapping[str, Any]
"""A resource of a state."""


def trace_origins(
    stack: str, created: Sequence[Resource], others: Sequence[Resource], update: InterruptedUpdate
) -> dict[str, Origin]:
    """Find out, by URN, who made each resource that an interrupted update was creating.

    :param created: Resources that were being created, each with the id that it must have.
    :param others: The resources of the state.
    :param update: The update.
    :raises UnreachableError: A server can't be reached.
    """
    if not created:
        return {}
    try:
        settings = parse_stack_file(stack_file(find_workspace(), stack), stack)
    except (OpsError, InvalidSettingsError) as error:
        reason = str(error).splitlines()[0]
        return {
            each["urn"]: _describe_unseen(each, f"the stack's settings can't be read: {reason}") for each in created
        }
    examiners = list(_connect(settings, {each["type"].partition(":")[0] for each in created}))
    return {each["urn"]: _judge(each, others, examiners, update) for each in created}


def _judge(
    resource: Resource,
    others: Sequence[Resource],
    examiners: Sequence[Examiner | OpsError],
    update: InterruptedUpdate,
) -> Origin:
    origin = _examine(resource, examiners, update)
    begun = update.begun
    if origin.maker == "unknown" and begun is not None and is_in_new_container(resource, others, begun):
        return OWN
    return origin


def _examine(resource: Resource, examiners: Sequence[Examiner | OpsError], update: InterruptedUpdate) -> Origin:
    declared = Declared(resource["type"], resource["urn"], hide_secrets(resource.get("inputs") or {}))
    reason = "recover can't examine that kind of resource"
    for examiner in examiners:
        if isinstance(examiner, OpsError):
            reason = str(examiner)
        elif examiner.knows(declared):
            try:
                return examiner.examine(declared, update)
            except UnreachableError:
                raise
            except OpsError as error:
                return _describe_unseen(resource, str(error))
    return _describe_unseen(resource, reason)


def _describe_unseen(resource: Resource, reason: str) -> Origin:
    kind = resource["type"].rpartition(":")[2]
    return Origin("unknown", f"{kind} {resource['id']} may exist: {reason}", "look it up at its server")


def _connect(settings: Settings, packages: set[str]) -> Iterator[Examiner | OpsError]:
    """Connect to the servers of some packages; yield the error of a server that can't be used.

    :raises UnreachableError: One can't be reached.
    """
    for package, connect in list_servers(settings).items():
        if package not in packages:
            continue
        try:
            yield _build_examiner(package, connect())
        except UnreachableError:
            raise
        except OpsError as error:
            yield error


def _build_examiner(package: str, finder: Finder) -> Examiner:
    if package == "kubernetes":
        return ClusterExaminer(cast("ClusterFinder", finder).reader)
    if package == "vault":
        from .vault import VaultExaminer  # noqa: PLC0415 - a stack on Azure loads no client of Vault

        return VaultExaminer(cast("VaultFinder", finder))
    from .azure import AzureExaminer  # noqa: PLC0415 - nor a stack on Vault one of Azure

    return AzureExaminer(cast("AzureFinder", finder))
