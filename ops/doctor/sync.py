"""Link: the Kubernetes Secret that the driver makes."""

from ..errors import NotAllowedError
from ..findings import Finding
from .case import Case


def sync(case: Case) -> Finding:
    """Find out whether the driver may write the Secret that the class is copied to, and has left no other behind.

    (Secrets Store CSI Driver docs: "Sync as Kubernetes Secret")
    """
    if not case.copies:
        return _left_behind(case, frozenset()) or Finding.ok("no Kubernetes Secret is made")
    user = next((each.user for each in case.daemon_sets if each.drives), None)
    if user is None:
        return Finding.skipped("there is no driver whose rights could be looked at")
    names = frozenset(secret for secret, _ in case.delivered.provider_class.places)
    secrets = ", ".join(sorted(names))
    if case.installed.may_create(user, "secrets", case.workload.namespace):
        return _left_behind(case, names) or Finding.ok(f"{user} may write {secrets}")
    return Finding.failed(
        f"{user} may not write Secrets in {case.workload.namespace}, and {secrets} is to be made there",
        "set syncSecret.enabled in the driver's chart, as Strongroom's own installation does",
    )


def _left_behind(case: Case, wanted: frozenset[str]) -> Finding | None:
    """Find Secrets that the class names no longer: they stay with their ReplicaSets, and nothing rotates them."""
    try:
        left = [each for each in case.records.read_made_secrets() if each.name not in wanted]
    except NotAllowedError:
        return None
    if not left:
        return None
    namespace, names = case.workload.namespace, sorted(each.name for each in left)
    owners = sorted({owner for each in left for owner in each.owners})
    return Finding.warning(
        f"Secret {', '.join(f'{namespace}/{name}' for name in names)}: made by the driver for this workload, named by "
        f"its class no longer, and not rotated; it stays in etcd as long as {', '.join(owners)}",
        f"where nothing else reads it: kubectl delete secret -n {namespace} {' '.join(names)}",
    )
