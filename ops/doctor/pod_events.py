"""What the cluster has noted of a workload's pods."""
# pyright: reportUnknownMemberType=false
# The kubernetes client types its models and little else.

from collections import Counter
from typing import Any

from kubernetes import client

from ..cluster import asked, connected
from ..stack import Cluster, DeployedWorkload
from .events import Explained, explain


def pod_events(cluster: Cluster, workload: DeployedWorkload) -> list[Explained]:
    """The warnings of a workload's pods, and of what makes them, each message once, explained; the newest first.

    Kubernetes forgets an event after an hour. (Kubernetes docs: "Events")

    :raises OpsError: They can't be asked for, or not by this user.
    """
    api = connected(cluster)
    core, apps = client.CoreV1Api(api), client.AppsV1Api(api)
    namespace, mine = workload.namespace, f"app.kubernetes.io/name={workload.name}"
    pods: Any = asked(f"pods of {workload.path}", lambda: core.list_namespaced_pod(namespace, label_selector=mine))
    sets: Any = asked(
        f"ReplicaSets of {workload.path}", lambda: apps.list_namespaced_replica_set(namespace, label_selector=mine)
    )
    names = {entry.metadata.name for entry in (*pods.items, *sets.items)}
    found: Any = asked(
        f"events of {workload.path}", lambda: core.list_namespaced_event(namespace, field_selector="type=Warning")
    )
    events = [entry for entry in found.items if entry.involved_object.name in names and entry.message]
    events.sort(key=_when, reverse=True)
    counted: Counter[str] = Counter()
    for entry in events:
        counted[entry.message] += entry.count or 1
    return [explain(message, count) for message, count in counted.items()]


def _when(event: Any) -> float:
    moment = event.last_timestamp or event.event_time or event.metadata.creation_timestamp
    return moment.timestamp()
