"""From what a Vault server is to be, to the values of the official chart."""

from collections.abc import Mapping
from typing import Any, cast

from .configuration import configuration
from .mounts import AUDIT_DIRECTORY, DATA_DIRECTORY, TLS_DIRECTORY, TRANSIT_CA_DIRECTORY
from .seal import AzureKeyVaultSeal, ShamirSeal, TransitSeal
from .tls import CA_FILE, secret_of
from .wanted import Server, Volume

_OWNER_AND_GROUP = 0o440
"""The chart runs Vault as a user whose group owns the volumes."""


def values(server: Server) -> dict[str, Any]:
    """The values that make the chart's server what `server` says. (Vault docs: "Helm chart configuration")"""
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
    if server.monitor:
        said["serverTelemetry"] = {"serviceMonitor": _monitor(server)}
    return _merged(said, server.extra_values)


def _dev(server: Server) -> dict[str, Any]:
    return {
        "dev": {"enabled": True},
        "image": _image(server),
        "resources": _resources(server),
        "dataStorage": {"enabled": False},
        "auditStorage": {"enabled": False},
    }


def _server(server: Server) -> dict[str, Any]:
    said: dict[str, Any] = {
        "image": _image(server),
        "resources": _resources(server),
        # A pod that is replaced starts sealed: with shares, somebody must be there for each.
        "updateStrategyType": "OnDelete" if isinstance(server.seal, ShamirSeal) else "RollingUpdate",
        "dataStorage": {"enabled": True, "mountPath": DATA_DIRECTORY, **_volume(server.data)},
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
            "raft": {"enabled": True, "config": configuration(server)},
            "disruptionBudget": {"enabled": True, "maxUnavailable": server.max_unavailable},
        }
        said["topologySpreadConstraints"] = _spread(server)
        if not server.spread.one_a_node:
            said["affinity"] = ""
    else:
        said["standalone"] = {"enabled": True, "config": configuration(server)}
        said["ha"] = {"enabled": False, **name}
    return said | _mounted(server) | _identity(server) | _ingress(server)


def _image(server: Server) -> dict[str, str]:
    return {"repository": server.image.repository} | ({"tag": server.image.tag} if server.image.tag else {})


def _resources(server: Server) -> dict[str, Any]:
    memory = server.resources.memory
    return {"requests": {"cpu": server.resources.cpu, "memory": memory}, "limits": {"memory": memory}}


def _volume(volume: Volume) -> dict[str, str]:
    return {"size": volume.size} | ({"storageClass": volume.storage_class} if volume.storage_class else {})


def _spread(server: Server) -> list[dict[str, Any]]:
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


def _mounted(server: Server) -> dict[str, Any]:
    mounted = [("tls", secret_of(server.name, server.tls), TLS_DIRECTORY)] if server.tls else []
    if isinstance(server.seal, TransitSeal) and server.seal.ca_secret:
        mounted.append(("transit-ca", server.seal.ca_secret, TRANSIT_CA_DIRECTORY))
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


def _identity(server: Server) -> dict[str, Any]:
    match server.seal:
        case AzureKeyVaultSeal():
            return {"extraLabels": {"azure.workload.identity/use": "true"}}
        case TransitSeal():
            # The seal takes its token from the environment; configuration lies in a ConfigMap.
            return {
                "extraSecretEnvironmentVars": [
                    {"envName": "VAULT_TOKEN", "secretName": server.seal.token_secret, "secretKey": "token"}
                ]
            }
        case ShamirSeal():
            return {}


def _annotations(server: Server) -> dict[str, Any]:
    if not isinstance(server.seal, AzureKeyVaultSeal):
        return {}
    return {
        "annotations": {
            "azure.workload.identity/client-id": server.seal.client_id,
            "azure.workload.identity/tenant-id": server.seal.tenant_id,
        }
    }


def _ingress(server: Server) -> dict[str, Any]:
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


def _monitor(server: Server) -> dict[str, Any]:
    monitor = server.monitor
    assert monitor  # noqa: S101 - asked before
    said: dict[str, Any] = {"enabled": True, "interval": monitor.interval, "selectors": dict(monitor.labels)}
    if server.tls:
        said["tlsConfig"] = {
            "ca": {"secret": {"name": secret_of(server.name, server.tls), "key": CA_FILE}},
            "serverName": f"{server.name}.{server.namespace}.svc",
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
