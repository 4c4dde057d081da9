"""Values that can be rotated, and who makes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from strongroom.components.azure.objects import name_vault_object
from strongroom.policy.rules import Declared

from ..age.stored import StoredObject
from ..errors import OpsError
from ..pulumi.stack import DeclaredObject, DeployedStack, DeployedWorkload
from ..verify.deployment import GENERATED, PERIOD, Deployment


@dataclass(frozen=True)
class Target:
    """Values of one object that are rotated together."""

    declared: Sequence[DeclaredObject]
    """What is rotated: one each for several keys of the object."""

    stored: StoredObject

    readers: Mapping[str, tuple[DeployedWorkload, Sequence[DeclaredObject]]]
    """The workloads that read its latest version, by path, with what they declare of it."""

    made: Mapping[str | None, Declared]
    """What generated each value first, by key; without those that nothing of the stack did."""

    @property
    def name(self) -> str:
        """Its name, as a user gives it."""
        return ", ".join(map(format_name, self.declared))

    @property
    def object(self) -> str:
        """The object."""
        return self.declared[0].object

    @property
    def is_generated(self) -> bool:
        """Whether each value is generated."""
        return len(self.made) == len(self.declared)

    @property
    def by_stack(self) -> bool:
        """Whether the stack generates it, and not a command."""
        return self.stored.writer is not None

    @property
    def origins(self) -> Sequence[str]:
        """The URNs of what is replaced for other values: what generates them, and the periods that they begin."""
        made = self.made.values()
        return [*(each.urn for each in made), *(urn for each in made for urn in each.dependencies if PERIOD in urn)]


def format_name(declared: DeclaredObject) -> str:
    """Format the name of a value as a user gives it: `OBJECT/KEY`, or `OBJECT`."""
    return f"{declared.object}/{declared.key}" if declared.key else declared.object


def list_declared(stack: DeployedStack) -> Mapping[str, DeclaredObject]:
    """List the secrets that workloads read by their latest version, by name."""
    declared = (each for workload in stack.workloads if not workload.revoked for each in workload.objects)
    return {format_name(each): each for each in declared if each.version is None and each.type == "secret"}


def build_target(
    stack: DeployedStack, deployment: Deployment, declared: Sequence[DeclaredObject], stored: StoredObject
) -> Target:
    """Build the target of values of one object.

    :raises OpsError: The stack's file has one of them.
    """
    made = {each.key: found for each in declared if (found := _find_generator(deployment, each, stored))}
    readers: dict[str, tuple[DeployedWorkload, Sequence[DeclaredObject]]] = {}
    for workload in stack.workloads:
        read = [each for each in workload.objects if each.version is None and _is_part(declared, each)]
        if read and not workload.revoked:
            readers[workload.path] = (workload, read)
    return Target(declared, stored, readers, made)


def _find_generator(deployment: Deployment, declared: DeclaredObject, stored: StoredObject) -> Declared | None:
    names = {format_name(declared), name_vault_object(declared.object, declared.key)}
    for each in deployment.list_of_kind(GENERATED):
        if each.name in names and (stored.writer is None or each.urn in stored.writer.dependencies):
            return each
    if stored.writer is not None:
        raise OpsError(f"{format_name(declared)} is no generated value of the stack: {stored.write_in_file}")
    return None


def _is_part(declared: Sequence[DeclaredObject], read: DeclaredObject) -> bool:
    """Return whether a workload that reads `read` reads one of `declared`: as itself, or as one of all keys."""
    return any(
        (read.object, read.type) == (each.object, each.type) and read.key in {each.key, None} for each in declared
    )
