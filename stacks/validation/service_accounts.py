"""Rules on service accounts that other pods or the cluster's own parts use as well."""

from collections.abc import Iterator

from strongroom.components.cross_checks import Location, skip_invalid
from strongroom.components.workload import Workload

from ..errors import ValidationIssue
from ..settings.root import Settings
from .secrets import find_second_claims, list_workloads


def check_service_accounts(settings: Settings) -> Iterator[ValidationIssue]:
    """Check that no account is made twice, or is a reserved one that `kubernetes.reservedAccounts` does not name.

    (Kubernetes docs: "Service Accounts", on default service accounts; "Namespaces", on initial namespaces)
    """
    for location, workload in list_workloads(settings):
        yield from _check_account(settings, location, workload)
    yield from _check_makers(settings)


def _check_makers(settings: Settings) -> Iterator[ValidationIssue]:
    """Check that no two workloads make one account."""
    for location, account, maker in find_second_claims(settings, _list_accounts_made):
        yield ValidationIssue(
            (*location, "serviceAccount"),
            f"The service account {account!r} is made for workloads[{maker}] already: use another name, or set "
            "create: false to share it, and with it what both may read",
        )


@skip_invalid
def _list_accounts_made(workload: Workload) -> Iterator[tuple[str, str]]:
    """List the account that is made for a workload, if one is, with the workload's path."""
    if workload.creates_service_account:
        yield workload.path, f"{workload.namespace}/{workload.service_account_name}"


@skip_invalid
def _check_account(settings: Settings, location: Location, workload: Workload) -> Iterator[ValidationIssue]:
    account = f"{workload.namespace}/{workload.service_account_name}"
    key, problem = _find_owner(workload.namespace, workload.service_account_name)
    if problem and account not in settings.kubernetes.reserved_accounts:
        place = ("serviceAccount", "name") if workload.service_account and key == "name" else (key,)
        yield ValidationIssue(
            (*location, *place),
            f"{problem}: use another {key}, or allow it with kubernetes.reservedAccounts: [{account}]",
        )


def _find_owner(namespace: str, name: str) -> tuple[str, str]:
    """Return the key that selects a reserved account, and the account's owner; nothing for any other account."""
    if namespace.startswith("kube-"):
        return "namespace", f"{namespace!r} is the cluster's, and holds the accounts of its controllers"
    if name == "default":
        return "name", f"'default' is the account of every pod of {namespace!r} that names none"
    return "", ""
