"""Link: the Kubernetes Secret that the driver makes."""

from ..findings import Finding, broken, ok
from .case import Case


def sync(case: Case) -> Finding:
    """Whether the driver may write the Kubernetes Secret that the class is copied to.

    (Secrets Store CSI Driver docs: "Sync as Kubernetes Secret")
    """
    if not case.copies:
        return ok("no Kubernetes Secret is made")
    user = next(each.user for each in case.daemon_sets if each.drives)
    secrets = ", ".join(sorted({secret for secret, _ in case.delivered.provider_class.places}))
    if case.installed.may_create(user, "secrets", case.workload.namespace):
        return ok(f"{user} may write {secrets}")
    return broken(
        f"{user} may not write Secrets in {case.workload.namespace}, and {secrets} is to be made there",
        "set syncSecret.enabled in the driver's chart, as Strongroom's own installation does",
    )
