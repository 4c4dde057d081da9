"""The driver and its providers, as their charts install them, on a cluster without kubelets: a node that a test keeps
alive, and pods on it that a test declares ready. The controllers count them as they would any."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from sandbox.running import Sandbox
from strongroom.components.kubernetes.csi_volume import DRIVER
from tests.support.polling import poll_until

NAMESPACE = "kube-system"
NODE = "doctor-1"
MINE = {"tests": "doctor"}
ACCOUNTS = ("secrets-store", "vault-provider", "azure-provider")
SOCKETS = "/var/run/secrets-store-csi-providers"
CLASSES = ("secrets-store.csi.x-k8s.io", "v1")
RELEASE = {"meta.helm.sh/release-name": "csi", "meta.helm.sh/release-namespace": NAMESPACE}


class Cluster:
    """The sandbox's cluster, as its administrator."""

    def __init__(self, world: Sandbox) -> None:
        self._world = world
        api = config.new_client_from_config(str(world.api_server.kubeconfig))
        self.core = client.CoreV1Api(api)
        self.apps = client.AppsV1Api(api)
        self.rbac = client.RbacAuthorizationV1Api(api)
        self.storage = client.StorageV1Api(api)
        self.custom = client.CustomObjectsApi(api)
        self.webhooks = client.AdmissionregistrationV1Api(api)
        self.discovery = client.DiscoveryV1Api(api)
        self._leases = client.CoordinationV1Api(api)

    def install(self, *audiences: str) -> None:
        """The driver, both providers, and what they may do."""
        self.driver(*audiences)
        for account in ACCOUNTS:
            self.core.create_namespaced_service_account(NAMESPACE, {"metadata": {"name": account}})
        self.daemon_set("secrets-store", driver_pod())
        self.daemon_set("secrets-store-vault-csi-provider", provider_pod("vault"))
        self.daemon_set("secrets-store-azure", provider_pod("azure"))
        for account, resource in (("secrets-store", "secrets"), ("vault-provider", "serviceaccounts/token")):
            self._allow(account, resource)
        self.ready()

    def driver(self, *audiences: str) -> None:
        """The CSIDriver object."""
        with suppress(ApiException):
            self.storage.delete_csi_driver(DRIVER)
        requests = [{"audience": audience} for audience in audiences]
        spec = {"podInfoOnMount": True, "attachRequired": False, "volumeLifecycleModes": ["Ephemeral"]}
        body = {"metadata": {"name": DRIVER, "annotations": RELEASE}, "spec": {**spec, "tokenRequests": requests}}
        self.storage.create_csi_driver(body)

    def daemon_set(self, name: str, pod: dict[str, Any], annotations: dict[str, str] | None = None) -> None:
        """A DaemonSet; its pods are not ready yet."""
        labels = {"app": name}
        body = {
            "metadata": {"name": name, "labels": MINE, "annotations": RELEASE if annotations is None else annotations},
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": {**labels, **MINE}}, "spec": pod},
            },
        }
        self.apps.create_namespaced_daemon_set(NAMESPACE, body)

    def ready(self) -> None:
        """Do what a scheduler and a kubelet would of the DaemonSets' pods, until the controller has seen it."""
        self.beat()
        poll_until(self._started)

    def _started(self) -> bool:
        for pod in self._pods():
            name = pod.metadata.name
            # What is left of DaemonSets that are gone may go meanwhile.
            with suppress(ApiException):
                if not pod.spec.node_name:
                    target = {"metadata": {"name": name}, "target": {"kind": "Node", "apiVersion": "v1", "name": NODE}}
                    self.core.create_namespaced_binding(NAMESPACE, target, _preload_content=False)
                self.core.patch_namespaced_pod_status(name, NAMESPACE, {"status": _running()})
        return all(found.status.number_ready for found in self._daemon_sets())

    def unready(self, name: str) -> None:
        """The pods of a DaemonSet fail their probes."""
        for pod in self._pods():
            if pod.metadata.labels["app"] == name:
                self.core.patch_namespaced_pod_status(pod.metadata.name, NAMESPACE, {"status": _running("False")})
        poll_until(lambda: not self.apps.read_namespaced_daemon_set(name, NAMESPACE).status.number_ready)

    def beat(self) -> None:
        """What a kubelet tells of its node every ten seconds."""
        lease = {"metadata": {"name": NODE}, "spec": {"holderIdentity": NODE, "leaseDurationSeconds": 40}}
        lease["spec"]["renewTime"] = datetime.now(UTC).isoformat()
        now = datetime.now(UTC).isoformat()
        condition = {"type": "Ready", "status": "True", "reason": "KubeletReady", "lastHeartbeatTime": now}
        try:
            self._leases.patch_namespaced_lease(NODE, "kube-node-lease", lease)
        except ApiException:
            self.core.create_node({"metadata": {"name": NODE}})
            self._leases.create_namespaced_lease("kube-node-lease", lease)
        self.core.patch_node_status(NODE, {"status": {"conditions": [condition]}})

    @contextmanager
    def without_node(self) -> Iterator[None]:
        """No kubelet has registered a node, for a while."""
        self.core.delete_node(NODE)
        try:
            yield
        finally:
            self.core.create_node({"metadata": {"name": NODE}})
            self.ready()

    def remove(self) -> None:
        """Take away what was installed, and the node."""
        for found in self._daemon_sets():
            self.apps.delete_namespaced_daemon_set(found.metadata.name, NAMESPACE)
        poll_until(self._stopped)
        with suppress(ApiException):
            self.storage.delete_csi_driver(DRIVER)
        for account in ACCOUNTS:
            self.core.delete_namespaced_service_account(account, NAMESPACE)
        for account in ACCOUNTS[:2]:
            self.rbac.delete_cluster_role(f"doctor-{account}")
            self.rbac.delete_cluster_role_binding(f"doctor-{account}")
        with suppress(ApiException):
            self.core.delete_node(NODE)
            self._leases.delete_namespaced_lease(NODE, "kube-node-lease")

    def kubeconfig_of(self, namespace: str, account: str) -> dict[str, Any]:
        """A kubeconfig with a token of a service account."""
        request = {"spec": {"audiences": ["https://kubernetes.default.svc"], "expirationSeconds": 600}}
        answer: Any = self.core.create_namespaced_service_account_token(account, namespace, request)
        cluster = {
            "server": self._world.api_server.address,
            "certificate-authority": str(self._world.authority.certificate),
        }
        return {
            "clusters": [{"name": "c", "cluster": cluster}],
            "users": [{"name": "u", "user": {"token": answer.status.token}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "c",
        }

    @contextmanager
    def installed(self, *audiences: str) -> Iterator[None]:
        """Have the driver and its providers, for a while."""
        self.install(*audiences)
        try:
            yield
        finally:
            self.remove()

    @contextmanager
    def webhook(self, name: str, labels: dict[str, str], *, ready: bool = True) -> Iterator[None]:
        """A webhook as the injectors' charts install it, for a while; it is called for nothing that exists."""
        service = {"namespace": NAMESPACE, "name": "injector", "path": "/mutate"}
        rule = {"operations": ["CREATE"], "apiGroups": ["doctor"], "apiVersions": ["v1"], "resources": ["nothing"]}
        hook = {
            "name": name,
            "clientConfig": {"service": service},
            "rules": [rule],
            "objectSelector": {"matchLabels": labels},
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
        }
        self.webhooks.create_mutating_webhook_configuration({"metadata": {"name": "injector"}, "webhooks": [hook]})
        endpoints = {
            "metadata": {"name": "injector", "labels": {"kubernetes.io/service-name": "injector"}},
            "addressType": "IPv4",
            "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": ready}}],
            "ports": [],
        }
        self.discovery.create_namespaced_endpoint_slice(NAMESPACE, endpoints)
        try:
            yield
        finally:
            self.webhooks.delete_mutating_webhook_configuration("injector")
            self.discovery.delete_namespaced_endpoint_slice("injector", NAMESPACE)

    @contextmanager
    def edited_class(self, namespace: str, name: str, change: Callable[[dict[str, Any]], None]) -> Iterator[None]:
        """Somebody edits a SecretProviderClass, for a while."""
        place = (*CLASSES, namespace, "secretproviderclasses", name)
        before: Any = self.custom.get_namespaced_custom_object(*place)
        edited = copy.deepcopy(before)
        change(edited["spec"])
        self.custom.replace_namespaced_custom_object(*place, edited)
        try:
            yield
        finally:
            now: Any = self.custom.get_namespaced_custom_object(*place)
            self.custom.replace_namespaced_custom_object(*place, {**now, "spec": before["spec"]})

    def _stopped(self) -> bool:
        found = self.core.list_namespaced_pod(NAMESPACE, label_selector="tests=doctor").items
        for pod in found:
            with suppress(ApiException):
                self.core.delete_namespaced_pod(pod.metadata.name, NAMESPACE, grace_period_seconds=0)
        return not found

    @contextmanager
    def without_class(self, namespace: str, name: str) -> Iterator[None]:
        """Somebody deletes a SecretProviderClass, for a while."""
        place = (*CLASSES, namespace, "secretproviderclasses")
        before = _portable(self.custom.get_namespaced_custom_object(*place, name))
        self.custom.delete_namespaced_custom_object(*place, name)
        try:
            yield
        finally:
            self.custom.create_namespaced_custom_object(*place, before)

    @contextmanager
    def without_account(self, namespace: str, name: str) -> Iterator[None]:
        """Somebody deletes a service account, for a while."""
        found = self.core.read_namespaced_service_account(name, namespace)
        before = _portable(self.core.api_client.sanitize_for_serialization(found))
        self.core.delete_namespaced_service_account(name, namespace)
        try:
            yield
        finally:
            self.core.create_namespaced_service_account(namespace, before)

    def _allow(self, account: str, resource: str) -> None:
        name = f"doctor-{account}"
        rule = {"apiGroups": [""], "resources": [resource], "verbs": ["create", "get", "list", "patch", "update"]}
        self.rbac.create_cluster_role({"metadata": {"name": name}, "rules": [rule]})
        self.rbac.create_cluster_role_binding(
            {
                "metadata": {"name": name},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
                "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": NAMESPACE}],
            }
        )

    def _daemon_sets(self) -> list[Any]:
        return self.apps.list_namespaced_daemon_set(NAMESPACE, label_selector="tests=doctor").items

    def _pods(self) -> list[Any]:
        found = self.core.list_namespaced_pod(NAMESPACE, label_selector="tests=doctor").items
        return [pod for pod in found if not pod.metadata.deletion_timestamp]


def driver_pod() -> dict[str, Any]:
    """As the chart `secrets-store-csi-driver` and the AKS add-on have it."""
    return {
        "serviceAccountName": "secrets-store",
        "containers": [
            {"name": "node-driver-registrar", "image": "registry.example.net/node-driver-registrar:1"},
            {
                "name": "secrets-store",
                "image": "registry.k8s.io/csi-secrets-store/driver:v1.6.0",
                "args": [
                    "--endpoint=$(CSI_ENDPOINT)",
                    f"--provider-volume={SOCKETS}",
                    "--additional-provider-volume-paths=/etc/kubernetes/secrets-store-csi-providers",
                ],
            },
        ],
        "volumes": [{"name": "providers-dir", "hostPath": {"path": SOCKETS}}],
    }


CA_MOUNT = [{"name": "tls", "mountPath": "/vault/tls", "readOnly": True}]
CA_VOLUME = [{"name": "tls", "secret": {"secretName": "vault-ca"}}]


def provider_pod(name: str, sockets: str = SOCKETS, *, ca: bool = True) -> dict[str, Any]:
    """As the charts `vault` and `csi-secrets-store-provider-azure` have it."""
    endpoint = {"vault": "--endpoint=/provider/vault.sock", "azure": "--endpoint=unix:///provider/azure.sock"}[name]
    return {
        "serviceAccountName": f"{name}-provider",
        "containers": [
            {
                "name": "provider",
                "image": f"registry.example.net/{name}:1",
                "args": [endpoint],
                "volumeMounts": [{"name": "providervol", "mountPath": "/provider"}, *CA_MOUNT[:ca]],
            }
        ],
        "volumes": [{"name": "providervol", "hostPath": {"path": sockets}}, *CA_VOLUME[:ca]],
    }


def _running(ready: str = "True") -> dict[str, Any]:
    return {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]}


def _portable(found: Any) -> dict[str, Any]:
    metadata = {key: found["metadata"].get(key) for key in ("name", "namespace", "annotations", "labels")}
    return {**found, "metadata": metadata}
