"""What a previewed update would run into, and what would go with it."""

from collections.abc import Sequence

from strongroom.stacks.errors import InvalidSettingsError

from ..errors import OpsError
from ..findings import Finding
from ..preview.events import PreviewEvents
from ..pulumi.project import find_workspace, stack_file
from ..pulumi.stack_file import parse_stack_file
from .cluster import ClusterFinder
from .find import New, find_existing
from .identity import Owned, derive_key
from .namespaces import find_left, list_deleted
from .patches import check_patches
from .servers import list_servers


def find_existing_for_preview(stack: str, events: PreviewEvents) -> Sequence[Finding]:
    """List foreign objects in the place of what an update creates, or in namespaces that it deletes.

    What can't be looked at is reported as that, and is no failure.

    :param events: What a preview by the engine says of the stack.
    """
    created = [
        events.after[urn]
        for urn, what in events.operations.items()
        if what in {"create", "replace"} and urn in events.after
    ]
    deleted = list_deleted(events)
    if events.errors or not (created or deleted):
        return []
    try:
        settings = parse_stack_file(stack_file(find_workspace(), stack), stack)
    except (OpsError, InvalidSettingsError):
        return []  # the engine reports what is wrong with them
    before = frozenset(key for resource in events.before.values() if (key := derive_key(resource)))
    found: list[Finding] = []
    for package, connect in list_servers(settings).items():
        try:
            finder = connect()
        except OpsError as error:
            found.append(Finding.skipped(str(error), name="cluster" if package == "kubernetes" else "store"))
            continue
        if created:
            found += find_existing(finder, New(created, Owned(before)))
        if isinstance(finder, ClusterFinder):
            found += check_patches(finder.reader, created)
            found += find_left(finder.reader, deleted)
    return found
