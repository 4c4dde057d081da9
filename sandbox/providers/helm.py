"""Helm releases, by the real Helm."""

import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import yaml

from ..certificates import write_private
from ..progress import Reporter
from ..tools import ToolError, Tools
from ..tools.catalogue import HELM
from .protocol import Properties, ProviderError, UnreadyError

RELEASE = "kubernetes:helm.sh/v3:Release"

_KNOWN = {
    *("name", "namespace", "chart", "version", "repositoryOpts", "values"),
    *("atomic", "skipAwait", "timeout", "createNamespace", "compat"),
}
_PATIENCE = 300
"""Seconds to wait where the program sets no timeout, as the official provider does."""

IMMUTABLE = ("name", "namespace")
"""What makes another release."""


def check(inputs: Properties, before: Properties, unique: str, name: str) -> Properties:
    """Give a release without a name the one it has, or a new one.

    :raises ProviderError: It wants what the fake doesn't know.
    """
    if unknown := sorted(key for key, value in inputs.items() if value and key not in _KNOWN):
        raise ProviderError(f"{', '.join(unknown)} of a Release is not in the sandbox's fake provider")
    return {**inputs, "name": inputs.get("name") or before.get("name") or f"{name}-{unique}"}


class Helm:
    """Runs Helm against one cluster. Values go by a file that nobody else reads, never by arguments."""

    def __init__(self, kubeconfig: str | None, context: str | None, home: Path) -> None:
        """
        :param kubeconfig: A file; defaults to the user's own.
        :param context: Its context.
        :param home: Where Helm keeps what it fetches, and values stay while it runs.
        """
        self._home = home
        self._context = context
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("HELM_")},
            **{f"HELM_{name}_HOME": str(home / name.lower()) for name in ("CACHE", "CONFIG", "DATA")},
            **({"KUBECONFIG": kubeconfig} if kubeconfig else {}),
        }
        self._tools = Tools(Reporter(), catalogue=(HELM,))
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()

    def install(self, inputs: Properties, namespace: str, timeout: float) -> tuple[str, Properties]:
        """Install a release, or upgrade it; its id and outputs."""
        name, id_ = inputs["name"], f"{namespace}/{inputs['name']}"
        try:
            with tempfile.TemporaryDirectory(dir=self._home) as directory:
                values = Path(directory) / "values.yaml"
                write_private(values, yaml.safe_dump(inputs.get("values") or {}))
                options = [*_source(inputs), *_options(inputs, timeout), f"--values={values}"]
                self._run(["upgrade", "--install", name, *options], namespace)
        except ProviderError as error:
            # One that was to be rolled back is gone; any other stays, and can be upgraded.
            if (status := self.status(name, namespace)) is not None:
                raise UnreadyError(str(error), id_, {**inputs, "status": status}) from None
            raise
        return id_, {**inputs, "status": self.status(name, namespace)}

    def status(self, name: str, namespace: str) -> Properties | None:
        """Return what Helm knows of a release; `None` where there is none."""
        found = self._listed(name, namespace)
        if found is None:
            return None
        chart, _, version = found["chart"].rpartition("-")
        return {
            "name": name,
            "namespace": namespace,
            "chart": chart,
            "version": version,
            "appVersion": found["app_version"],
            "revision": int(found["revision"]),
            "status": found["status"],
        }

    def values(self, name: str, namespace: str) -> Properties:
        """Return the values that a release was given."""
        return json.loads(self._run(["get", "values", name, "--output=json"], namespace)) or {}

    def uninstall(self, name: str, namespace: str, timeout: float) -> None:
        """Remove a release and everything of it."""
        wait = f"--timeout={int(timeout or _PATIENCE)}s"
        self._run(["uninstall", name, "--ignore-not-found", "--wait", wait], namespace)

    def cancel(self) -> None:
        """Stop what runs: Helm itself undoes what it has begun."""
        with self._lock:
            for process in self._running:
                process.terminate()

    def _listed(self, name: str, namespace: str) -> dict[str, Any] | None:
        arguments = ["list", "--all", f"--filter=^{name}$", "--output=json"]
        found: list[dict[str, Any]] = json.loads(self._run(arguments, namespace))
        return found[0] if found else None

    def _run(self, arguments: Sequence[str], namespace: str) -> str:
        context = [f"--kube-context={self._context}"] if self._context else []
        try:
            program = self._tools.path("helm")
        except ToolError as error:
            raise ProviderError(str(error)) from None
        process = subprocess.Popen(
            [str(program), *arguments, f"--namespace={namespace}", *context],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with self._lock:
            self._running.add(process)
        try:
            output, reported = process.communicate()
        finally:
            with self._lock:
                self._running.discard(process)
        if process.returncode != 0:
            raise ProviderError(f"helm {arguments[0]}: {reported.strip().removeprefix('Error: ')}")
        return output


def _source(inputs: Properties) -> list[str]:
    version = [f"--version={inputs['version']}"] if inputs.get("version") else []
    repository = (inputs.get("repositoryOpts") or {}).get("repo")
    return [inputs["chart"], *version, *([f"--repo={repository}"] if repository else [])]


def _options(inputs: Properties, timeout: float) -> Collection[str]:
    patience = int(inputs.get("timeout") or timeout or _PATIENCE)
    return [
        f"--timeout={patience}s",
        *(["--wait"] if not inputs.get("skipAwait") else []),
        *(["--atomic"] if inputs.get("atomic") else []),
        *(["--create-namespace"] if inputs.get("createNamespace") else []),
    ]
