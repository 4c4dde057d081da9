"""All grants of a stack's resources."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from strongroom.policy.rules import Declared

from .azure import list_azure_grants
from .copies import list_copies
from .grant import Grant, Granted
from .vault import list_vault_grants

Grants = Mapping[Grant, str]
"""Grants with their origin, e.g. a role and a policy."""


def list_granted(resources: Iterable[Declared]) -> list[Granted]:
    """List what `resources` allow, by each path, in order."""
    by_kind: dict[str, list[Declared]] = defaultdict(list)
    for resource in resources:
        by_kind[resource.kind].append(resource)
    return sorted({*list_vault_grants(by_kind), *list_azure_grants(by_kind), *list_copies(by_kind)})


def describe_grants(resources: Iterable[Declared]) -> Grants:
    """Describe what `resources` allow, with the ways."""
    by: dict[Grant, dict[str, None]] = defaultdict(dict)
    for each in list_granted(resources):
        by[each.grant][each.by] = None
    return {grant: "; ".join(ways) for grant, ways in sorted(by.items())}
