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

    check: Callable[[Case], Finding]
    """Looks at it; an `OpsError` that it lets through counts as broken, a `NotAllowedError` as not tried."""


_DRIVER = (Link("driver", driver.driver), Link("provider", driver.provider))
_CLASS = (Link("class", provider_class.provider_class), Link("volume", workload.volume))
_INJECTOR = (Link("webhook", webhook.webhook), Link("class", webhook.promises))
_ACCOUNT = (Link("service account", workload.service_account),)
_AUDIENCE = (Link("audience", driver.audience),)
_VAULT = (
    Link("store", vault.store),
    Link("identity", vault.identity),
    Link("role", vault.role),
    Link("policy", vault.policy),
    Link("object", vault.objects),
    Link("version", vault.version),
)
_AZURE = (
    Link("identity", azure.identity),
    Link("federation", azure.federation),
    Link("store", azure.store),
    Link("assignment", azure.assignment),
    Link("object", azure.objects),
    Link("version", azure.version),
)
_SYNC = (Link("sync", sync.sync),)


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
    return (*_DRIVER, *_CLASS, *_ACCOUNT, *_AUDIENCE, *reads, *_SYNC)


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
