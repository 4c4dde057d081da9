"""Where everything is measured: a sandbox of its own, gone when it ends."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.engine import Engine
from sandbox.plugins import attached
from sandbox.progress import Reporter
from sandbox.running import ROOT, Sandbox


@dataclass(frozen=True)
class Site:
    """Servers that are up, and what reaches them."""

    world: Sandbox
    """The servers."""

    environment: Mapping[str, str]
    """What the Pulumi CLI needs, plugins and language hosts among it."""

    reporter: Reporter
    """Reported of what happens."""

    @property
    def pulumi(self) -> str:
        """The Pulumi CLI."""
        return str(self.world.tools.path("pulumi"))


@contextmanager
def site(reporter: Reporter) -> Iterator[Site]:
    """A sandbox with a state directory of its own; it is stopped and deleted in the end, whatever happens.

    :raises SandboxError: It doesn't start.
    """
    os.umask(0o077)
    with tempfile.TemporaryDirectory(prefix="strongroom-benchmarks-") as directory:
        world = Sandbox(reporter, Path(directory) / "sandbox")
        try:
            world.up()
            engine = Engine(world, reporter)
            whole = {**os.environ, **engine.find_variables(like="local")}
            pulumi = world.tools.path("pulumi")
            clients = {"PYTHONPATH": str(ROOT), **world.azure.environment()}
            with attached(pulumi, engine.home / "home", whole, clients, reporter) as plugins:
                yield Site(world, {**whole, **plugins}, reporter)
        finally:
            world.down(purge=True)
