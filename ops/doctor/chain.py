"""The chain that brings a secret to a pod, as data, and the walk along it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ..errors import NotAllowedError, OpsError
from ..findings import Finding
from . import azure, driver, mount, provider_class, sync, vault, webhook, workload
from .case import Case


@dataclass(frozen=True)
class Link:
    """One thing that must hold."""

    name: str

    check: Callable[[Case], Finding]
    """Looks at it; an `OpsError` that it lets through counts as broken, a `NotAllowedError` as not tried."""

    needs: tuple[str, ...] = ()
    """The links without which it can't be looked at."""

    repeats: tuple[str, ...] = ()
    """The links of which it would say the same again where they are broken themselves."""


_LOGIN = ("class", "service account")
_OTHER_AUDIENCE = ("audience",)

_DRIVER = (Link("driver", driver.driver), Link("provider", driver.provider))
_CLASS = (Link("class", provider_class.provider_class), Link("volume", workload.volume, ("class",)))
_INJECTOR = (Link("webhook", webhook.webhook), Link("class", webhook.promises))
_ACCOUNT = (Link("service account", workload.service_account),)
_AUDIENCE = (Link("audience", driver.audience, ("driver", "class")),)
_VAULT = (
    Link("store", vault.store),
    Link("identity", vault.identity, ("store", *_LOGIN), _OTHER_AUDIENCE),
    Link("role", vault.role, ("identity",)),
    Link("policy", vault.policy, ("role",)),
    Link("object", vault.objects, ("role",)),
    Link("version", vault.version, ("role",)),
)
_AZURE = (
    Link("identity", azure.identity, _LOGIN, _OTHER_AUDIENCE),
    Link("federation", azure.federation, ("identity",)),
    Link("store", azure.store, ("federation",)),
    Link("assignment", azure.assignment, ("store",)),
    Link("object", azure.objects, ("store",)),
    Link("version", azure.version, ("store",)),
)
_SYNC = (Link("sync", sync.sync, ("driver", "class")), Link("mount", mount.mount, ("driver", "class", "volume")))


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
    """Look at every link of a workload; those that need a broken one are not tried."""
    found: list[Finding] = []
    roots: dict[str, str] = {}
    for link in chain(case.workload.delivery, case.stack.backend.kind):
        own = [name for name in link.repeats if roots.get(name) == name]
        root = next((roots[name] for name in (*link.needs, *own) if name in roots), None)
        finding = Finding.skipped(f"{root} failed") if root else _looked_at(link, case)
        if root or finding.state == "failed":
            roots[link.name] = root or link.name
        found.append(replace(finding, name=link.name))
    return found


def _looked_at(link: Link, case: Case) -> Finding:
    try:
        return link.check(case)
    except NotAllowedError as error:
        return Finding.skipped(str(error))
    except OpsError as error:
        return Finding.failed(str(error), "mend that, and run doctor again")
