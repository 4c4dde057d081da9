"""The Pod Security Standards.

(Kubernetes docs: "Pod Security Standards")
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from ..workload import PodSecurity

_BASELINE_CAPABILITIES = {
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
}
_RESTRICTED_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
_PROFILES = {"RuntimeDefault", "Localhost"}
_SELINUX_TYPES = {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
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


def list_violations(spec: Mapping[str, Any], level: PodSecurity) -> Iterator[str]:
    """List what a level of the standards forbids in a pod, each with its path, e.g. `spec.hostNetwork is true`.

    :param spec: The pod's specification, as a manifest has it.
    """
    if level == "privileged":
        return
    yield from _check_baseline_pod(spec)
    if level == "restricted":
        for volume in _list(spec, "volumes"):
            for kind in sorted(set(volume) - _RESTRICTED_VOLUMES - {"name"}):
                yield f"spec.volumes[{volume.get('name')}] is of kind {kind}"
    for group in ("initContainers", "containers"):
        for container in _list(spec, group):
            path = f"spec.{group}[{container.get('name')}]"
            yield from _check_baseline_container(container, path)
            if level == "restricted":
                yield from _check_restricted(container, _get(spec, "securityContext"), path)


def _check_baseline_pod(spec: Mapping[str, Any]) -> Iterator[str]:
    for shared in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(shared):
            yield f"spec.{shared} is true"
    for volume in _list(spec, "volumes"):
        if "hostPath" in volume:
            yield f"spec.volumes[{volume.get('name')}] is of kind hostPath"
    for sysctl in _list(_get(spec, "securityContext"), "sysctls"):
        if sysctl.get("name") not in _SYSCTLS:
            yield f"spec.securityContext.sysctls has {sysctl.get('name')}"
    yield from _check_contexts(_get(spec, "securityContext"), "spec.securityContext")


def _check_baseline_container(container: Mapping[str, Any], path: str) -> Iterator[str]:
    context = _get(container, "securityContext")
    if context.get("privileged"):
        yield f"{path}.securityContext.privileged is true"
    for added in _get(context, "capabilities").get("add") or ():
        if added not in _BASELINE_CAPABILITIES:
            yield f"{path}.securityContext.capabilities.add has {added}"
    if context.get("procMount", "Default") != "Default":
        yield f"{path}.securityContext.procMount is {context['procMount']}"
    for port in _list(container, "ports"):
        if port.get("hostPort"):
            yield f"{path}.ports has hostPort {port['hostPort']}"
    yield from _check_contexts(context, f"{path}.securityContext")


def _check_contexts(context: Mapping[str, Any], path: str) -> Iterator[str]:
    """Check what a pod's security context and a container's have in common."""
    if _get(context, "windowsOptions").get("hostProcess"):
        yield f"{path}.windowsOptions.hostProcess is true"
    for profile in ("seccompProfile", "appArmorProfile"):
        if _get(context, profile).get("type") == "Unconfined":
            yield f"{path}.{profile}.type is Unconfined"
    options = _get(context, "seLinuxOptions")
    if options.get("type", "") not in _SELINUX_TYPES or options.get("user") or options.get("role"):
        yield f"{path}.seLinuxOptions sets a user, a role or a type of its own"


def _check_restricted(container: Mapping[str, Any], pod: Mapping[str, Any], path: str) -> Iterator[str]:
    context = _get(container, "securityContext")

    def read_effective(field: str) -> Any:
        return context[field] if context.get(field) is not None else pod.get(field)

    if context.get("allowPrivilegeEscalation") is not False:
        yield f"{path}.securityContext.allowPrivilegeEscalation is not false"
    if read_effective("runAsNonRoot") is not True:
        yield f"{path}.securityContext.runAsNonRoot is not true"
    if read_effective("runAsUser") == 0:
        yield f"{path}.securityContext.runAsUser is 0"
    profile: Mapping[str, Any] = read_effective("seccompProfile") or {}
    if profile.get("type") not in _PROFILES:
        yield f"{path}.securityContext.seccompProfile.type is neither RuntimeDefault nor Localhost"
    capabilities = _get(context, "capabilities")
    if "ALL" not in (capabilities.get("drop") or ()):
        yield f"{path}.securityContext.capabilities.drop lacks ALL"
    for added in capabilities.get("add") or ():
        if added in _BASELINE_CAPABILITIES - {"NET_BIND_SERVICE"}:
            yield f"{path}.securityContext.capabilities.add has {added}"


def _get(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return document.get(name) or {}


def _list(document: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    return cast("Sequence[Mapping[str, Any]]", document.get(name) or ())
