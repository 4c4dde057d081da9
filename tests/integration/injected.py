"""The agent that the injector would put into a pod: the real one, configured as the pod's annotations amount to.

(Vault docs: "Vault Agent Injector annotations", "Vault Agent configuration")
"""

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kubernetes import client, config

from sandbox.certificates import write_private
from sandbox.running import Sandbox
from strongroom.ops.cluster.client import ClusterClient
from strongroom.ops.pulumi.stack import Cluster

_SAYS = "vault.hashicorp.com/"


def read_annotations(annotations: Mapping[str, str]) -> dict[str, str]:
    """What a pod's annotations say to the injector."""
    return {name.removeprefix(_SAYS): value for name, value in annotations.items() if _SAYS in name}


def configure(said: Mapping[str, str], *, once: bool, home: Path, token: Path, authority: Path, to: Path) -> Any:
    """The configuration of an agent, as annotations amount to it.

    :param said: What they say.
    :param once: Whether it leaves when it has written its files.
    :param home: Where it keeps what is its own.
    :param token: The token of the service account.
    :param authority: Who signed Vault's certificate.
    :param to: Where it writes files.
    """
    numbers = [name.rpartition("-")[2] for name in said if name.startswith("agent-inject-template-")]
    return {
        "exit_after_auth": once,
        "pid_file": str(home / "pid"),
        "vault": {"address": said["service"], "ca_cert": str(authority)},
        "auto_auth": {
            "method": {
                "type": "kubernetes",
                "mount_path": said["auth-path"],
                "config": {"role": said["role"], "token_path": str(token)},
            },
            "sink": [{"type": "file", "config": {"path": str(home / "vault-token"), "mode": 0o600}}],
        },
        "template": [
            {
                "destination": str(to / said[f"agent-inject-file-{number}"]),
                "contents": said[f"agent-inject-template-{number}"],
                "perms": said.get(f"agent-inject-perms-{number}", "0644"),
            }
            for number in numbers
        ],
        "template_config": {
            "exit_on_retry_failure": True,
            "static_secret_render_interval": said.get("template-static-secret-render-interval", "5m"),
        },
    }


@dataclass
class Agent:
    """What was injected into the pods of one Deployment or into one bare Pod, run on this machine."""

    world: Sandbox
    home: Path
    namespace: str
    template: Any
    """The pods' metadata and spec, as they stand in the cluster."""

    account: str | None = None
    """Another service account to run as."""

    files: Path = field(init=False)
    """Where the mount path of the containers is."""

    def __post_init__(self) -> None:
        self.files = self.home / "mounted"
        self.said = read_annotations(self.template.metadata.annotations)

    def run(self) -> int:
        """Run it as the init container would be, to its end; its exit code."""
        return subprocess.run(
            self._command(once=True), check=False, stdout=self._log(), stderr=subprocess.STDOUT, timeout=60
        ).returncode

    @contextmanager
    def beside(self) -> "Iterator[subprocess.Popen[bytes]]":
        """Run it as the sidecar would be."""
        process = subprocess.Popen(self._command(once=False), stdout=self._log(), stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(20)

    def read(self, file: str) -> bytes:
        return (self.files / file).read_bytes()

    def log(self) -> str:
        return (self.home / "log").read_text()

    def _log(self) -> Any:
        return (self.home / "log").open("w")

    def _command(self, *, once: bool) -> list[str]:
        here = self.home / "config.json"
        write_private(self.home / "token", self._token())
        configuration = configure(
            self.said, once=once, home=self.home, token=self.home / "token", authority=self._authority(), to=self.files
        )
        here.write_text(json.dumps(configuration))
        return [str(self.world.tools.path("vault")), "agent", f"-config={here}"]

    def _token(self) -> str:
        """What kubelet would put into the volume that the annotations name."""
        volumes = {volume.name: volume for volume in self.template.spec.volumes}
        (source,) = volumes[self.said["agent-service-account-token-volume-name"]].projected.sources
        cluster = ClusterClient(Cluster(kubeconfig=str(self.world.api_server.kubeconfig)))
        account = self.account or self.template.spec.service_account_name
        return cluster.request_token(self.namespace, account, source.service_account_token.audience)

    def _authority(self) -> Path:
        """What the injector would mount of the Secret that the annotations name."""
        cluster = ClusterClient(Cluster(kubeconfig=str(self.world.api_server.kubeconfig)))
        held = cluster.read_secret(self.namespace, self.said["tls-secret"])
        file = self.home / "ca.crt"
        file.write_text(held[Path(self.said["ca-cert"]).name])
        return file


def agent(world: Sandbox, home: Path, namespace: str, name: str, **other: Any) -> Agent:
    """The agent of the Deployment `name`, or of the bare Pod."""
    api = config.new_client_from_config(str(world.api_server.kubeconfig))
    home.mkdir()
    found = [
        item for item in client.AppsV1Api(api).list_namespaced_deployment(namespace).items if item.metadata.name == name
    ]
    template: Any = found[0].spec.template if found else client.CoreV1Api(api).read_namespaced_pod(name, namespace)
    return Agent(world, home, namespace, template, **other)
