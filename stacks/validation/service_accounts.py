"""Rules on reserved service accounts, which other pods or the cluster's own parts use as well."""

from collections.abc import Iterator

from strongroom.components.cross_checks import Location, skip_invalid
from strongroom.components.workload import Workload

from ..errors import ValidationIssue
from ..settings.root import Settings
from .secrets import list_workloads


def check_service_accounts(settings: Settings) -> Iterator[ValidationIssue]:
    """Check that no workload has a reserved account that `kubernetes.reservedAccounts` does not name.

    (Kubernetes docs: "Service Accounts", on default service accounts; "Namespaces", on initial namespaces)
    """
    for location, workload in list_workloads(settings):
        yield from _check_account(settings, location, workload)


@skip_invalid
def _check_account(settings: Settings, location: Location, workload: Workload) -> Iterator[ValidationIssue]:
    account = f"{workload.namespace}/{workload.name}"
    key, problem = _find_owner(workload.namespace, workload.name)
    if problem and account not in settings.kubernetes.reserved_accounts:
        yield ValidationIssue(
            (*location, key),
            f"{problem}: use another {key}, or allow it with kubernetes.reservedAccounts: [{account}]",
        )


def _find_owner(namespace: str, name: str) -> tuple[str, str]:
    """Return the key that selects a reserved account, and the account's owner; nothing for any other account."""
    if namespace.startswith("kube-"):
        return "namespace", f"{namespace!r} is the cluster's, and holds the accounts of its controllers"
    if name == "default":
        return "name", f"'default' is the account of every pod of {namespace!r} that names none"
    return "", ""
