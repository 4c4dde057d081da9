"""The sandbox as a whole: what runs, in which order, and where its state is."""

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .certificates import Authority
from .errors import SandboxError
from .next_steps import own_command
from .node.requirements import list_missing
from .orphans import end_orphans
from .ports import Ports
from .progress import Reporter
from .servers import Server, ServerContext, is_healthy
from .servers.azure import AzureEmulator
from .servers.etcd import Etcd
from .servers.kubernetes import ApiServer, ControllerManager
from .servers.node import Node, Scheduler
from .servers.vault import Vault
from .tools import ToolError, Tools
from .tools.catalogue import NODE, TOOLS, Tool

ROOT = Path(__file__).resolve().parent.parent


_NODE_LOGS = ("kube-scheduler", "node", "containerd", "kubelet")


def default_state() -> Path:
    """Return where a sandbox keeps its state: `STRONGROOM_SANDBOX`, or `.sandbox` in the project."""
    return Path(os.environ.get("STRONGROOM_SANDBOX") or ROOT / ".sandbox").absolute()


@dataclass(frozen=True)
class ServerStatus:
    """One server, now."""

    name: str
    healthy: bool
    pid: int | None
    address: str


class Sandbox:
    """etcd, kube-apiserver, kube-controller-manager, Vault and the Azure emulator, on loopback with TLS."""

    def __init__(self, reporter: Reporter, state: Path | None = None, tools: Tools | None = None) -> None:
        """
        :param reporter: Reported of what takes long.
        :param state: The state directory; defaults to `default_state()`.
        :param tools: Where programs come from.
        """
        self._reporter = reporter
        self.state = state or default_state()
        self.tools = tools or Tools(reporter, catalogue=(*TOOLS, *NODE))

    @property
    def exists(self) -> bool:
        """Whether there is a sandbox, running or not."""
        return (self.state / "ports.json").is_file()

    def require(self) -> None:
        """Make sure that there is a sandbox, running or not.

        :raises SandboxError: There is none.
        """
        if not self.exists:
            raise SandboxError(f"There is no sandbox in {self.state}: start it with `{own_command('up', ROOT)}`")

    def up(self, *, node: bool = False) -> None:
        """Start what doesn't run, heal what is broken, leave the rest alone.

        :param node: Have a node from now on, until the sandbox's state is deleted. Where the machine can't run one, the
            sandbox goes on without.
        :raises SandboxError: A server doesn't become healthy.
        :raises ToolError: A program can't be had.
        """
        self.state.mkdir(parents=True, exist_ok=True)
        self.state.chmod(0o700)
        # A server starts as soon as its own program is there, while the next ones are built.
        with self._alone(), self.tools.preparing([tool.name for tool in self.choose_tools(node=node)]):
            servers = self._servers()
            # Vault needs none of the others, nor they Vault. While tools are built, they are waited for in their order.
            is_there = self.tools.find("vault") is not None
            apart = [server for server in servers if is_there and server.process.name == "vault"]
            with ThreadPoolExecutor() as pool:
                started = pool.submit(self._start, apart)
                self._start([server for server in servers if server not in apart])
                self.api_server.install(self.tools.crds())
                started.result()
            self.tools.prepare([tool.name for tool in TOOLS])
            if self.has_node:
                self._start(self._node_servers())
                with self._reporter.step("starting the CSI driver and its providers"):
                    self._node.install()

    @property
    def has_node(self) -> bool:
        """Whether this sandbox has a node."""
        return self._node_marker.is_file()

    @property
    def _node_marker(self) -> Path:
        return self.state / "with-node"

    @property
    def _node(self) -> Node:
        return Node(self._context, self.api_server, self.azure)

    def choose_tools(self, *, node: bool) -> tuple[Tool, ...]:
        """List the tools that are needed, and note whether the sandbox has a node from now on.

        :param node: Whether one is asked for.
        """
        if not (node or self.has_node):
            return TOOLS
        self._node_marker.unlink(missing_ok=True)
        if missing := list_missing(self.state) or self._missing_runtime():
            self._reporter.note("The sandbox goes on without a node:")
            for line in missing:
                self._reporter.note(f"  {line}")
            return TOOLS
        self._node_marker.touch()
        return (*TOOLS, *NODE)

    def _missing_runtime(self) -> list[str]:
        try:
            self.tools.container_runtime()
        except ToolError as error:
            return [" ".join(str(error).split())]
        return []

    def _start(self, servers: Iterable[Server]) -> None:
        for server in servers:
            if not is_healthy(server):
                server.process.stop()
                if server.process.name in self.tools:
                    self.tools.path(server.process.name)
                with self._reporter.step(f"starting {server.process.name}"):
                    server.start()

    def down(self, *, purge: bool = False) -> None:
        """Stop what this sandbox started.

        :param purge: Delete its state too.
        """
        if not self.state.is_dir():
            return
        with self._alone():
            for server in reversed([*self._servers(), *self._node_servers()]):
                if server.process.pid:
                    with self._reporter.step(f"stopping {server.process.name}"):
                        server.process.stop()
            self._node.clear()
            # An engine that was killed leaves official plugins, with Vault's root token in their environment.
            end_orphans(self.state / "pulumi" / "home")
        if purge:
            shutil.rmtree(self.state)

    def status(self) -> list[ServerStatus]:
        """Return every server, now."""
        if not self.exists:
            return []
        return [
            ServerStatus(server.process.name, is_healthy(server), server.process.pid, server.address)
            for server in [*self._servers(), *(self._node_servers() if self.has_node else ())]
        ]

    def log(self, name: str) -> Path:
        """Return the log of the server `name`.

        :raises SandboxError: There is no such server, or no sandbox.
        """
        self.require()
        logs = {server.process.name: server.process.log for server in self._servers()}
        if self.has_node:
            logs |= {name: self.state / "logs" / f"{name}.log" for name in _NODE_LOGS}
        if name not in logs:
            raise SandboxError(f"There is no server {name!r}; there are {', '.join(logs)}")
        return logs[name]

    @property
    def authority(self) -> Authority:
        """Who signed the servers' certificates."""
        return self._context.authority

    @property
    def api_server(self) -> ApiServer:
        """The Kubernetes API server."""
        return ApiServer(self._context, Etcd(self._context))

    @property
    def vault(self) -> Vault:
        """Vault."""
        return Vault(self._context)

    @property
    def azure(self) -> AzureEmulator:
        """The Azure emulator."""
        return AzureEmulator(self._context, self.api_server)

    @property
    def _context(self) -> ServerContext:
        return ServerContext(self.state, Authority(self.state / "certificates"), Ports(self.state), self.tools)

    def _servers(self) -> list[Server]:
        context = self._context
        etcd = Etcd(context)
        api_server = ApiServer(context, etcd)
        return [
            etcd,
            api_server,
            ControllerManager(context, api_server),
            Vault(context),
            AzureEmulator(context, api_server),
        ]

    def _node_servers(self) -> list[Server]:
        context = self._context
        api_server = ApiServer(context, Etcd(context))
        return [Scheduler(context, api_server), Node(context, api_server, AzureEmulator(context, api_server))]

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self.state / "lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise SandboxError("Another command is starting or stopping this sandbox: wait for it") from None
            yield
