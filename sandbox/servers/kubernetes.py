"""kube-apiserver and kube-controller-manager: a cluster without nodes."""

import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import requests
import yaml
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from ..certificates import Pair, write_private
from ..errors import NotReadyError, SandboxError
from ..ports import HOST
from ..process import Process
from . import ServerContext
from .etcd import Etcd
from .health import fetch_health, require_success

ISSUER = "https://kubernetes.default.svc"
_CLUSTER_ADDRESSES = "10.96.0.0/16"
SERVICE = "10.96.0.1"
"""The address of the service `kubernetes`, by which pods reach the API server."""

_FIELD_MANAGER = "strongroom-sandbox"

_AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "None", "users": ["system:apiserver", "system:kube-controller-manager"]},
        {"level": "None", "nonResourceURLs": ["/readyz*", "/livez*", "/healthz*", "/openapi*"]},
        {"level": "Metadata"},  # never bodies: they hold tokens and Secrets
    ],
}


class ApiServer:
    """The Kubernetes API: RBAC on, service account tokens signed by the sandbox's own key, an audit log of metadata."""

    def __init__(self, context: ServerContext, etcd: Etcd) -> None:
        self._context = context
        self._etcd = etcd
        self._home = context.state / "kubernetes"
        self.process = Process("kube-apiserver", context.state)
        self.kubeconfig = self._home / "admin.kubeconfig"
        self.audit_log = self._home / "audit.log"
        self._stores = self._home / "etcd-address"
        """Where etcd was when the API server was started."""

    @property
    def address(self) -> str:
        """Its URL."""
        return f"https://{HOST}:{self._context.ports.of('kube-apiserver')}"

    @property
    def signing_key(self) -> Path:
        """The key that signs service account tokens."""
        return self._context.authority.signing_key("service-account")[0]

    def require_healthy(self) -> bool:
        """Return true when it is ready, with etcd behind it."""
        if not self._stores.is_file() or self._stores.read_text() != self._etcd.address:
            raise NotReadyError("it was started for an etcd that was elsewhere")
        admin = self.admin()
        response = fetch_health(
            self.process,
            f"{self.address}/readyz",
            verify=str(self._context.authority.certificate),
            cert=(str(admin.certificate), str(admin.key)),
            timeout=5,
        )
        return require_success(response)

    def start(self) -> None:
        """Start it, and return when it is ready and its kubeconfig is written."""
        self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(self._stores, self._etcd.address)
        policy = self._home / "audit-policy.yaml"
        write_private(policy, yaml.safe_dump(_AUDIT_POLICY))
        serving = self._context.authority.pair("kube-apiserver", addresses=[SERVICE])
        kubelet_client = self.admin()
        etcd_client = self._context.authority.pair("etcd-client")
        private, public = self._context.authority.signing_key("service-account")
        authority = self._context.authority.certificate
        self.process.start(
            [
                str(self._context.tools.path("kube-apiserver")),
                f"--bind-address={HOST}",
                f"--advertise-address={HOST}",
                "--endpoint-reconciler-type=none",
                f"--secure-port={self._context.ports.free('kube-apiserver')}",
                f"--tls-cert-file={serving.certificate}",
                f"--tls-private-key-file={serving.key}",
                f"--client-ca-file={authority}",
                f"--etcd-servers={self._etcd.address}",
                f"--etcd-cafile={authority}",
                f"--etcd-certfile={etcd_client.certificate}",
                f"--etcd-keyfile={etcd_client.key}",
                "--authorization-mode=Node,RBAC",
                f"--service-account-issuer={ISSUER}",
                f"--service-account-signing-key-file={private}",
                f"--service-account-key-file={public}",
                f"--service-cluster-ip-range={_CLUSTER_ADDRESSES}",
                "--allow-privileged=true",
                f"--kubelet-client-certificate={kubelet_client.certificate}",
                f"--kubelet-client-key={kubelet_client.key}",
                f"--kubelet-certificate-authority={authority}",
                "--kubelet-preferred-address-types=InternalIP",
                f"--audit-policy-file={policy}",
                f"--audit-log-path={self.audit_log}",
            ],
            os.environ,
        )
        self.process.wait_until(self.require_healthy, 120)
        write_kubeconfig(self.kubeconfig, self.address, authority, self.admin())

    def install(self, manifests: Iterable[Path]) -> None:
        """Apply CRDs, and return when the API server serves them.

        :raises SandboxError: It refuses one, or doesn't serve it in time.
        """
        api = client.ApiextensionsV1Api(config.new_client_from_config(str(self.kubeconfig)))
        names: list[str] = []
        for manifest in manifests:
            body = yaml.safe_load(manifest.read_text())
            names.append(body["metadata"]["name"])
            try:
                api.patch_custom_resource_definition(
                    names[-1],
                    body,
                    field_manager=_FIELD_MANAGER,
                    force=True,
                    _content_type="application/apply-patch+yaml",
                )
            except ApiException as error:
                raise SandboxError(f"The API server refused the CRD {names[-1]}: {error.reason}") from None
        end = time.monotonic() + 30
        while not all(_established(api.read_custom_resource_definition(name)) for name in names):
            if time.monotonic() > end:
                raise SandboxError(f"The API server didn't serve these CRDs in 30 s: {', '.join(names)}")
            time.sleep(0.1)

    def apply(self, objects: Iterable[dict[str, Any]]) -> None:
        """Apply objects as the cluster's administrator.

        :raises SandboxError: It refuses one.
        """
        admin = self.admin()
        for document in objects:
            kind, metadata = document["kind"], document["metadata"]
            version = document["apiVersion"]
            place = f"apis/{version}" if "/" in version else f"api/{version}"
            namespace = f"/namespaces/{metadata['namespace']}" if "namespace" in metadata else ""
            response = requests.patch(
                f"{self.address}/{place}{namespace}/{kind.lower()}s/{metadata['name']}",
                params={"fieldManager": _FIELD_MANAGER, "force": "true"},
                headers={"Content-Type": "application/apply-patch+yaml"},
                data=json.dumps(document),
                verify=str(self._context.authority.certificate),
                cert=(str(admin.certificate), str(admin.key)),
                timeout=30,
            )
            if not response.ok:
                raise SandboxError(f"The API server refused the {kind} {metadata['name']}: {response.text[:500]}")

    # Its name alone would load half of Kubernetes' models.
    def core(self) -> "client.CoreV1Api":
        """Return a client of the core API, as the cluster's administrator."""
        return client.CoreV1Api(config.new_client_from_config(str(self.kubeconfig)))

    def admin(self) -> Pair:
        """Return the certificate of the cluster's administrator."""
        return self._context.authority.pair("admin", common_name="sandbox-admin", organization="system:masters")


class ControllerManager:
    """The controllers: they make default service accounts, long-lived tokens, ReplicaSets and pods."""

    def __init__(self, context: ServerContext, api_server: ApiServer) -> None:
        self._context = context
        self._api_server = api_server
        self._kubeconfig = context.state / "kubernetes" / "controller-manager.kubeconfig"
        self._watched = context.state / "kubernetes" / "watched-api-server"
        """Which API server it was started for."""
        self.process = Process("kube-controller-manager", context.state)

    @property
    def address(self) -> str:
        """Its URL."""
        return f"https://{HOST}:{self._context.ports.of('kube-controller-manager')}"

    def require_healthy(self) -> bool:
        """Return true when it runs and answers, and watches the API server that runs now.

        One that has lost its API server asks for it ever more seldom: the next one waits half a minute for it.
        """
        if not self._watched.is_file() or self._watched.read_text() != self._describe_api_server():
            raise NotReadyError("it was started for an API server that has ended since")
        ca = str(self._context.authority.certificate)
        return require_success(fetch_health(self.process, f"{self.address}/healthz", verify=ca, timeout=5))

    def start(self) -> None:
        """Start it, and return when it is healthy."""
        kubeconfig = self._kubeconfig
        authority = self._context.authority.certificate
        user = "system:kube-controller-manager"
        write_private(self._watched, self._describe_api_server())
        write_kubeconfig(
            kubeconfig,
            self._api_server.address,
            authority,
            self._context.authority.pair("controller-manager", common_name=user),
        )
        serving = self._context.authority.pair("kube-controller-manager")
        self.process.start(
            [
                str(self._context.tools.path("kube-controller-manager")),
                f"--kubeconfig={kubeconfig}",
                f"--authentication-kubeconfig={kubeconfig}",
                f"--authorization-kubeconfig={kubeconfig}",
                f"--bind-address={HOST}",
                f"--secure-port={self._context.ports.free('kube-controller-manager')}",
                f"--tls-cert-file={serving.certificate}",
                f"--tls-private-key-file={serving.key}",
                f"--root-ca-file={authority}",
                f"--service-account-private-key-file={self._api_server.signing_key}",
                "--use-service-account-credentials",
                "--leader-elect=false",
            ],
            os.environ,
        )
        self.process.wait_until(self.require_healthy, 60)

    def _describe_api_server(self) -> str:
        return f"{self._api_server.address} {self._api_server.process.pid}"


def write_kubeconfig(path: Path, server: str, authority: Path, pair: Pair) -> None:
    """Write a kubeconfig that names its certificates by file."""
    name = "sandbox"
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": server, "certificate-authority": str(authority)}}],
        "users": [
            {
                "name": name,
                "user": {"client-certificate": str(pair.certificate), "client-key": str(pair.key)},
            }
        ],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    write_private(path, yaml.safe_dump(document, sort_keys=False))


def _established(crd: Any) -> bool:
    conditions = crd.status.conditions or []
    return any(entry.type == "Established" and entry.status == "True" for entry in conditions)
