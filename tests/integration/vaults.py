"""Vault servers that nobody has initialised, and a bootstrap that can be killed at any step."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sandbox.certificates import Authority, write_private
from sandbox.ports import HOST, Ports
from sandbox.process import Process
from sandbox.progress import Reporter
from sandbox.tools import Tools
from strongroom.components.vault.bootstrap.key_store import BootstrapState, KeyStore
from strongroom.components.vault.bootstrap.runner import BootstrapConfig
from strongroom.components.vault.client import VaultNode, create_client

from .processes import Processes

ROOT = Path(__file__).parents[2]
PLAN = BootstrapConfig(shares=3, threshold=2, timeout=60)


class Server:
    """One Vault with raft storage and TLS."""

    def __init__(self, home: Path, number: int, authority: Authority, ports: Ports) -> None:
        self.home = home / f"node-{number}"
        self.home.mkdir(parents=True, exist_ok=True)
        self.number = number
        self.process = Process(f"vault-{number}", self.home)
        self._authority = authority
        self._port = ports.of(f"vault-{number}")
        self._cluster = ports.of(f"cluster-{number}")
        self.node = VaultNode(address=f"https://{HOST}:{self._port}", ca_certificate=authority.certificate.read_text())

    def start(self, *, join: Sequence["Server"] = (), autopilot: bool = False, **more: Any) -> None:
        """Start it.

        :param join: Those of which it joins one by itself.
        :param autopilot: Let new peers vote after their first ten seconds only, as production does.
        :param more: More of its configuration.
        """
        data = self.home / "raft"
        data.mkdir(exist_ok=True)
        pair = self._authority.pair("vault")
        ca = str(self._authority.certificate)
        peers = [{"leader_api_addr": other.node.address, "leader_ca_cert_file": ca} for other in join]
        configuration = {
            "storage": {
                "raft": {
                    "path": str(data),
                    "node_id": f"node-{self.number}",
                    "performance_multiplier": 1,
                    "autopilot_reconcile_interval": "2s",
                    "autopilot_update_interval": "1s",
                    **({"retry_join": peers} if peers else {}),
                }
            },
            "listener": {
                "tcp": {
                    "address": f"{HOST}:{self._port}",
                    "cluster_address": f"{HOST}:{self._cluster}",
                    "tls_cert_file": str(pair.certificate),
                    "tls_key_file": str(pair.key),
                }
            },
            "api_addr": self.node.address,
            "cluster_addr": f"https://{HOST}:{self._cluster}",
            "disable_mlock": True,
            **more,
        }
        file = self.home / "vault.json"
        write_private(file, json.dumps(configuration))
        program = Tools(Reporter()).path("vault")
        environment = dict(os.environ) if autopilot else {**os.environ, "VAULT_RAFT_AUTOPILOT_DISABLE": "1"}
        self.process.start([str(program), "server", f"-config={file}"], environment)
        self.process.wait_until(lambda: self.state is not None, 60)

    def kill(self) -> None:
        """End it as a power cut would."""
        if pid := self.process.pid:
            os.kill(pid, signal.SIGKILL)
        self.process.stop()

    @property
    def state(self) -> dict[str, Any] | None:
        """What it says about itself; `None` where it doesn't answer."""
        try:
            return create_client(self.node).sys.read_seal_status()
        except Exception:
            return None

    @property
    def leader(self) -> str:
        """The address of its leader."""
        return create_client(self.node).sys.read_leader_status()["leader_address"]


class Servers:
    """Several of them, with one CA."""

    def __init__(self, home: Path, count: int) -> None:
        home.mkdir(parents=True, exist_ok=True)
        authority, ports = Authority(home / "certificates"), Ports(home)
        self.home = home
        self.all = [Server(home, number, authority, ports) for number in range(1, count + 1)]
        self.nodes = [server.node for server in self.all]

    def start(self, **more: Any) -> None:
        """Start all."""
        for server in self.all:
            server.start(**more)

    def stop(self) -> None:
        """Stop all."""
        for server in self.all:
            server.process.stop()

    def said(self) -> str:
        """All logs."""
        return "".join(path.read_text(errors="replace") for path in self.home.rglob("logs/*.log"))


@dataclass(frozen=True)
class Ran:
    """A bootstrap in a process of its own."""

    code: int
    steps: list[str]
    output: str
    seen: list[str]
    """Command lines and environments of all processes, as long as it ran."""

    address: str | None
    error: str | None


def run(
    nodes: Sequence[VaultNode],
    key_store: KeyStore,
    config: BootstrapConfig = PLAN,
    *,
    kill_at: str | None = None,
    operator: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> Ran:
    """Run bootstrap, and kill it as soon as it has done the step `kill_at`."""
    asked = {
        "nodes": [node.to_inputs() for node in nodes],
        "key_store": key_store.to_inputs(),
        "config": asdict(config),
        "kill_at": kill_at,
        "operator": operator,
    }
    with Processes() as seen:
        done = subprocess.run(
            [sys.executable, "-m", "tests.integration.bootstrap_once"],
            input=json.dumps(asked),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
        )
    code, output = done.returncode, done.stdout
    lines = output.splitlines()
    return Ran(
        code=code,
        steps=[line.removeprefix("step ") for line in lines if line.startswith("step ")],
        output=output,
        seen=[*seen.arguments, *(f"{program} {entry}" for program, entry in seen.environments)],
        address=next((line.removeprefix("address ") for line in lines if line.startswith("address ")), None),
        error=next((line.removeprefix("error ") for line in lines if line.startswith("error ")), None),
    )


def kept(key_store: KeyStore) -> BootstrapState:
    """Return what the key store has."""
    record = key_store.load()
    assert record
    return record
