"""An injector of Vault agents: what HashiCorp's does to a pod, by a webhook on loopback.

(Vault docs: "Vault Agent Injector")
"""

import base64
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from kubernetes import client, config

from sandbox.node.images import AGENT
from sandbox.running import Sandbox
from strongroom.components.kubernetes.agent_injection import INJECTED
from tests.integration.injected import configure, read_annotations

_NAME = "agent-injector"
_HOME, _TLS, _TOKEN = "/home/vault", "/vault/tls", "/var/run/secrets/vault"


def inject(pod: dict[str, Any]) -> dict[str, Any]:
    """Build the spec of a pod with the agent that its annotations ask for."""
    said, spec = read_annotations(pod["metadata"]["annotations"]), pod["spec"]
    files = {"name": "vault-secrets", "mountPath": said["secret-volume-path"]}
    once = said["agent-pre-populate-only"] == "true"
    mounts = [
        files,
        {"name": "vault-home", "mountPath": _HOME},
        {"name": "vault-tls", "mountPath": _TLS, "readOnly": True},
        {"name": said["agent-service-account-token-volume-name"], "mountPath": _TOKEN, "readOnly": True},
    ]
    memory = [{"name": each["name"], "emptyDir": {"medium": "Memory"}} for each in mounts[:2]]
    authority = {"name": "vault-tls", "secret": {"secretName": said["tls-secret"]}}
    agents = [_agent("vault-agent-init", said, mounts, once=True)]
    if not once:
        agents.append(_agent("vault-agent", said, mounts, once=False))
    containers = [{**each, "volumeMounts": [*each.get("volumeMounts", ()), files]} for each in spec["containers"]]
    return {
        **spec,
        "initContainers": agents[:1],
        "containers": [*containers, *agents[1:]],
        "volumes": [*spec["volumes"], *memory, authority],
    }


def _agent(name: str, said: dict[str, str], mounts: list[dict[str, Any]], *, once: bool) -> dict[str, Any]:
    configuration = configure(
        said,
        once=once,
        home=Path(_HOME),
        token=Path(_TOKEN, "token"),
        authority=Path(said["ca-cert"]),
        to=Path(said["secret-volume-path"]),
    )
    script = f"echo $VAULT_CONFIG | base64 -d > {_HOME}/{name}.json && exec vault agent -config={_HOME}/{name}.json"
    return {
        "name": name,
        "image": AGENT,
        "command": ["sh", "-ec", script],
        "env": [{"name": "VAULT_CONFIG", "value": base64.b64encode(json.dumps(configuration).encode()).decode()}],
        "volumeMounts": mounts,
        "securityContext": {
            "runAsUser": int(said["agent-run-as-user"]),
            "runAsGroup": int(said["agent-run-as-group"]),
            "runAsNonRoot": True,
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }


class _Webhook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
        patch = [{"op": "replace", "path": "/spec", "value": inject(request["object"])}]
        response = {
            "uid": request["uid"],
            "allowed": True,
            "patchType": "JSONPatch",
            "patch": base64.b64encode(json.dumps(patch).encode()).decode(),
        }
        self.send_response(200)
        self.end_headers()
        self.wfile.write(
            json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}).encode()
        )

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def injecting(world: Sandbox) -> Iterator[None]:
    """Have agents injected into pods that are made, for a while."""
    api = client.AdmissionregistrationV1Api(config.new_client_from_config(str(world.api_server.kubeconfig)))
    pair = world.authority.pair("injector")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.certificate, pair.key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Webhook)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hook = {
        "name": "vault.hashicorp.com",
        "clientConfig": {
            "url": f"https://127.0.0.1:{server.server_port}/mutate",
            "caBundle": base64.b64encode(world.authority.certificate.read_bytes()).decode(),
        },
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
        server.shutdown()
        server.server_close()
