"""Origins of resources in Azure with the names of what an interrupted update was creating."""

from strongroom.policy.rules import Declared

from ..existing.azure import AzureFinder
from ..timestamps import format_time
from .origin import ABSENT, InterruptedUpdate, Origin


class AzureExaminer:
    """A search for origins in Azure."""

    def __init__(self, finder: AzureFinder) -> None:
        """
        :param finder: The finder of resources and objects by their names.
        """
        self._finder = finder

    def knows(self, resource: Declared) -> bool:
        """Return whether it is a resource of Azure Resource Manager, or an object of a vault."""
        return self._finder.knows(resource)

    def examine(self, resource: Declared, update: InterruptedUpdate) -> Origin:
        """Judge by the time of creation: the plugin refuses to create what exists. Of an object, no value is read."""
        found = self._finder.find(resource)
        if found is None:
            return ABSENT
        if found.made is None:
            return Origin("unknown", f"{found.what} exists, and Azure does not say when it was made", found.fix)
        return update.judge(found.made, f"{found.what} exists, made at {format_time(found.made)}", found.fix)
