"""A Vault server's own configuration, in JSON, which Vault reads as well as HCL and which needs no quoting rules."""

import json
from typing import Any

from .args import VaultServerSpec
from .pod_paths import TLS_DIRECTORY
from .seal import build_seal_stanza
from .storage import build_storage_stanza
from .tls import CA_FILE, CERTIFICATE_FILE, KEY_FILE

POD = "HOSTNAME"
"""The chart puts the pod's name in its place when a pod starts."""


def build_configuration(server: VaultServerSpec) -> str:
    """Build the configuration that `server` is started with.

    (Vault docs: "Vault configuration parameters", "Integrated storage")
    """
    settings: dict[str, Any] = {
        "ui": server.ui,
        "disable_mlock": True,  # as integrated storage requires
        "listener": {"tcp": _build_listener(server)},
        "storage": _build_storage(server),
    }
    if server.mode == "ha":
        # Labels pods, by which the chart's services know the leader; it lets pods of this mode alone do so.
        settings["service_registration"] = {"kubernetes": {}}
    if seal := build_seal_stanza(server.seal):
        settings["seal"] = seal
    if server.monitor:
        settings["telemetry"] = {"prometheus_retention_time": "30s", "disable_hostname": True}
    return json.dumps(settings, indent=2)


def _build_listener(server: VaultServerSpec) -> dict[str, Any]:
    tls: dict[str, Any] = (
        {
            "tls_cert_file": f"{TLS_DIRECTORY}/{CERTIFICATE_FILE}",
            "tls_key_file": f"{TLS_DIRECTORY}/{KEY_FILE}",
            "tls_min_version": "tls12",
        }
        if server.tls
        else {"tls_disable": True}
    )
    # The Prometheus operator scrapes without a token.
    monitored = {"telemetry": {"unauthenticated_metrics_access": True}} if server.monitor else {}
    return {"address": "[::]:8200", "cluster_address": "[::]:8201", **tls, **monitored}


def _build_storage(server: VaultServerSpec) -> dict[str, Any]:
    settings = build_storage_stanza(server.storage, server.mode == "ha")
    if "raft" in settings:
        settings["raft"]["node_id"] = POD
        if server.mode == "ha":
            # Each peer by name: a pod that lost its data joins again by itself.
            authority = {"leader_ca_cert_file": f"{TLS_DIRECTORY}/{CA_FILE}"} if server.tls else {}
            settings["raft"]["retry_join"] = [{"leader_api_addr": peer, **authority} for peer in server.peers]
    return settings
