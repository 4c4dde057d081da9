"""Events of a workload's pods."""
# pyright: reportUnknownMemberType=false
# The kubernetes client types its models and little else.

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from kubernetes import client

from ..cluster.client import call_api, connect
from ..cluster.selection import list_pods, list_replica_sets
from ..pulumi.stack import Cluster, DeployedWorkload
from .events import Explained, drop_consequences, explain

_LONG_AGO, _NEVER_AGAIN = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def read_pod_events(cluster: Cluster, workload: DeployedWorkload) -> list[Explained]:
    """Read the warnings of a workload's pods and of what makes them, each message once, explained, the newest first.

    Those before the pod became ready are past. Kubernetes forgets an event after an hour. (Kubernetes
    docs: "Events")

    :raises OpsError: They can't be read, or not by this user.
    """
    api = connect(cluster)
    core, apps = client.CoreV1Api(api), client.AppsV1Api(api)
    ready = _find_ready_since(list_pods(core, workload), list_replica_sets(apps, workload))
    if workload.controller not in {"Deployment", "Pod", "none"}:
        name = workload.attachment.name if workload.attachment else workload.name
        ready.setdefault(name, None)  # the controller itself reports pods that it could not make
    found: Any = call_api(
        f"events of {workload.path}",
        lambda: core.list_namespaced_event(workload.namespace, field_selector="type=Warning"),
    )
    gathered: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for entry in found.items:
        if entry.involved_object.name in ready and entry.message:
            gathered[entry.reason or "", entry.message].append(entry)
    explained = [_explain(reason, message, entries, ready) for (reason, message), entries in gathered.items()]
    return drop_consequences(sorted(explained, key=lambda each: each.last, reverse=True))


def _explain(reason: str, message: str, entries: list[Any], ready: Mapping[str, datetime | None]) -> Explained:
    found = explain(message, sum(entry.count or 1 for entry in entries), reason=reason)
    is_past = all(_get_time(entry) <= (ready[entry.involved_object.name] or _LONG_AGO) for entry in entries)
    last = max(_get_time(entry) for entry in entries)
    return replace(found, last=last.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ"), past=is_past)


def _find_ready_since(pods: list[Any], sets: list[Any]) -> dict[str, datetime | None]:
    """Find since when each pod, and the last pod of each ReplicaSet, is ready; `None` if it is not."""
    since: dict[str, datetime | None] = {}
    of_set: dict[str, list[datetime | None]] = defaultdict(list)
    for pod in pods:
        since[pod.metadata.name] = moment = _find_success(pod)
        for owner in pod.metadata.owner_references or ():
            of_set[owner.name].append(moment)
    for entry in sets:
        moments = of_set.get(entry.metadata.name, [])
        known = [moment for moment in moments if moment is not None]
        wanted = entry.spec.replicas or 0
        newest = max(known, default=_NEVER_AGAIN)  # a ReplicaSet without pods of zero replicas does nothing more
        since[entry.metadata.name] = newest if len(known) >= wanted else None
    for name in of_set.keys() - since.keys():  # a StatefulSet, a DaemonSet or a Job: they own their pods themselves
        known = [moment for moment in of_set[name] if moment is not None]
        since[name] = max(known) if len(known) == len(of_set[name]) else None
    return since


def _find_success(pod: Any) -> datetime | None:
    """Find since when a pod is ready, or has ended well."""
    conditions: list[Any] = (pod.status.conditions if pod.status else None) or []
    ended = bool(pod.status) and pod.status.phase == "Succeeded"
    return next(
        (each.last_transition_time for each in conditions if each.type == "Ready" and (ended or each.status == "True")),
        None,
    )


def _get_time(event: Any) -> datetime:
    series = event.series.last_observed_time if event.series else None
    return series or event.last_timestamp or event.event_time or event.metadata.creation_timestamp
