"""Rules on objects of others that workloads are attached to."""

from collections.abc import Iterator

from strongroom.components.cross_checks import Location, skip_invalid
from strongroom.components.workload import Workload

from ..errors import ValidationIssue
from ..settings.root import Settings
from .secrets import list_workloads


def check_attachments(settings: Settings) -> Iterator[ValidationIssue]:
    """Check that each object exists before the stack, and gets the secrets of one workload alone.

    A field manager that applies less than before gives up the rest, and one pod has one service account.
    """
    users: dict[tuple[str, str, str], str] = {}
    for location, workload in list_workloads(settings):
        yield from _check_attachment(settings, location, workload, users)


@skip_invalid
def _check_attachment(
    settings: Settings, location: Location, workload: Workload, users: dict[tuple[str, str, str], str]
) -> Iterator[ValidationIssue]:
    attachment = workload.attach
    if attachment is None:
        return
    if workload.namespace not in settings.kubernetes.existing_namespaces:
        yield ValidationIssue(
            (*location, "attach"),
            f"The object to attach to exists before the stack, and so does its namespace {workload.namespace!r}, which "
            "the stack would make: add it to kubernetes.existingNamespaces",
        )
    place = (attachment.kind, workload.namespace, attachment.name)
    if other := users.get(place):
        yield ValidationIssue(
            (*location, "attach"),
            f"{attachment.kind} {attachment.name!r} has the secrets of {other} already, and its pods have one service "
            "account: declare all of its secrets in one workload",
        )
    users[place] = workload.path
