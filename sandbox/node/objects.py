"""What a cluster's administrator installs: the Secrets Store CSI driver and both stores' providers."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from .images import VAULT

NAMESPACE = "kube-system"
DAEMON_SETS = ("csi-secrets-store", "csi-secrets-store-provider-azure", "vault-csi-provider")

ACCOUNTS = tuple(f"{NAMESPACE}/{name}" for name in ("secrets-store-csi-driver", "vault-csi-provider"))
"""Whose rights reach the secrets of all workloads."""

AUDIENCES = ("vault", "api://AzureADTokenExchange")
"""For whom the driver asks tokens of pods' service accounts."""

_POLL = "10s"
_CA = "sandbox-ca"
_SOCKETS = "/var/run/secrets-store-csi-providers"


def build(manifests: Iterable[Path], authority: str) -> list[dict[str, Any]]:
    """Build the objects, from those that the driver and Azure's provider publish.

    :param manifests: Their files.
    :param authority: The certificate of who signed the stores' certificates.
    """
    published = [document for file in manifests for document in yaml.safe_load_all(file.read_text()) if document]
    for document in published:
        if document["kind"] == "CSIDriver":
            document["spec"] |= {
                "tokenRequests": [{"audience": audience} for audience in AUDIENCES],
                "serviceAccountTokenInSecrets": True,
            }
        elif document["kind"] == "DaemonSet":
            document["metadata"].setdefault("namespace", NAMESPACE)
            _adapt(document["spec"]["template"]["spec"])
        elif document["kind"] == "ServiceAccount":
            document["metadata"]["namespace"] = NAMESPACE
    ca = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": _CA, "namespace": NAMESPACE},
        "data": {"ca.crt": authority},
    }
    # A DaemonSet comes after what its pods need.
    objects = [*published, ca, *_vault()]
    return sorted(objects, key=lambda document: document["kind"] == "DaemonSet")


def _adapt(pod: dict[str, Any]) -> None:
    for container in pod["containers"]:
        # A share of two cores, throttled, makes a start take ten times as long.
        container.pop("resources", None)
        container["args"] = [_adapt_argument(argument) for argument in container["args"]]


def _adapt_argument(argument: str) -> str:
    name, _, _ = argument.partition("=")
    rotation = {"--enable-secret-rotation": "true", "--rotation-poll-interval": _POLL}
    return f"{name}={rotation[name]}" if name in rotation else argument


def _vault() -> list[dict[str, Any]]:
    """Build Vault's provider, as the chart `vault` has it with `csi.hostNetwork` and the CA among `csi.volumes`."""
    name = "vault-csi-provider"
    metadata = {"name": name, "namespace": NAMESPACE}
    rules = [{"apiGroups": [""], "resources": ["serviceaccounts/token"], "verbs": ["create"]}]
    pod = {
        "serviceAccountName": name,
        "hostNetwork": True,
        "tolerations": [{"operator": "Exists"}],
        "containers": [
            {
                "name": name,
                "image": VAULT,
                "args": ["--endpoint=/provider/vault.sock"],
                "volumeMounts": [
                    {"name": "providervol", "mountPath": "/provider"},
                    {"name": "tls", "mountPath": "/vault/tls", "readOnly": True},
                ],
            }
        ],
        "volumes": [
            {"name": "providervol", "hostPath": {"path": _SOCKETS, "type": "DirectoryOrCreate"}},
            {"name": "tls", "configMap": {"name": _CA}},
        ],
    }
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": name},
            "rules": rules,
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": role,
            "subjects": [{"kind": "ServiceAccount", **metadata}],
        },
        {
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": {**metadata, "labels": {"app": name}},
            "spec": {
                "selector": {"matchLabels": {"app": name}},
                "template": {"metadata": {"labels": {"app": name}}, "spec": pod},
            },
        },
    ]
