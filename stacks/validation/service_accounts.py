"""Service accounts that are no workload's: a grant to one would serve others too, or serve the cluster's own parts."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from ..errors import Fault
from ..settings.raw import entries, mapping


def rules(raw: Mapping[str, Any]) -> Iterator[Fault]:
    """List the workloads of `raw` that would take such an account, unless `kubernetes.reservedAccounts` names it.

    (Kubernetes docs: "Service Accounts", on default service accounts; "Namespaces", on initial namespaces)
    """
    written = mapping(raw.get("kubernetes")).get("reservedAccounts")
    allowed = set(map(str, cast("list[Any]", written))) if isinstance(written, list) else set[str]()
    for number, workload in entries(raw.get("workloads")):
        namespace, name = workload.get("namespace"), workload.get("name")
        account = f"{namespace}/{name}"
        # What is at fault itself is reported as that.
        if account in allowed or not isinstance(namespace, str) or not isinstance(name, str):
            continue
        key, problem = _find_owner(namespace, name)
        if problem:
            yield Fault(
                ("workloads", number, key),
                f"{problem}: use another {key}, or allow it by kubernetes.reservedAccounts: [{account}]",
            )


def _find_owner(namespace: str, name: str) -> tuple[str, str]:
    """Return the key that is at fault and whose the account is; nothing where it is the workload's own."""
    if namespace.startswith("kube-"):
        return "namespace", f"{namespace!r} is the cluster's, and holds the accounts of its controllers"
    if name == "default":
        return "name", f"'default' is the account of every pod of {namespace!r} that names none"
    return "", ""
