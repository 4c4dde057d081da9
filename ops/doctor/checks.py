"""The checks of a workload, from the driver to the object, and the order in which they run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ..errors import NotAllowedError, OpsError
from ..findings import Finding
from . import azure, driver, mount, pods, provider_class, sync, vault, webhook, workload
from .context import DiagnosisContext


@dataclass(frozen=True)
class Check:
    """A condition for a secret to reach a pod."""

    name: str

    run: Callable[[DiagnosisContext], Finding]
    """Returns the finding; an `OpsError` that it raises counts as failed, a `NotAllowedError` as skipped."""

    needs: tuple[str, ...] = ()
    """Checks without which it can't run."""

    repeats: tuple[str, ...] = ()
    """Checks whose failure it would only repeat."""


_LOGIN = ("class", "service account")
_OTHER_AUDIENCE = ("audience",)

_DRIVER = (Check("driver", driver.check_driver), Check("provider", driver.check_provider))
_CLASS = (Check("class", provider_class.check_class), Check("volume", workload.check_volume, ("class",)))
_INJECTOR = (Check("webhook", webhook.check_webhook), Check("class", webhook.check_expected_files))
_ACCOUNT = (Check("service account", workload.check_service_account),)
_PODS = Check("pods", pods.check_pods, ("service account",))
"""The check of pods that others make, in the place of that of their volume."""

_AUDIENCE = (Check("audience", driver.check_audience, ("driver", "class")),)
_VAULT = (
    Check("store", vault.check_store),
    Check("identity", vault.check_identity, ("store", *_LOGIN), _OTHER_AUDIENCE),
    Check("role", vault.check_role, ("identity",)),
    Check("policy", vault.check_policy, ("role",)),
    Check("object", vault.check_objects, ("role",)),
    Check("version", vault.check_version, ("role",)),
)
_AZURE = (
    Check("identity", azure.check_identity, _LOGIN, _OTHER_AUDIENCE),
    Check("federation", azure.check_federation, ("identity",)),
    Check("store", azure.check_store, ("federation",)),
    Check("assignment", azure.check_assignment, ("store",)),
    Check("object", azure.check_objects, ("store",)),
    Check("version", azure.check_version, ("store",)),
)
_SYNC = (
    Check("sync", sync.check_sync, ("driver", "class")),
    Check("mount", mount.check_mount, ("driver", "class", "volume")),
)


def list_checks(delivery: str, store: str, *, by_others: bool = False) -> Sequence[Check]:
    """List the checks of a workload, in their order.

    :param delivery: Its delivery's kind.
    :param store: Its store's kind.
    :param by_others: Whether others make its pods.
    """
    if by_others:
        found = [each for each in list_checks(delivery, store) if each.name != "volume"]
        place = found.index(*_ACCOUNT) + 1
        return (*found[:place], _PODS, *found[place:])
    reads = _VAULT if store == "vault" else _AZURE
    if delivery == "agent-injector":
        return (*_INJECTOR, *_ACCOUNT, *_AUDIENCE, *reads)
    if delivery == "akv2k8s":
        return (*_INJECTOR, *_ACCOUNT, *reads)
    return (*_DRIVER, *_CLASS, *_ACCOUNT, *_AUDIENCE, *reads, *_SYNC)


def run_checks(context: DiagnosisContext) -> list[Finding]:
    """Run every check of a workload; those that need a failed one are skipped."""
    found: list[Finding] = []
    roots: dict[str, str] = {}
    workload = context.workload
    for check in list_checks(workload.delivery, context.stack.backend.kind, by_others=workload.pod is not None):
        own = [name for name in check.repeats if roots.get(name) == name]
        root = next((roots[name] for name in (*check.needs, *own) if name in roots), None)
        finding = Finding.skipped(f"{root} failed") if root else _run_check(check, context)
        if root or finding.state == "failed":
            roots[check.name] = root or check.name
        found.append(replace(finding, name=check.name))
    return found


def _run_check(check: Check, context: DiagnosisContext) -> Finding:
    try:
        return check.run(context)
    except NotAllowedError as error:
        return Finding.skipped(str(error))
    except OpsError as error:
        return Finding.failed(str(error), "fix that, and run doctor again")
