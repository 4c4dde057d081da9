"""All that a stack's resources grant."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from strongroom.policy.rules import Declared

from .azure import of_azure
from .copies import list_copies
from .grant import Grant, Granted
from .vault import of_vault

Grants = Mapping[Grant, str]
"""Each with what it comes by, e.g. its role and its policy."""


def granted(resources: Iterable[Declared]) -> list[Granted]:
    """Everything that `resources` allow, by each path, in order."""
    by_kind: dict[str, list[Declared]] = defaultdict(list)
    for resource in resources:
        by_kind[resource.kind].append(resource)
    return sorted({*of_vault(by_kind), *of_azure(by_kind), *list_copies(by_kind)})


def grants(resources: Iterable[Declared]) -> Grants:
    """Everything that `resources` allow, in words."""
    by: dict[Grant, dict[str, None]] = defaultdict(dict)
    for each in granted(resources):
        by[each.grant][each.by] = None
    return {grant: "; ".join(ways) for grant, ways in sorted(by.items())}
