"""What the `kubernetes` provider waits for after it has made or changed an object."""

import re
from typing import Any

_SKIP_AWAIT = "pulumi.com/skipAwait"
_WAIT_FOR = "pulumi.com/waitFor"
_FIELD = re.compile(r"jsonpath=\{((?:\.\w+)+)\}(?:=(.*))?")


def is_ready(live: dict[str, Any]) -> bool:
    """Tell whether an object is as ready as the official plugin wants it before it goes on.

    (pulumi/pulumi-kubernetes: `provider/pkg/await`)
    """
    annotations = (live.get("metadata") or {}).get("annotations") or {}
    if annotations.get(_SKIP_AWAIT) == "true":
        return bool(live)
    if (wanted := annotations.get(_WAIT_FOR)) and (match := _FIELD.fullmatch(wanted)):
        return _has_field(live, *match.groups())
    match live.get("kind"):
        case "Secret" if live.get("type") == "kubernetes.io/service-account-token":
            return bool((live.get("data") or {}).get("token"))
        case "Deployment":
            return _is_observed(live) and _are_all(live, "updatedReplicas", "availableReplicas")
        case "StatefulSet":
            return _is_observed(live) and _has_rolled_out(live)
        case "DaemonSet":
            return _is_observed(live) and _runs_on_each_node(live["status"])
        case "Job":
            return _has_condition(live, "Complete")
        case "Pod":
            return _has_condition(live, "Ready")
        case _:
            return bool(live)


def has_failed(live: dict[str, Any]) -> bool:
    """Tell whether an object will never be ready: a Job whose pods failed too often or took too long."""
    return live.get("kind") == "Job" and _has_condition(live, "Failed")


def _has_field(live: dict[str, Any], path: str, value: str | None) -> bool:
    # The annotation takes precedence over what the provider waits for by itself, and says nothing of a deletion. Of
    # conditions only a field by its plain path is known here.
    # (pulumi/pulumi-kubernetes: `provider/pkg/metadata/overrides.go`)
    found: Any = live
    for step in path.strip(".").split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return found is not None if value is None else str(found) == value


def _is_observed(live: dict[str, Any]) -> bool:
    # Until its controller has seen the change, its status is that of the object before.
    return (live.get("status") or {}).get("observedGeneration", 0) >= live["metadata"]["generation"]


def _are_all(live: dict[str, Any], *counts: str) -> bool:
    wanted = live["spec"].get("replicas", 1)
    return all(live["status"].get(each, 0) == wanted for each in counts)


def _has_rolled_out(live: dict[str, Any]) -> bool:
    by_hand = (live["spec"].get("updateStrategy") or {}).get("type") == "OnDelete"
    if by_hand and live["metadata"]["generation"] > 1:
        return _are_all(live, "replicas", "readyReplicas")
    revisions = [live["status"].get(each) for each in ("currentRevision", "updateRevision")]
    return len(set(revisions)) == 1 and _are_all(live, "replicas", "readyReplicas", "currentReplicas")


def _runs_on_each_node(status: dict[str, Any]) -> bool:
    counts = ("currentNumberScheduled", "updatedNumberScheduled", "numberAvailable", "numberReady")
    wanted = status.get("desiredNumberScheduled", 0)
    return all(status.get(each, 0) >= wanted for each in counts)


def _has_condition(live: dict[str, Any], kind: str) -> bool:
    conditions = (live.get("status") or {}).get("conditions") or ()
    return any(each["type"] == kind and each["status"] == "True" for each in conditions)
