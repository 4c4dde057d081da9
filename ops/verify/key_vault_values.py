"""The values that a stack wrote to its key vault, compared with those that are there, by digests alone."""

from collections.abc import Callable, Iterator

from strongroom.policy.rules import Declared

from ..errors import NotAllowedError, OpsError
from ..pulumi.stack import DeployedWorkload
from .attempt import attempt
from .check import Check
from .deployment import Deployment
from .difference import Difference
from .digests import Digests

_RANDOM = "random:index/randomPassword:RandomPassword::"


def check_values(
    workload: DeployedWorkload,
    names: list[str],
    read: Callable[[str], str],
    deployment: Deployment,
    digests: Digests,
) -> Iterator[Check]:
    """Compare the secrets that a workload reads with those that the stack wrote; no value is kept, shown or repeated.

    :param names: The secrets, as the vault names them, of which the workload reads the latest version.
    :param read: Reads one of them, as the workload.
    """
    for name in names:
        resource = deployment.vault_secret(name)
        if resource is None:
            continue

        def differences(name: str = name, resource: Declared = resource) -> list[Difference]:
            deployed = digests.deployed(resource, "properties", "value")
            if deployed is None:
                raise NotAllowedError("the state holds no value of it")
            if digests.match(deployed, read(name)):
                return []
            raise OpsError(f"the vault holds another value than was deployed; {_mend(resource)}")

        asked = (f"get secret {name}",)
        yield attempt(workload.path, f"the value of {name} is as deployed", asked, differences)


def _mend(resource: Declared) -> str:
    generated = next((urn for urn in resource.dependencies if _RANDOM in urn), None)
    change = f"run `pulumi up --replace '{generated}'`" if generated else "set it in the stack's file"
    missed = "neither `pulumi refresh` nor `pulumi up` sees that"
    return f"{missed}, and an update writes only a value that is new to it: to have another one there, {change}"
