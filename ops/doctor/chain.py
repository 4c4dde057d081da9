"""The chain that brings a secret to a pod, as data, and the walk along it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ..errors import NotAllowedError, OpsError
from ..findings import Finding, broken, untried
from . import azure, driver, provider_class, sync, vault, webhook, workload
from .case import Case


@dataclass(frozen=True)
class Link:
    """One thing that must hold."""

    name: str

    asks: str
    """What it asks, as a question."""

    check: Callable[[Case], Finding]
    """Looks at it; an `OpsError` that it lets through counts as broken, a `NotAllowedError` as not tried."""


_DRIVER = (
    Link("driver", "Is the Secrets Store CSI driver there, once, and ready?", driver.driver),
    Link("provider", "Is the store's provider there and ready, where the driver looks for it?", driver.provider),
)
_CLASS = (Link("class", "Does the SecretProviderClass promise what is declared?", provider_class.provider_class),)
_POD = (Link("volume", "Do the pods mount the class, and as the driver wants it?", workload.volume),)
_ACCOUNT = (Link("service account", "Is it there, and do the pods run as it?", workload.service_account),)
_AUDIENCE = (Link("audience", "Do driver, class and role agree on the token's audience?", driver.audience),)
_SYNC = (Link("sync", "May the driver write the Kubernetes Secret that variables come from?", sync.sync),)
_VAULT = (
    Link("store", "Is Vault reached, and unsealed?", vault.store),
    Link("identity", "Is the role there?", vault.identity),
    Link("role", "Does the role admit the service account?", vault.role),
    Link("policy", "Does the policy allow what the class promises?", vault.policy),
    Link("object", "Are the objects there, with their keys?", vault.objects),
    Link("version", "Are their versions there?", vault.version),
)
_AZURE = (
    Link("identity", "Does the directory know the identity?", azure.identity),
    Link("federation", "Does a federated credential tie the service account to it?", azure.federation),
    Link("store", "Is the vault there, and reached?", azure.store),
    Link("assignment", "Does a role assignment, or an access policy, allow what the class promises?", azure.assignment),
    Link("object", "Are the objects there?", azure.objects),
    Link("version", "Are their versions there, and enabled?", azure.version),
)
_INJECTOR = (
    Link("webhook", "Is the injector there, does it look at the pods, and does it answer?", webhook.webhook),
    Link("class", "Do the pods' annotations, or the AzureKeyVaultSecrets, promise what is declared?", webhook.promises),
)


def chain(delivery: str, store: str) -> Sequence[Link]:
    """The links of a workload, in the order in which they must hold.

    :param delivery: Its delivery's kind.
    :param store: Its store's kind.
    """
    reads = _VAULT if store == "vault" else _AZURE
    if delivery == "agent-injector":
        return (*_INJECTOR, *_ACCOUNT, *_AUDIENCE, *reads)
    if delivery == "akv2k8s":
        return (*_INJECTOR, *_ACCOUNT, *reads)
    return (*_DRIVER, *_CLASS, *_POD, *_ACCOUNT, *_AUDIENCE, *reads, *_SYNC)


def walk(case: Case) -> list[Finding]:
    """Every link of a workload, as far as the first that is broken; those after it are not tried."""
    found: list[Finding] = []
    for link in chain(case.workload.delivery, case.stack.backend.kind):
        stopped = next((each for each in found if each.state == "broken"), None)
        finding = untried(f"{stopped.name} is broken") if stopped else _looked_at(link, case)
        found.append(replace(finding, name=link.name))
    return found


def _looked_at(link: Link, case: Case) -> Finding:
    try:
        return link.check(case)
    except NotAllowedError as error:
        return untried(str(error))
    except OpsError as error:
        return broken(str(error), "mend that, and run doctor again")
