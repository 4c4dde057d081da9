"""From what a Vault server is to be, to the values of the official chart."""

from collections.abc import Mapping
from typing import Any, cast

import pulumi

from .args import VaultServerArgs
from .config import configuration
from .pod_paths import AUDIT_DIRECTORY, DATA_DIRECTORY, STORAGE_CA_DIRECTORY, TLS_DIRECTORY, TRANSIT_CA_DIRECTORY
from .seal import AzureKeyVaultSeal, ShamirSeal, TransitSeal
from .storage import ConsulStorage, MysqlStorage, RaftStorage, SpannerStorage, Volume, storage_secrets
from .tls import CA_FILE, secret_of, service_name

_OWNER_AND_GROUP = 0o440
"""The chart runs Vault as a user whose group owns the volumes."""


def values(server: VaultServerArgs, certificate: pulumi.Input[str] | None = None) -> dict[str, Any]:
    """The values that make the chart's server what `server` says. (Vault docs: "Helm chart configuration")

    :param server: The server.
    :param certificate: What changes with its certificate, where pods must start anew then.
    """
    said: dict[str, Any] = {
        "fullnameOverride": server.name,
        "global": {"tlsDisable": server.tls is None},
        # The driver's own component installs the provider; the agent beside it ignores a custom CA.
        "csi": {"enabled": False, "agent": {"enabled": False}},
        "injector": {"enabled": False},
        "ui": {"enabled": server.ui},
        "server": _dev(server) if server.mode == "dev" else _server(server),
    }
    if server.image.pull_secrets:
        said["global"]["imagePullSecrets"] = [{"name": name} for name in server.image.pull_secrets]
    if certificate is not None:
        said["server"]["annotations"] = {"strongroom/certificate": certificate}
    if server.monitor:
        said["serverTelemetry"] = {"serviceMonitor": _monitor(server)}
    return _merged(said, server.extra_values)


def _dev(server: VaultServerArgs) -> dict[str, Any]:
    return {
        "dev": {"enabled": True},
        "image": _image(server),
        "resources": _resources(server),
        "dataStorage": {"enabled": False},
        "auditStorage": {"enabled": False},
    }


def _server(server: VaultServerArgs) -> dict[str, Any]:
    said: dict[str, Any] = {
        "image": _image(server),
        "resources": _resources(server),
        # A pod that is replaced starts sealed: with shares, somebody must be there for each.
        "updateStrategyType": "OnDelete" if isinstance(server.seal, ShamirSeal) else "RollingUpdate",
        "dataStorage": {"enabled": True, "mountPath": DATA_DIRECTORY, **_volume(server.storage.volume)}
        if isinstance(server.storage, RaftStorage)
        else {"enabled": False},
        "auditStorage": {"enabled": True, "mountPath": AUDIT_DIRECTORY, **_volume(server.audit)}
        if server.audit
        else {"enabled": False},
        "serviceAccount": {"create": True, "name": server.name} | _annotations(server),
    }
    # By name, because the certificate bears names; the chart reads it in either mode.
    name = {"apiAddr": f"{server.scheme}://$(VAULT_K8S_POD_NAME).{server.name}-internal:8200"}
    if server.mode == "ha":
        said["standalone"] = {"enabled": False}
        said["ha"] = {
            "enabled": True,
            "replicas": server.replicas,
            **name,
            **_replicated(server),
            "disruptionBudget": {"enabled": True, "maxUnavailable": server.max_unavailable},
        }
        said["topologySpreadConstraints"] = _spread(server)
        if not server.spread.one_a_node:
            said["affinity"] = ""
    else:
        said["standalone"] = {"enabled": True, "config": configuration(server)}
        said["ha"] = {"enabled": False, **name}
    return said | _mounted(server) | _credentials(server) | _ingress(server)


def _replicated(server: VaultServerArgs) -> dict[str, Any]:
    if isinstance(server.storage, RaftStorage):
        return {"raft": {"enabled": True, "config": configuration(server)}}
    return {"raft": {"enabled": False}, "config": configuration(server)}


def _image(server: VaultServerArgs) -> dict[str, str]:
    return {"repository": server.image.repository} | ({"tag": server.image.tag} if server.image.tag else {})


def _resources(server: VaultServerArgs) -> dict[str, Any]:
    memory = server.resources.memory
    return {"requests": {"cpu": server.resources.cpu, "memory": memory}, "limits": {"memory": memory}}


def _volume(volume: Volume) -> dict[str, str]:
    return {"size": volume.size} | ({"storageClass": volume.storage_class} if volume.storage_class else {})


def _spread(server: VaultServerArgs) -> list[dict[str, Any]]:
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


def _mounted(server: VaultServerArgs) -> dict[str, Any]:
    mounted = [("tls", secret_of(server.name, server.tls), TLS_DIRECTORY)] if server.tls else []
    if isinstance(server.seal, TransitSeal) and server.seal.ca_secret:
        mounted.append(("transit-ca", server.seal.ca_secret, TRANSIT_CA_DIRECTORY))
    if isinstance(server.storage, ConsulStorage | MysqlStorage) and server.storage.ca_secret:
        mounted.append(("storage-ca", server.storage.ca_secret, STORAGE_CA_DIRECTORY))
    # For whoever runs `vault` in the pod; a transit seal would take it for the other Vault's CA.
    told = server.tls and not isinstance(server.seal, TransitSeal)
    environment = {"VAULT_CACERT": f"{TLS_DIRECTORY}/{CA_FILE}"} if told else {}
    return {
        "volumes": [
            {"name": name, "secret": {"secretName": secret, "defaultMode": _OWNER_AND_GROUP}}
            for name, secret, _ in mounted
        ],
        "volumeMounts": [{"name": name, "mountPath": path, "readOnly": True} for name, _, path in mounted],
        "extraEnvironmentVars": environment,
    }


def _credentials(server: VaultServerArgs) -> dict[str, Any]:
    # From the environment, because configuration lies in a ConfigMap.
    known = storage_secrets(server.storage)
    if isinstance(server.seal, TransitSeal):
        known.append(("VAULT_TOKEN", server.seal.token_secret, "token"))
    said: dict[str, Any] = {}
    if known:
        said["extraSecretEnvironmentVars"] = [
            {"envName": name, "secretName": secret, "secretKey": key} for name, secret, key in known
        ]
    if isinstance(server.seal, AzureKeyVaultSeal):
        said["extraLabels"] = {"azure.workload.identity/use": "true"}
    return said


def _annotations(server: VaultServerArgs) -> dict[str, Any]:
    """Who the pods are in a cloud."""
    annotations: dict[str, Any] = {}
    if isinstance(server.seal, AzureKeyVaultSeal):
        annotations["azure.workload.identity/client-id"] = server.seal.client_id
        annotations["azure.workload.identity/tenant-id"] = server.seal.tenant_id
    if isinstance(server.storage, SpannerStorage) and server.storage.service_account:
        annotations["iam.gke.io/gcp-service-account"] = server.storage.service_account
    return {"annotations": annotations} if annotations else {}


def _ingress(server: VaultServerArgs) -> dict[str, Any]:
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


def _monitor(server: VaultServerArgs) -> dict[str, Any]:
    monitor = server.monitor
    assert monitor  # noqa: S101 - asked before
    said: dict[str, Any] = {"enabled": True, "interval": monitor.interval, "selectors": dict(monitor.labels)}
    if server.tls:
        said["tlsConfig"] = {
            "ca": {"secret": {"name": secret_of(server.name, server.tls), "key": CA_FILE}},
            "serverName": service_name(server.name, server.namespace),
        }
    return said


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        if isinstance(value, Mapping) and isinstance(under, Mapping):
            merged[key] = _merged(cast(Mapping[str, Any], under), cast(Mapping[str, Any], value))
        else:
            merged[key] = value
    return merged
