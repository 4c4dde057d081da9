"""Link: the mounts of pods that run, which no event tells of once a pod is ready."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from ..cluster.driver_records import Mount
from ..errors import OpsError
from ..findings import Finding
from ..store.base import DeniedError, NotTriedError
from .case import Case
from .driver import NO_KUBELET

_GRACE = timedelta(minutes=3)
"""By how much a rotation may follow the poll interval, and a record a mount. (Seen on a node: up to a minute)"""

_POLL = timedelta(minutes=2)
"""The charts' poll interval."""


def mount(case: Case) -> Finding:
    """Find out whether each pod that is ready has its mount, and whether rotations reach it.

    A rotation that fails makes no event: the driver's log alone has it, and files stay as they were. (Seen on a node
    with driver 1.6)
    """
    if not case.has_kubelet:
        return Finding.skipped(NO_KUBELET)
    now, ready = datetime.now(UTC), case.records.read_ready_pods()
    if not ready:
        return Finding.skipped("no pod of it is ready, so that there is no mount to look at")
    name = case.workload.secret_provider_class
    mounts = {each.pod: each for each in case.records.read_mounts() if each.provider_class == name}
    if empty := sorted(pod for pod, since in ready.items() if pod not in mounts and now - since > _GRACE):
        return Finding.failed(
            f"{', '.join(empty)}: ready, and the driver has mounted nothing for it: its directory is empty",
            f"kubectl delete pod -n {case.workload.namespace} {' '.join(empty)}; read the log of the driver's pod on "
            "its node (container secrets-store). The driver does so where its rotationPollInterval is above 2 minutes "
            "and the provider did not answer: set it to 2m",
        )
    mine = {pod: found for pod, found in mounts.items() if pod in ready}
    late = list(_late(case, mine, now))
    if late:
        drivers = [each.path for each in case.daemon_sets if each.drives]
        namespace, _, driver = (drivers[0] if drivers else "kube-system/secrets-store").partition("/")
        return Finding.warning(
            f"{'; '.join(late)}. Unless the new value equals the old one, rotations fail or are off",
            f"a failing rotation makes no event: kubectl logs -n {namespace} daemonset/{driver} -c secrets-store on "
            "the pod's node, lines with isRemountRequest=true, and then the provider's log; "
            "enableSecretRotation of the "
            "driver's chart must be on",
        )
    oldest = min((each.written for each in mine.values()), default=now)
    return Finding.ok(f"{len(mine)} of {len(ready)} ready pods have their files, as of {_utc(oldest)} or later")


def _late(case: Case, mounts: Mapping[str, Mount], now: datetime) -> Iterator[str]:
    """Compare when each object was written with when the driver last wrote each pod's files."""
    if isinstance(case.admission, Exception) or not mounts:
        return
    patience = (case.poll_interval or _POLL) + _GRACE
    changes: dict[str, datetime] = {}
    for promise in case.promises:
        try:
            moment = promise.find_change(case.admission)
        except (DeniedError, NotTriedError, OpsError):
            continue  # the links of the store have said so
        if moment is not None and now - moment > patience:
            changes[promise.place] = moment
    for pod, found in sorted(mounts.items()):
        for place, moment in changes.items():
            # A version that is written while the pod is set up may be the one that it has.
            if moment > found.written + timedelta(seconds=1):
                yield f"{place} was written at {_utc(moment)}, and {pod} has its files as of {_utc(found.written)}"


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
