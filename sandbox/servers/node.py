"""A node: what schedules pods, and what runs them."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kubernetes import client
from kubernetes.client.exceptions import ApiException

from ..errors import NotReadyError
from ..node import images, objects
from ..node.__main__ import clear
from ..node.daemons import NODE
from ..node.description import Description
from ..ports import HOST
from ..process import Process
from . import ServerContext
from .azure import AzureEmulator
from .health import fetch_health, require_success
from .kubernetes import SERVICE, ApiServer, write_kubeconfig

_PROJECT = Path(__file__).resolve().parents[2]
_CARRIED = ("vault", "azure-proxy", "azure-node")
"""The ports of loopback that pods reach besides the API server's."""


class Scheduler:
    """kube-scheduler: it gives pods to the node."""

    def __init__(self, context: ServerContext, api_server: ApiServer) -> None:
        self._context = context
        self._api_server = api_server
        self.process = Process("kube-scheduler", context.state)

    @property
    def address(self) -> str:
        """Its URL."""
        return f"https://{HOST}:{self._context.ports.of('kube-scheduler')}"

    def require_healthy(self) -> bool:
        """Return true when it runs and answers."""
        ca = str(self._context.authority.certificate)
        return require_success(fetch_health(self.process, f"{self.address}/healthz", verify=ca, timeout=5))

    def start(self) -> None:
        """Start it, and return when it is healthy."""
        kubeconfig = self._context.state / "kubernetes" / "scheduler.kubeconfig"
        authority = self._context.authority
        user = authority.pair("scheduler", common_name="system:kube-scheduler")
        write_kubeconfig(kubeconfig, self._api_server.address, authority.certificate, user)
        serving = authority.pair("kube-scheduler")
        self.process.start(
            [
                str(self._context.tools.path("kube-scheduler")),
                f"--kubeconfig={kubeconfig}",
                f"--authentication-kubeconfig={kubeconfig}",
                f"--authorization-kubeconfig={kubeconfig}",
                "--authentication-skip-lookup",
                f"--bind-address={HOST}",
                f"--secure-port={self._context.ports.free('kube-scheduler')}",
                f"--tls-cert-file={serving.certificate}",
                f"--tls-private-key-file={serving.key}",
                "--leader-elect=false",
            ],
            os.environ,
        )
        self.process.wait_until(self.require_healthy, 60)


class Node:
    """containerd and a kubelet, in namespaces of their own."""

    def __init__(self, context: ServerContext, api_server: ApiServer, azure: AzureEmulator) -> None:
        self._context = context
        self._api_server = api_server
        self._azure = azure
        self._home = context.state / "node"
        self._file = self._home / "node.json"
        self.process = Process("node", context.state)

    @property
    def address(self) -> str:
        """The kubelet's URL."""
        return f"https://{HOST}:{self._context.ports.of('kubelet')}"

    def require_healthy(self) -> bool:
        """Return true when the kubelet answers, and reaches the servers where they are now."""
        if not self._file.is_file() or Description.read(self._file).carried != self._carried():
            raise NotReadyError("it was started for servers that were elsewhere")
        admin = self._api_server.admin()
        return require_success(
            fetch_health(
                self.process,
                f"{self.address}/healthz",
                verify=str(self._context.authority.certificate),
                cert=(str(admin.certificate), str(admin.key)),
                timeout=5,
            )
        )

    def start(self) -> None:
        """Start it, and return when the cluster has it as ready."""
        authority, tools = self._context.authority, self._context.tools
        self.clear()
        for directory in (self._home, self._home / "root", self._home / "containerd", self._home / "images"):
            directory.mkdir(mode=0o700)
        kubeconfig = self._home / "kubelet.kubeconfig"
        user = authority.pair("kubelet-client", common_name=f"system:node:{NODE}", organization="system:nodes")
        write_kubeconfig(kubeconfig, self._api_server.address, authority.certificate, user)
        serving = authority.pair("kubelet")
        runtime = tools.container_runtime()
        kubelet = tools.path("kubelet")
        archives = images.write_all(
            self._home / "images", runtime / "bin/busybox", tools.path, authority.certificate, self._azure.environment()
        )
        port = self._context.ports.free("kubelet")
        Description(
            home=str(self._home),
            logs=str(self.process.log.parent),
            seen=[*map(str, (_PROJECT, sys.prefix, sys.base_prefix, kubelet.parent, runtime, self._context.state))],
            runtime=str(runtime),
            kubelet=str(kubelet),
            kubeconfig=str(kubeconfig),
            authority=str(authority.certificate),
            certificate=str(serving.certificate),
            certificate_key=str(serving.key),
            cgroup=f"strongroom-{port}",
            images=[*map(str, archives)],
            carried=self._carried(),
            kubelet_port=port,
        ).write(self._file)
        command = [sys.executable, "-m", "sandbox.node", str(self._file)]
        self.process.start(command, {**os.environ, "PYTHONPATH": str(_PROJECT)})
        self.process.wait_until(self.require_healthy, 60)
        self.process.wait_until(self._require_ready, 60)

    def clear(self) -> None:
        """Remove what a node that was killed left."""
        if self._home.is_dir():
            clear(self._home)
            shutil.rmtree(self._home)

    def install(self) -> None:
        """Install the driver and its providers, and return when their pods are ready."""
        authority = self._context.authority.certificate.read_text()
        self._api_server.apply(objects.build(self._context.tools.manifests(), authority))
        self.process.wait_until(self._require_driver, 60)

    def _require_driver(self) -> bool:
        core = self._api_server.core()
        pods: Any = core.list_namespaced_pod(objects.NAMESPACE)
        found = {owner: pod for pod in pods.items for owner in _owners(pod)}
        for owner in objects.DAEMON_SETS:
            # The kubelet would wait up to five minutes before it starts again what has died often.
            if _backs_off(found.get(owner)):
                core.delete_namespaced_pod(found.pop(owner).metadata.name, objects.NAMESPACE)
        waiting = [name for name in objects.DAEMON_SETS if not self._runs(found.get(name))]
        if waiting:
            raise NotReadyError(f"no pod is ready of {', '.join(waiting)}")
        # As JSON: the client's model takes no null, which a node without drivers has.
        known: Any = client.StorageV1Api(core.api_client).read_csi_node(NODE, _preload_content=False)
        if not json.loads(known.data)["spec"].get("drivers"):
            raise NotReadyError("the kubelet has not registered the driver yet")
        return True

    def _runs(self, pod: Any) -> bool:
        """Tell whether a pod is ready, and has been started since the node was."""
        states = pod.status.container_statuses or () if pod else ()
        began = self.process.born
        return bool(states) and all(
            state.ready and state.state.running and state.state.running.started_at.timestamp() >= began - 1
            for state in states
        )

    def _carried(self) -> list[tuple[str, int, int]]:
        ports = self._context.ports
        api_server = ports.of("kube-apiserver")
        own = [(HOST, port, port) for port in map(ports.of, _CARRIED)]
        return [(SERVICE, 443, api_server), (HOST, api_server, api_server), *own]

    def _require_ready(self) -> bool:
        core = self._api_server.core()
        try:
            found: Any = core.read_node(NODE)
        except ApiException as error:
            raise NotReadyError(f"the cluster has no node {NODE}: {error.reason}") from None
        if not found.status.addresses or found.status.addresses[0].address != HOST:
            addresses = [{"type": "InternalIP", "address": HOST}, {"type": "Hostname", "address": NODE}]
            core.patch_node_status(NODE, {"status": {"addresses": addresses}})
        if any(taint.key.startswith("node.cloudprovider") for taint in found.spec.taints or ()):
            kept = [taint for taint in found.spec.taints if not taint.key.startswith("node.cloudprovider")]
            core.patch_node(NODE, {"spec": {"taints": [core.api_client.sanitize_for_serialization(t) for t in kept]}})
        ready = next((each for each in found.status.conditions or () if each.type == "Ready"), None)
        if ready is None or ready.last_heartbeat_time.timestamp() < self.process.born - 1:
            raise NotReadyError("the kubelet has not said yet that the node is ready")
        if ready.status != "True":
            raise NotReadyError(f"the node is not ready: {ready.message}")
        return True


def _backs_off(pod: Any) -> bool:
    states = pod.status.container_statuses or () if pod else ()
    return any(state.state.waiting and state.state.waiting.reason == "CrashLoopBackOff" for state in states)


def _owners(pod: Any) -> Iterator[str]:
    if not pod.metadata.deletion_timestamp:
        yield from (owner.name for owner in pod.metadata.owner_references or ())
