"""What ails a workload."""

from dataclasses import dataclass

from ..errors import OpsError
from ..findings import Finding
from ..pulumi.stack import DeployedStack, DeployedWorkload
from .case import Case
from .chain import walk
from .events import Explained
from .pod_events import pod_events


@dataclass(frozen=True)
class Diagnosis:
    """A workload's chain, and what the cluster has noted of its pods."""

    workload: str
    """`namespace/name`."""

    links: list[Finding]
    """The chain; links that need a broken one are not tried."""

    events: list[Explained]
    """Warnings of its pods, those that they have outlived marked as past."""

    @property
    def broken(self) -> Finding | None:
        """The first link that is broken."""
        return next((link for link in self.links if link.state == "failed"), None)


def diagnose(name: str, stack: DeployedStack, workload: DeployedWorkload) -> Diagnosis:
    """Walk the chain of `workload`, and read its pods' events.

    :param name: The stack's name.
    :raises OpsError: The cluster's kubeconfig can't be used.
    """
    links = walk(Case(name, stack, workload))
    try:
        return Diagnosis(workload.path, links, pod_events(stack.kubernetes, workload))
    except OpsError as error:
        return Diagnosis(workload.path, [*links, Finding.skipped(str(error), name="events")], [])


def chosen(stack: DeployedStack, name: str) -> DeployedWorkload:
    """The workload of that name, with its namespace or without.

    :raises OpsError: There is none, or there are several.
    """
    found = [each for each in stack.workloads if name in {each.path, each.name}]
    if len(found) == 1:
        return found[0]
    paths = ", ".join(each.path for each in (found or stack.workloads)) or "none"
    if found:
        raise OpsError(f"{name!r} is in several namespaces: name one of {paths}")
    raise OpsError(f"There is no workload {name!r} in this stack: there are {paths}")
