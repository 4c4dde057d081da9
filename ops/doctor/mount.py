"""Check of the mounts of running pods: once a pod is ready, no event reports them."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from ..cluster.driver_records import Mount
from ..cluster.rotation import GRACE, find_allowed_delay
from ..errors import OpsError
from ..findings import Finding
from ..store.base import CurrentVersion, DeniedError, NotTriedError
from .context import DiagnosisContext
from .driver import NO_KUBELET
from .events import explain


def check_mount(context: DiagnosisContext) -> Finding:
    """Check that each ready pod has its mount, and that rotations reach it.

    A rotation that fails makes no event: only the driver's log shows it, and files stay unchanged. (Seen on a node
    with driver 1.6)
    """
    if not context.has_kubelet:
        return Finding.skipped(NO_KUBELET)
    now, ready = datetime.now(UTC), context.records.read_ready_pods()
    if not ready:
        return Finding.skipped("none of its pods is ready, so there is no mount to check")
    name = context.workload.secret_provider_class
    mounts = {each.pod: each for each in context.records.read_mounts() if each.provider_class == name}
    if empty := sorted(pod for pod, since in ready.items() if pod not in mounts and now - since > GRACE):
        return Finding.failed(
            f"{', '.join(empty)}: ready, but the driver has mounted nothing: the directory is empty",
            f"kubectl delete pod -n {context.workload.namespace} {' '.join(empty)}; read the log of the driver's pod "
            "on its node (container secrets-store). This happens if rotationPollInterval is above 2 minutes and the "
            "provider did not respond: set it to 2m",
        )
    mine = {pod: found for pod, found in mounts.items() if pod in ready}
    driver_path = next((each.path for each in context.daemon_sets if each.drives), "kube-system/secrets-store")
    for pod, record in sorted(_read_failing(context, driver_path).items()):
        if pod in mine:
            found = explain(record)
            return Finding.warning(
                f"{pod} has its files as of {_format_utc(mine[pod].written)}, and the driver fails to write them "
                f"again: {' '.join(found.message.split())}. It means: {found.meaning}",
                found.fix,
            )
    late = list(_find_late(context, mine, now))
    if late:
        namespace, _, driver = driver_path.partition("/")
        return Finding.warning(
            f"{'; '.join(late)}. Rotations fail or are off",
            f"a failing rotation makes no event: kubectl logs -n {namespace} daemonset/{driver} -c secrets-store on "
            "the pod's node, lines with isRemountRequest=true, and then the provider's log; "
            "enableSecretRotation of the "
            "driver's chart must be on",
        )
    oldest = min((each.written for each in mine.values()), default=now)
    return Finding.ok(f"{len(mine)} of {len(ready)} ready pods have their files, as of {_format_utc(oldest)} or later")


def _read_failing(context: DiagnosisContext, driver: str) -> Mapping[str, str]:
    """Read the driver's errors, by pod; none if the caller may not read its log: ages show a failure later."""
    try:
        return context.records.read_failing_mounts(driver)
    except OpsError:
        return {}


def _find_late(context: DiagnosisContext, mounts: Mapping[str, Mount], now: datetime) -> Iterator[str]:
    """Find the objects of which a pod has an older version than the store, for longer than a rotation takes."""
    if isinstance(context.login, Exception) or not mounts:
        return
    allowed = find_allowed_delay(context.daemon_sets)
    ids = Counter(file.object_id for file in context.expected_files)
    due: list[tuple[str, str | None, CurrentVersion]] = []
    for file in context.expected_files:
        try:
            current = file.find_version(context.login)
        except (DeniedError, NotTriedError, OpsError):
            continue  # reported by the checks of the store
        if current is not None and now - current.written > allowed:
            # The driver keeps one version an id: if an object is mounted twice, it may be either's.
            due.append((file.place, file.object_id if ids[file.object_id] == 1 else None, current))
    for pod, mount in sorted(mounts.items()):
        for place, object_id, current in dict.fromkeys(due):
            if older := _find_older(mount, object_id, current):
                yield f"{place} has version {current.name} since {_format_utc(current.written)}, and {pod} has {older}"


def _find_older(mount: Mount, object_id: str | None, current: CurrentVersion) -> str | None:
    """Describe what a pod has, if that is older than `current`: by age if the record has no version of the store's.

    Vault's provider records a keyed digest in the place of a version. (Source of Vault's CSI provider)
    """
    if mounted := mount.versions.get(object_id or ""):
        return f"version {mounted}" if mounted != current.name else None
    # A version that is written while the pod is set up may be the one that it has.
    if current.written <= mount.written + timedelta(seconds=1):
        return None
    return f"its files as of {_format_utc(mount.written)} (right if the new value equals the old one)"


def _format_utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
