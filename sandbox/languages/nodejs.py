"""Node.js's language host."""

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from pulumi.runtime.proto import language_pb2

from ..tools.environment import drop_emulator_proxy, list_proxies
from .host import Host

SDK_TOOL = "STRONGROOM_SDK_NODEJS"
"""Names the program that writes SDKs."""

_ATTEMPTS, _SECONDS = 2, 300
"""How often npm is tried, and for how many seconds: it may wait for ever where a registry does not respond."""

_ALREADY_TOLD = 32
"""The exit code of a program that has reported its user what is wrong."""


class NodejsHost(Host):
    """Runs TypeScript by the node and npm on PATH."""

    def plugin(self, kind: str, directory: Path, arguments: Sequence[str]) -> list[str]:
        """None of this project's plugins is written in TypeScript."""
        raise NotImplementedError(kind)

    def InstallDependencies(self, request: Any, context: Any) -> Iterator[Any]:
        """Install what package-lock.json says, and nothing else."""
        environment = drop_emulator_proxy(os.environ)
        for _ in range(_ATTEMPTS):
            try:
                done = subprocess.run(
                    ["npm", "ci", "--no-audit", "--no-fund", "--prefer-offline", "--maxsockets=4"],
                    cwd=request.info.program_directory,
                    env=environment,
                    capture_output=True,
                    check=False,
                    timeout=_SECONDS,
                )
            except subprocess.TimeoutExpired:
                yield language_pb2.InstallDependenciesResponse(stderr=f"npm took over {_SECONDS} s\n".encode())
                continue
            yield language_pb2.InstallDependenciesResponse(stdout=done.stdout, stderr=done.stderr)
            if done.returncode == 0:
                return
        proxies = ", ".join(f"{name}={value}" for name, value in list_proxies(environment).items())
        raise RuntimeError(f"npm failed {_ATTEMPTS} times, as shown above; proxies in use: {proxies or 'none'}")

    def GeneratePackage(self, request: Any, context: Any) -> Any:
        """Write the SDK of a package."""
        with NamedTemporaryFile("w", suffix=".json") as schema:
            schema.write(request.schema)
            schema.flush()
            subprocess.run([os.environ[SDK_TOOL], schema.name, request.directory], check=True)
        return language_pb2.GeneratePackageResponse()

    def Link(self, request: Any, context: Any) -> Any:
        """Do nothing: a program's package.json names its SDKs already."""
        return language_pb2.LinkResponse()

    def Run(self, request: Any, context: Any) -> Any:
        """Run a program to its end."""
        directory = Path(request.info.program_directory)
        options = {
            "monitor": request.monitor_address,
            "engine": self.engine,
            "organization": request.organization,
            "project": request.project,
            "stack": request.stack,
            "pwd": str(directory),
            "parallel": str(request.parallel),
        }
        done = subprocess.run(
            [
                "node",
                str(directory / "node_modules" / "@pulumi" / "pulumi" / "cmd" / "run"),
                *(word for name, value in options.items() if value for word in (f"--{name}", value)),
                *(["--dry-run"] if request.dryRun else []),
                request.info.entry_point,
            ],
            cwd=directory,
            env={
                **os.environ,
                "PULUMI_NODEJS_TYPESCRIPT": "true",
                "PULUMI_CONFIG": json.dumps(dict(request.config)),
                "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
            },
            check=False,
        )
        if done.returncode == _ALREADY_TOLD:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=f"the program ended with code {done.returncode}" * bool(done.returncode))
