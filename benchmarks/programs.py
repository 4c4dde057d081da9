"""The two programs that are compared: Strongroom's own, and the same by hand."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from sandbox.certificates import write_private
from sandbox.running import ROOT
from strongroom.ops.pulumi.state import hide_secrets

from . import shape
from .measure import Usage, measured
from .site import Site

STACK = "bench"

_OPTIONS = ("--stack", STACK, "--non-interactive", "--color=never", "--suppress-progress", "--suppress-outputs")
_COMMANDS = {
    "preview": ("preview",),
    "up": ("up", "--yes", "--skip-preview"),
    "destroy": ("destroy", "--yes", "--skip-preview"),
}

AT_THE_END = {"PULUMI_SKIP_CHECKPOINTS": "true"}
"""Makes the engine write its state when it ends, and not before and after each step."""


class Program:
    """A program, its stack, and the engine that runs it."""

    declared: Counter[str]
    """Type, name, inputs and dependencies of each resource that it deploys and that is not a component, as text."""

    def __init__(self, name: str, site: Site, main: Path, settings: dict[str, Any], project: dict[str, Any]) -> None:
        """
        :param name: What it is called.
        :param site: Where it runs.
        :param main: The program's file.
        :param settings: Its stack's configuration.
        :param project: Its Pulumi.yaml.
        """
        self.name = name
        self.directory = site.world.state / name
        self._site = site
        self.environment = {**site.environment, "STRONGROOM_WORKSPACE": str(self.directory)}
        """What commands on its stack find in their environment."""

        (self.directory / "stacks").mkdir(parents=True, exist_ok=True)
        write_private(self.directory / "Pulumi.yaml", yaml.safe_dump({**project, "stackConfigDir": "stacks"}))
        (self.directory / "__main__.py").unlink(missing_ok=True)
        (self.directory / "__main__.py").symlink_to(main)
        self._pulumi("stack", "select", "--create", STACK)
        file = self.directory / "stacks" / f"Pulumi.{STACK}.yaml"
        kept: dict[str, Any] = yaml.safe_load(file.read_text()) if file.is_file() else {}
        write_private(file, yaml.safe_dump({**kept, "config": settings}))
        self.declared = Counter[str]()

    def run(self, operation: str, *options: str, **variables: str) -> Usage:
        """Run an operation of the engine, measured.

        :param options: More of the CLI's options.
        :param variables: More of its environment.
        :raises FailedError: It fails.
        """
        return self._pulumi(*_COMMANDS[operation], *_OPTIONS, *options, **variables)

    def note(self) -> None:
        """Keep what is deployed now as what the program declares."""
        export = self.directory / "export.json"
        self._pulumi("stack", "export", "--stack", STACK, "--file", str(export))
        resources: list[dict[str, Any]] = json.loads(export.read_text())["deployment"].get("resources", [])
        self.declared = Counter(described(resource) for resource in resources if resource["custom"])

    def _pulumi(self, *words: str, **variables: str) -> Usage:
        return measured(
            [self._site.pulumi, *words],
            {**self.environment, **variables},
            self.directory,
            self.directory / "pulumi.log",
        )


def strongroom(site: Site, count: int) -> Program:
    """Strongroom's program with `count` workloads, which `ops` knows as the stack `bench`."""
    project: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    return Program("strongroom", site, ROOT / "__main__.py", _settings(site, count), project)


def _settings(site: Site, count: int) -> dict[str, Any]:
    return {
        "strongroom:backend": {
            "kind": "vault",
            "address": site.world.vault.address,
            "caCertificate": str(site.world.authority.certificate),
            "mount": {"path": "bench", "create": True},
            "providerCaPath": "/vault/tls/ca.crt",
        },
        "strongroom:kubernetes": {
            "kubeconfig": str(site.world.api_server.kubeconfig),
            "install": "existing",
            "waitForRollout": False,
        },
        "strongroom:seeds": {
            team: {"username": {"generate": {"length": 16, "special": False}}, "password": {"generate": {"length": 32}}}
            for team in shape.teams(count)
        },
        "strongroom:workloads": shape.workloads(count),
    }


def plain(site: Site, count: int) -> Program:
    """The same `count` workloads by hand."""
    main = ROOT / "benchmarks" / "plain" / "vault.py"
    settings = {
        "plain:count": count,
        "plain:kubeconfig": str(site.world.api_server.kubeconfig),
        "plain:vaultAddress": site.world.vault.address,
        "plain:vaultCa": str(site.world.authority.certificate),
    }
    return Program("plain", site, main, settings, {"name": "plain", "runtime": "python"})


def described(resource: dict[str, Any]) -> str:
    """Type, name, inputs without secrets and dependencies of a resource of a state, as text."""
    after = sorted(_place(urn) for urn in resource.get("dependencies") or ())
    provider = resource["type"].startswith("pulumi:providers:")
    # What a provider is reported depends on the SDK's version alone, and on tokens.
    inputs = {} if provider else hide_secrets(resource.get("inputs") or {})
    return json.dumps([*_place(resource["urn"]), inputs, after], sort_keys=True)


def _place(urn: str) -> tuple[str, str]:
    _, _, types, name = urn.split("::", 3)
    return types.rpartition("$")[2], name
