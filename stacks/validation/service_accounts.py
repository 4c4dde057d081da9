"""Rules on reserved service accounts, which other pods or the cluster's own parts use as well."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from ..errors import ValidationIssue
from ..settings.raw import as_mapping, iterate_mappings


def check_service_accounts(raw: Mapping[str, Any]) -> Iterator[ValidationIssue]:
    """Check that no workload of `raw` has a reserved account that `kubernetes.reservedAccounts` does not name.

    (Kubernetes docs: "Service Accounts", on default service accounts; "Namespaces", on initial namespaces)
    """
    written = as_mapping(raw.get("kubernetes")).get("reservedAccounts")
    allowed = set(map(str, cast("list[Any]", written))) if isinstance(written, list) else set[str]()
    for number, workload in iterate_mappings(raw.get("workloads")):
        namespace, name = workload.get("namespace"), workload.get("name")
        account = f"{namespace}/{name}"
        # What is invalid itself is reported as that.
        if account in allowed or not isinstance(namespace, str) or not isinstance(name, str):
            continue
        key, problem = _find_owner(namespace, name)
        if problem:
            yield ValidationIssue(
                ("workloads", number, key),
                f"{problem}: use another {key}, or allow it with kubernetes.reservedAccounts: [{account}]",
            )


def _find_owner(namespace: str, name: str) -> tuple[str, str]:
    """Return the key that selects a reserved account, and the account's owner; nothing for any other account."""
    if namespace.startswith("kube-"):
        return "namespace", f"{namespace!r} is the cluster's, and holds the accounts of its controllers"
    if name == "default":
        return "name", f"'default' is the account of every pod of {namespace!r} that names none"
    return "", ""
