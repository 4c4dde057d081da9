"""The secrets of all workloads of a stack."""

from collections.abc import Callable, Iterator

from strongroom.components.cross_checks import Location
from strongroom.components.workload import Secret, Workload

from ..settings.root import Settings


def list_workloads(settings: Settings) -> Iterator[tuple[Location, Workload]]:
    """List the workloads, with their locations."""
    for number, workload in enumerate(getattr(settings, "workloads", ())):
        yield ("workloads", number), workload


def find_second_claims(
    settings: Settings, list_claims: Callable[[Workload], Iterator[tuple[str, str]]]
) -> Iterator[tuple[Location, str, int]]:
    """Find what a workload claims and another one claims already: its location, the claim, and the number of the other.

    A workload that is declared twice is reported as that, and not here.

    :param list_claims: Lists a workload's path with each thing that only one workload may have.
    """
    first: dict[str, tuple[int, str]] = {}
    for location, workload in list_workloads(settings):
        for path, claim in list_claims(workload):
            number = int(location[1])
            owner, same = first.setdefault(claim, (number, path))
            if owner != number and path != same:
                yield location, claim, owner


def list_secrets(settings: Settings) -> Iterator[tuple[Location, Secret]]:
    """List every secret of every workload, with its location."""
    for location, workload in list_workloads(settings):
        for index, secret in enumerate(list_secrets_of(workload)):
            yield (*location, "secrets", index), secret


def list_secrets_of(workload: Workload) -> list[Secret]:
    """List the secrets of a workload. Options that are invalid by themselves are as if omitted."""
    return [_omit_invalid(secret) for secret in getattr(workload, "secrets", ())]


def _omit_invalid(secret: Secret) -> Secret:
    copy = secret.model_copy()
    for name, field in Secret.model_fields.items():
        # An object without a key is another one.
        if name != "key" and not field.is_required():
            vars(copy).setdefault(name, field.default)
    return copy
