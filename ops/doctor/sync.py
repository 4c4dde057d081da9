"""Check of the Kubernetes Secret that the driver makes."""

from ..errors import NotAllowedError
from ..findings import Finding
from .context import DiagnosisContext


def check_sync(context: DiagnosisContext) -> Finding:
    """Check that the driver may write the Secret of the SecretProviderClass, and has left no other behind.

    (Secrets Store CSI Driver docs: "Sync as Kubernetes Secret")
    """
    if not context.has_secret_copy:
        return _find_leftovers(context, frozenset()) or Finding.ok("no Kubernetes Secret is needed")
    user = next((each.user for each in context.daemon_sets if each.drives), None)
    if user is None:
        return Finding.skipped("no driver is installed whose rights could be checked")
    names = frozenset(secret for secret, _ in context.delivery.provider_class.places)
    secrets = ", ".join(sorted(names))
    if context.installed.may_create(user, "secrets", context.workload.namespace):
        return _find_leftovers(context, names) or Finding.ok(f"{user} may write {secrets}")
    return Finding.failed(
        f"{user} may not write Secrets in {context.workload.namespace}, but must create {secrets} there",
        "set syncSecret.enabled in the driver's chart, as Strongroom's own installation does",
    )


def _find_leftovers(context: DiagnosisContext, wanted: frozenset[str]) -> Finding | None:
    """Find Secrets that the SecretProviderClass no longer names: they stay with their ReplicaSets, unrotated."""
    try:
        left = [each for each in context.records.read_made_secrets() if each.name not in wanted]
    except NotAllowedError:
        return None
    if not left:
        return None
    namespace, names = context.workload.namespace, sorted(each.name for each in left)
    owners = sorted({owner for each in left for owner in each.owners})
    return Finding.warning(
        f"Secret {', '.join(f'{namespace}/{name}' for name in names)}: created by the driver for this workload, no "
        f"longer named by its SecretProviderClass, and not rotated; it stays in etcd as long as {', '.join(owners)}",
        f"if nothing else reads it: kubectl delete secret -n {namespace} {' '.join(names)}",
    )
