"""Comparison of a stack's values with those of its key vault, by digests alone."""

from collections.abc import Callable, Iterator

from strongroom.policy.rules import Declared

from ..errors import NotAllowedError, OpsError
from ..pulumi.stack import DeployedWorkload
from .attempt import attempt
from .check import Check
from .deployment import GENERATED, Deployment
from .difference import Difference
from .digests import Digests


def check_values(
    workload: DeployedWorkload,
    names: list[str],
    read: Callable[[str], str],
    deployment: Deployment,
    digests: Digests,
) -> Iterator[Check]:
    """Compare the secrets that a workload reads with those that the stack wrote; no value is kept or shown.

    :param names: The secrets, as the vault names them, of which the workload reads the latest version.
    :param read: Reads one of them with the workload's login.
    """
    for name in names:
        resource = deployment.find_vault_secret(name)
        if resource is None:
            continue

        def list_differences(name: str = name, resource: Declared = resource) -> list[Difference]:
            deployed = digests.read_deployed(resource, "properties", "value")
            if deployed is None:
                raise NotAllowedError("the state holds no value of it")
            if digests.match(deployed, read(name)):
                return []
            raise OpsError(f"the vault holds another value than was deployed; {_format_fix(resource)}")

        asked = (f"get secret {name}",)
        yield attempt(workload.path, f"the value of {name} is as deployed", asked, list_differences)


def _format_fix(resource: Declared) -> str:
    generated = next((urn for urn in resource.dependencies if GENERATED in urn), None)
    change = f"run `pulumi up --replace '{generated}'`" if generated else "set it in the stack's file"
    missed = "neither `pulumi refresh` nor `pulumi up` detects that"
    return f"{missed}, and an update writes only changed inputs: to write another value, {change}"
