"""The restricted Pod Security Standard.

(Kubernetes docs: "Pod Security Standards")
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from .pods import list_containers_of, list_pods
from .rule import UNKNOWN, Declared, Options, at, lacks, listed, may_be_true

_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
_PROFILES = ("RuntimeDefault", "Localhost")
_SYSCTLS = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
}


def check_restricted(resource: Declared, _: Options) -> Iterable[str]:
    """List what the standard forbids in a resource's pods."""
    for pod in list_pods(resource):
        if at(pod, "spec") is None or at(pod, "spec") is UNKNOWN:
            continue
        yield from _check_pod(at(pod, "spec"))
        for path, container in list_containers_of(pod):
            if resource.kind.endswith("Patch") and _is_addition(container, at(pod, "spec")):
                continue
            for problem in _check_container(container, at(pod, "spec", "securityContext")):
                yield f"{path} {problem}"


def _is_addition(container: Any, pod: Any) -> bool:
    """Return whether a patch adds to a container that is there, and sets nothing of its security."""
    return all(at(container, name) is None for name in ("image", "securityContext", "ports")) and (
        at(pod, "securityContext") is None
    )


def _check_pod(pod: Any) -> Iterator[str]:
    for shared in ("hostNetwork", "hostPID", "hostIPC"):
        if may_be_true(at(pod, shared)):
            yield f"shares the node's {shared.removeprefix('host')} ({shared})"
    for volume in listed(at(pod, "volumes")):
        kinds = set(cast("Mapping[str, Any]", volume)) if isinstance(volume, Mapping) else {"unknown"}
        for kind in sorted(kinds - _VOLUMES - {"name"}):
            yield f"mounts a volume of kind {kind}"
    for sysctl in listed(at(pod, "securityContext", "sysctls")):
        if lacks(name := at(sysctl, "name"), *_SYSCTLS):
            yield f"sets the sysctl {name}"


def _check_container(container: Any, pod: Any) -> Iterator[str]:
    own = at(container, "securityContext")

    def read_effective(*path: str) -> Any:
        found = at(own, *path)
        return at(pod, *path) if found is None else found

    if may_be_true(at(own, "privileged")):
        yield "is privileged"
    if may_be_true(read_effective("windowsOptions", "hostProcess")):
        yield "is a process of the node (windowsOptions.hostProcess)"
    if lacks(at(own, "allowPrivilegeEscalation"), False):
        yield "may escalate its privileges (allowPrivilegeEscalation must be false)"
    if lacks(read_effective("runAsNonRoot"), True):
        yield "may run as root (runAsNonRoot must be true)"
    if read_effective("runAsUser") == 0:
        yield "runs as root (runAsUser: 0)"
    if lacks(read_effective("seccompProfile", "type"), *_PROFILES):
        yield f"has no seccomp profile (seccompProfile.type must be {' or '.join(_PROFILES)})"
    if lacks(at(own, "procMount"), None, "Default"):
        yield "has access to the whole /proc (procMount)"
    yield from _check_capabilities(at(own, "capabilities"))
    for port in listed(at(container, "ports")):
        if lacks(at(port, "hostPort"), None, 0):
            yield "uses a port of the node (hostPort)"


def _check_capabilities(capabilities: Any) -> Iterator[str]:
    dropped = at(capabilities, "drop")
    if dropped is not UNKNOWN and "ALL" not in listed(dropped):
        yield "keeps capabilities (capabilities.drop must include ALL)"
    for added in listed(at(capabilities, "add")):
        if added != "NET_BIND_SERVICE":
            yield f"adds the capability {added}"
