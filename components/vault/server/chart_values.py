"""The values of the official chart for a Vault server."""

from typing import Any

import pulumi

from ...helm.chart_file import deep_merge
from .args import VaultServerSpec
from .config import build_configuration
from .pod_paths import AUDIT_DIRECTORY, DATA_DIRECTORY, STORAGE_CA_DIRECTORY, TLS_DIRECTORY, TRANSIT_CA_DIRECTORY
from .seal import AzureKeyVaultSeal, ShamirSeal, TransitSeal
from .storage import ConsulStorage, MysqlStorage, RaftStorage, SpannerStorage, Volume, list_storage_secrets
from .tls import CA_FILE, build_secret_name, build_service_name

_OWNER_AND_GROUP = 0o440
"""The chart runs Vault as a user whose group owns the volumes."""


def build_values(server: VaultServerSpec, certificate: pulumi.Input[str] | None = None) -> dict[str, Any]:
    """Build the chart's values for `server`.

    (Vault docs: "Helm chart configuration")

    :param server: The server.
    :param certificate: A value that changes with its certificate, where pods must start anew then.
    """
    values: dict[str, Any] = {
        "fullnameOverride": server.name,
        "global": {"tlsDisable": server.tls is None},
        # The driver's own component installs the provider; the agent beside it ignores a custom CA.
        "csi": {"enabled": False, "agent": {"enabled": False}},
        "injector": {"enabled": False},
        "ui": {"enabled": server.ui},
        "server": _build_dev(server) if server.mode == "dev" else _build_server(server),
    }
    if server.image.pull_secrets:
        values["global"]["imagePullSecrets"] = [{"name": name} for name in server.image.pull_secrets]
    if certificate is not None:
        values["server"]["annotations"] = {"strongroom/certificate": certificate}
    if server.monitor:
        values["serverTelemetry"] = {"serviceMonitor": _build_monitor(server)}
    return deep_merge(values, server.extra_values)


def _build_dev(server: VaultServerSpec) -> dict[str, Any]:
    return {
        "dev": {"enabled": True},
        "image": _build_image(server),
        "resources": _build_resources(server),
        "dataStorage": {"enabled": False},
        "auditStorage": {"enabled": False},
    }


def _build_server(server: VaultServerSpec) -> dict[str, Any]:
    values: dict[str, Any] = {
        "image": _build_image(server),
        "resources": _build_resources(server),
        # A pod that is replaced starts sealed: with shares, somebody must be there for each.
        "updateStrategyType": "OnDelete" if isinstance(server.seal, ShamirSeal) else "RollingUpdate",
        "dataStorage": {"enabled": True, "mountPath": DATA_DIRECTORY, **_build_volume(server.storage.volume)}
        if isinstance(server.storage, RaftStorage)
        else {"enabled": False},
        "auditStorage": {"enabled": True, "mountPath": AUDIT_DIRECTORY, **_build_volume(server.audit)}
        if server.audit
        else {"enabled": False},
        "serviceAccount": {"create": True, "name": server.name} | _build_annotations(server),
    }
    # By name, because the certificate bears names; the chart reads it in either mode.
    name = {"apiAddr": f"{server.scheme}://$(VAULT_K8S_POD_NAME).{server.name}-internal:8200"}
    if server.mode == "ha":
        values["standalone"] = {"enabled": False}
        values["ha"] = {
            "enabled": True,
            "replicas": server.replicas,
            **name,
            **_build_replication(server),
            "disruptionBudget": {"enabled": True, "maxUnavailable": server.max_unavailable},
        }
        values["topologySpreadConstraints"] = _build_spread(server)
        if not server.spread.one_a_node:
            values["affinity"] = ""
    else:
        values["standalone"] = {"enabled": True, "config": build_configuration(server)}
        values["ha"] = {"enabled": False, **name}
    return values | _build_mounts(server) | _build_credentials(server) | _build_ingress(server)


def _build_replication(server: VaultServerSpec) -> dict[str, Any]:
    if isinstance(server.storage, RaftStorage):
        return {"raft": {"enabled": True, "config": build_configuration(server)}}
    return {"raft": {"enabled": False}, "config": build_configuration(server)}


def _build_image(server: VaultServerSpec) -> dict[str, str]:
    return {"repository": server.image.repository} | ({"tag": server.image.tag} if server.image.tag else {})


def _build_resources(server: VaultServerSpec) -> dict[str, Any]:
    memory = server.resources.memory
    return {"requests": {"cpu": server.resources.cpu, "memory": memory}, "limits": {"memory": memory}}


def _build_volume(volume: Volume) -> dict[str, str]:
    return {"size": volume.size} | ({"storageClass": volume.storage_class} if volume.storage_class else {})


def _build_spread(server: VaultServerSpec) -> list[dict[str, Any]]:
    labels = {"app.kubernetes.io/name": "vault", "app.kubernetes.io/instance": server.name, "component": "server"}
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": labels},
        }
        for key in server.spread.over
    ]


def _build_mounts(server: VaultServerSpec) -> dict[str, Any]:
    mounted = [("tls", build_secret_name(server.name, server.tls), TLS_DIRECTORY)] if server.tls else []
    if isinstance(server.seal, TransitSeal) and server.seal.ca_secret:
        mounted.append(("transit-ca", server.seal.ca_secret, TRANSIT_CA_DIRECTORY))
    if isinstance(server.storage, ConsulStorage | MysqlStorage) and server.storage.ca_secret:
        mounted.append(("storage-ca", server.storage.ca_secret, STORAGE_CA_DIRECTORY))
    # For a person who runs `vault` in the pod; a transit seal would take it for the other Vault's CA.
    trusted = server.tls and not isinstance(server.seal, TransitSeal)
    environment = {"VAULT_CACERT": f"{TLS_DIRECTORY}/{CA_FILE}"} if trusted else {}
    return {
        "volumes": [
            {"name": name, "secret": {"secretName": secret, "defaultMode": _OWNER_AND_GROUP}}
            for name, secret, _ in mounted
        ],
        "volumeMounts": [{"name": name, "mountPath": path, "readOnly": True} for name, _, path in mounted],
        "extraEnvironmentVars": environment,
    }


def _build_credentials(server: VaultServerSpec) -> dict[str, Any]:
    # From the environment, because configuration lies in a ConfigMap.
    credentials = list_storage_secrets(server.storage)
    if isinstance(server.seal, TransitSeal):
        credentials.append(("VAULT_TOKEN", server.seal.token_secret, "token"))
    values: dict[str, Any] = {}
    if credentials:
        values["extraSecretEnvironmentVars"] = [
            {"envName": name, "secretName": secret, "secretKey": key} for name, secret, key in credentials
        ]
    if isinstance(server.seal, AzureKeyVaultSeal):
        values["extraLabels"] = {"azure.workload.identity/use": "true"}
    return values


def _build_annotations(server: VaultServerSpec) -> dict[str, Any]:
    """Build the annotations that give the pods an identity in a cloud."""
    annotations: dict[str, Any] = {}
    if isinstance(server.seal, AzureKeyVaultSeal):
        annotations["azure.workload.identity/client-id"] = server.seal.client_id
        annotations["azure.workload.identity/tenant-id"] = server.seal.tenant_id
    if isinstance(server.storage, SpannerStorage) and server.storage.service_account:
        annotations["iam.gke.io/gcp-service-account"] = server.storage.service_account
    return {"annotations": annotations} if annotations else {}


def _build_ingress(server: VaultServerSpec) -> dict[str, Any]:
    if not server.ingress:
        return {}
    ingress = server.ingress
    return {
        "ingress": {
            "enabled": True,
            "annotations": dict(ingress.annotations),
            "hosts": [{"host": ingress.host, "paths": []}],
            "tls": [{"secretName": ingress.tls_secret, "hosts": [ingress.host]}],
        }
        | ({"ingressClassName": ingress.class_name} if ingress.class_name else {})
    }


def _build_monitor(server: VaultServerSpec) -> dict[str, Any]:
    monitor = server.monitor
    assert monitor  # noqa: S101 - asked before
    values: dict[str, Any] = {"enabled": True, "interval": monitor.interval, "selectors": dict(monitor.labels)}
    if server.tls:
        values["tlsConfig"] = {
            "ca": {"secret": {"name": build_secret_name(server.name, server.tls), "key": CA_FILE}},
            "serverName": build_service_name(server.name, server.namespace),
        }
    return values
