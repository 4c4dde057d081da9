"""Who made what is in Azure under the names of what an interrupted update was creating."""

from strongroom.policy.rules import Declared

from ..existing.azure import AzureFinder
from ..timestamps import format_time
from .origin import ABSENT, Interrupted, Origin


class AzureExaminer:
    """Azure, as the caller reads it."""

    def __init__(self, finder: AzureFinder) -> None:
        """
        :param finder: What finds resources and objects by their names.
        """
        self._finder = finder

    def knows(self, resource: Declared) -> bool:
        """Tell whether it is a resource of the Resource Manager's, or an object of a vault."""
        return self._finder.knows(resource)

    def examine(self, resource: Declared, interrupted: Interrupted) -> Origin:
        """Judge by when it was made: the plugin refuses to create what exists. Of an object, no value is read."""
        found = self._finder.find(resource)
        if found is None:
            return ABSENT
        if found.made is None:
            return Origin("unknown", f"{found.what} exists, and Azure does not say when it was made", found.fix)
        return interrupted.judge(found.made, f"{found.what} exists, made at {format_time(found.made)}", found.fix)
