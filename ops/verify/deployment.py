"""A stack's deployment, as its state has it: the expectation that servers are compared with."""

from collections.abc import Collection, Iterator
from datetime import timedelta

from strongroom.policy.rules import Declared
from strongroom.policy.rules.kinds.azure import SECRET
from strongroom.policy.rules.kinds.vault import JWT_ROLE, KUBERNETES_ROLE

from ..cluster.delivery import Delivery, read_delivery
from ..errors import OpsError
from ..pulumi.stack import DeployedStack, DeployedWorkload
from .check import STACK
from .deployed_cluster import DeployedCluster

GENERATED = "random:index/randomPassword:RandomPassword"
"""The type of a generated value."""

PERIOD = "pulumi-python:dynamic/strongroom:RotationPeriod"
"""The type of the time that such a value lives."""


class Deployment:
    """The resources of a stack."""

    def __init__(self, stack: DeployedStack, resources: Collection[Declared]) -> None:
        """Index the resources by their type.

        :param stack: The stack.
        :param resources: The resources of its state.
        """
        self._paths = {workload.path for workload in stack.workloads}
        self.resources = tuple(resources)
        self._stack = stack
        self._documents = DeployedCluster(self.resources)
        vaults = self.list_of_kind("strongroom:index:KeyVault")
        initial = {name for each in vaults for name in each.outputs.get("initial") or ()}
        self._secrets = {
            name: each for each in self.list_of_kind(SECRET) if (name := str(each.at("secretName"))) not in initial
        }
        self._roles = {str(each.at("roleName")): each for each in self.list_of_kind(KUBERNETES_ROLE, JWT_ROLE)}

    def list_of_kind(self, *kinds: str) -> Iterator[Declared]:
        """List the resources of these kinds."""
        return (resource for resource in self.resources if resource.kind in kinds)

    def find_owner(self, resource: Declared) -> str:
        """Find the workload that a resource was deployed for; `STACK` if it is for all of them."""
        path = "/".join(resource.name.split("/")[:2])
        return path if path in self._paths else STACK

    def find_delivery(self, workload: DeployedWorkload) -> Delivery | None:
        """Find the delivery of a workload; `None` if the state lacks a part of it.

        If a GitOps controller applies what `render` wrote, the state lacks the objects of the cluster.
        """
        try:
            return read_delivery(self._documents, self._stack, workload)
        except OpsError:
            return None

    def find_vault_secret(self, name: str) -> Declared | None:
        """Find the resource that wrote a secret of a key vault; `None` if the stack keeps none of that name.

        One that was written once, and then is its owner's, is not kept.
        """
        return self._secrets.get(name)

    def find_period(self, writer: Declared | None) -> timedelta | None:
        """Find the age at which an update makes another value of what `writer` writes; `None` if none does.

        That of an object with several keys is the shortest of them.
        """
        made = {urn for urn in writer.dependencies if GENERATED in urn} if writer else set[str]()
        periods = {urn for each in self.list_of_kind(GENERATED) if each.urn in made for urn in each.dependencies}
        found = [each.at("seconds") for each in self.list_of_kind(PERIOD) if each.urn in periods]
        return timedelta(seconds=min(found)) if found else None

    def find_role(self, workload: DeployedWorkload) -> Declared | None:
        """Find the role that was deployed for a workload; `None` if it has none."""
        return self._roles.get(workload.identity.get("role", ""))
