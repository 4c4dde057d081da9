"""The first Ctrl-C, while dynamic resources wait: the real engine, and the SDK's own host."""

import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
import yaml

from sandbox.plugins import _programs
from sandbox.progress import Reporter
from sandbox.running import ROOT
from sandbox.scratch import SCRATCH
from sandbox.tools import Tools

pytestmark = pytest.mark.integration

PROGRAM = """\
import pulumi
from strongroom.components.azure.clouds import PUBLIC
from strongroom.components.azure.identities.base import Federation
from strongroom.components.azure.access_gate import AccessReady

for number in range(6):
    AccessReady(
        f"ready-{number}",
        federation=Federation("https://issuer.example.net/", "shop", f"orders-{number}"),
        client_id="00000000-0000-0000-0000-000000000002",
        tenant_id="00000000-0000-0000-0000-000000000001",
        cloud=PUBLIC,
        vault_url="https://kv-shop.vault.azure.net",
        objects=[],
        by_value=False,
        kubeconfig=pulumi.Config().require("kubeconfig"),
        context=None,
        timeout=300,
        granted=[],
    )
"""


class Cluster(threading.Thread):
    """Ends each connection without an answer."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.asked = threading.Event()
        self.start()

    def kubeconfig(self, file: Path) -> Path:
        """Write a kubeconfig of it."""
        server = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        named = {"name": "x"}
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{**named, "cluster": {"server": server}}],
            "users": [{**named, "user": {"token": "none"}}],
            "contexts": [{**named, "context": {"cluster": "x", "user": "x"}}],
            "current-context": "x",
        }
        file.write_text(yaml.safe_dump(document))
        return file

    def run(self) -> None:
        while True:
            self._listener.accept()[0].close()
            self.asked.set()


def test_one_interrupt_ends_an_update_while_more_gates_wait_than_the_host_has_threads(tmp_path: Path) -> None:
    cluster = Cluster()
    project = {"name": "cancelling", "runtime": "python"}
    (tmp_path / "Pulumi.yaml").write_text(yaml.safe_dump(project))
    (tmp_path / "__main__.py").write_text(PROGRAM)
    kubeconfig = cluster.kubeconfig(tmp_path / "kubeconfig")
    (tmp_path / "state").mkdir()
    programs = _programs(tmp_path / "bin", os.environ, {SCRATCH: str(tmp_path / "scratch"), "PYTHONPATH": str(ROOT)})
    environment = {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "of a test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    pulumi = [str(Tools(Reporter()).path("pulumi")), "--non-interactive", "--cwd", str(tmp_path), "--stack", "test"]
    subprocess.run([*pulumi[:-2], "stack", "init", "test"], env=environment, check=True, capture_output=True)
    configured = [*pulumi, "config", "set", "kubeconfig", str(kubeconfig)]
    subprocess.run(configured, env=environment, check=True, capture_output=True)
    with subprocess.Popen(
        [*pulumi, "up", "--yes", "--skip-preview"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as update:
        assert cluster.asked.wait(60)
        # As a terminal does: to the process group, in which the plugins are not.
        begun = time.monotonic()
        os.killpg(update.pid, signal.SIGINT)
        said, _ = update.communicate(timeout=60)
    assert update.returncode != 0
    assert time.monotonic() - begun < 15, said
    assert "cancelled while waiting until shop/orders-" in said
    assert "Traceback" not in said
