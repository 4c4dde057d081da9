"""Advice about messages without an explanation."""

import re
from typing import NamedTuple

UNKNOWN = "this message is not known here"


class _Speaker(NamedTuple):
    pattern: re.Pattern[str]
    name: str
    look: str


_LOG = "read the log of {} on the pod's node (kubectl logs -n kube-system <pod> --since=1h)"
_DRIVER_LOG = _LOG.format("the driver (container secrets-store), then of the store's provider")

_SPEAKERS = (
    _Speaker(
        re.compile(r"failed to mount objects, error|objectType:"),
        "Azure's provider",
        _LOG.format("the provider-azure pod"),
    ),
    _Speaker(
        re.compile(r"error making mount request|couldn't read secret"),
        "Vault's provider",
        _LOG.format("Vault's provider"),
    ),
    _Speaker(
        re.compile(r"secrets store objects|secrets-store\.csi|csi-secrets-store"),
        "the driver, or a provider through it",
        _DRIVER_LOG,
    ),
    _Speaker(
        re.compile(r"MountVolume\.SetUp|FailedMount"),
        "kubelet, of a volume that need not be the secrets'",
        "find the volume that it names in the pod's spec. If its csi.driver is secrets-store.csi.k8s.io, "
        + _DRIVER_LOG,
    ),
    _Speaker(
        re.compile(r"\bagent(?:\.\w+)*: |vault-agent"),
        "a Vault Agent",
        "read the agent's whole log (kubectl logs <pod> -c vault-agent-init, then -c vault-agent)",
    ),
    _Speaker(
        re.compile(r"auth\.(?:kubernetes|jwt)|\bcore: |sys/"),
        "Vault itself, perhaps",
        "read Vault's log around that line, and its audit log",
    ),
)

_ANYBODY = (
    "find out who says it: the event's source and object, or the log that it stands in. If it is of a mount, read the "
    "log of the provider's pod on the pod's node (kubectl logs -n kube-system <pod> --since=1h), then the driver's "
    "(container secrets-store), and run doctor for the workload; else it need not be about secrets"
)


def describe_unknown(text: str) -> tuple[str, str]:
    """Describe an unknown message: its likely sender, and what to look at."""
    for speaker in _SPEAKERS:
        if speaker.pattern.search(text):
            return f"{UNKNOWN}. It is from {speaker.name}", f"{speaker.look}, and run doctor for the workload"
    return UNKNOWN, _ANYBODY
