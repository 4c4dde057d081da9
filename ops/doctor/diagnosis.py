"""Diagnosis of a workload."""

from dataclasses import dataclass

from ..errors import OpsError
from ..findings import Finding
from ..pulumi.stack import DeployedStack, DeployedWorkload
from .checks import run_checks
from .context import DiagnosisContext
from .events import Explained
from .pod_events import read_pod_events


@dataclass(frozen=True)
class Diagnosis:
    """The findings about a workload, and the events of its pods."""

    workload: str
    """`namespace/name`."""

    checks: list[Finding]
    """One finding for each check, in order."""

    events: list[Explained]
    """Warnings of its pods; those before the pods became ready are marked as past."""

    @property
    def first_failed(self) -> Finding | None:
        """The first check that failed."""
        return next((check for check in self.checks if check.state == "failed"), None)


def diagnose(name: str, stack: DeployedStack, workload: DeployedWorkload) -> Diagnosis:
    """Run the checks of `workload`, and read its pods' events.

    :param name: The stack's name.
    :raises OpsError: The cluster's kubeconfig can't be used.
    """
    if workload.revoked:
        fix = f"If it may read again: strongroom revoke --stack {name} --workload {workload.path} --lift"
        return Diagnosis(workload.path, [Finding.failed("its access was revoked", fix, name="revoked")], [])
    checks = run_checks(DiagnosisContext(name, stack, workload))
    try:
        return Diagnosis(workload.path, checks, read_pod_events(stack.kubernetes, workload))
    except OpsError as error:
        return Diagnosis(workload.path, [*checks, Finding.skipped(str(error), name="events")], [])


def find_workload(stack: DeployedStack, name: str) -> DeployedWorkload:
    """Find a workload by its name, with or without its namespace.

    :raises OpsError: There is none, or there are several.
    """
    found = [each for each in stack.workloads if name in {each.path, each.name}]
    if len(found) == 1:
        return found[0]
    paths = ", ".join(each.path for each in (found or stack.workloads)) or "none"
    if found:
        raise OpsError(f"{name!r} is in several namespaces: name one of {paths}")
    raise OpsError(f"There is no workload {name!r} in this stack: there are {paths}")
