"""HashiCorp's injector of Vault agents, as a process of this machine: the API server reaches no pod."""

import base64
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kubernetes import client, config

from sandbox.node.images import AGENT
from sandbox.ports import HOST, find_free_port
from sandbox.process import Process
from sandbox.progress import Reporter
from sandbox.running import Sandbox
from sandbox.servers.health import fetch_health, require_success
from sandbox.tools import Tools
from sandbox.tools.catalogue import INJECTOR
from strongroom.components.kubernetes.agent_injection import INJECTED

_NAME = "agent-injector"

_AS_A_POD = """
mount -t tmpfs -o mode=0700 injector /run
mkdir -p /run/secrets/kubernetes.io/serviceaccount
cd /run/secrets/kubernetes.io/serviceaccount
cp "$1" ca.crt
printf %s "$TOKEN" > token
shift
exec "$@"
"""
"""Gives it what a pod finds of its service account, in mounts that no other process sees."""


@contextmanager
def injecting(world: Sandbox) -> Iterator[None]:
    """Have agents injected into pods that are made, for a while."""
    connected = config.new_client_from_config(str(world.api_server.kubeconfig))
    address, authority, pair = f"{HOST}:{find_free_port()}", world.authority.certificate, world.authority.pair(_NAME)
    process = Process(_NAME, world.state)

    def is_ready() -> bool:
        found = fetch_health(process, f"https://{address}/health/ready", verify=str(authority), timeout=5)
        return require_success(found)

    process.start(
        [
            *("unshare", "--mount", "sh", "-ec", _AS_A_POD, "sh", str(authority)),
            *(str(Tools(Reporter(), catalogue=(INJECTOR,)).path("vault-k8s")), "agent-inject"),
            *(f"-listen={address}", f"-tls-cert-file={pair.certificate}", f"-tls-key-file={pair.key}"),
            *(f"-vault-address={world.vault.address}", f"-vault-image={AGENT}"),
            # A share of two cores, throttled, makes a start take ten times as long.
            "-cpu-limit=2",
        ],
        {
            "PATH": os.environ["PATH"],
            "KUBERNETES_SERVICE_HOST": HOST,
            "KUBERNETES_SERVICE_PORT": world.api_server.address.rpartition(":")[2],
            "TOKEN": _request_token(client.CoreV1Api(connected)),
        },
    )
    try:
        process.wait_until(is_ready, 30)
        with _registered(client.AdmissionregistrationV1Api(connected), f"https://{address}/mutate", authority):
            yield
    finally:
        process.stop()


def _request_token(core: client.CoreV1Api) -> str:
    token: Any = core.create_namespaced_service_account_token("default", "default", {"spec": {}})
    return token.status.token


@contextmanager
def _registered(api: client.AdmissionregistrationV1Api, url: str, authority: Path) -> Iterator[None]:
    hook = {
        "name": "vault.hashicorp.com",
        "clientConfig": {"url": url, "caBundle": base64.b64encode(authority.read_bytes()).decode()},
        "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}],
        "objectSelector": {"matchLabels": INJECTED},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    api.create_mutating_webhook_configuration({"metadata": {"name": _NAME}, "webhooks": [hook]})
    try:
        yield
    finally:
        api.delete_mutating_webhook_configuration(_NAME)
