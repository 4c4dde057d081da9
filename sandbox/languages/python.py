"""Python's language host."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pulumi.runtime.proto import language_pb2

from .host import Host
from .program import run_program


class PythonHost(Host):
    """Runs Python by the interpreter of the virtual environment that a project names; else by the sandbox's."""

    def plugin(self, kind: str, directory: Path, arguments: Sequence[str]) -> list[str]:
        """Return a plugin's command: the SDK runs a policy pack, its directory last; a component runs by itself."""
        if kind == "analyzer":
            described = yaml.safe_load((directory / "PulumiPolicy.yaml").read_text())
            runtime = described.get("runtime")
            options = runtime.get("options") or {} if isinstance(runtime, dict) else {}
            return [_find_python(directory, options), "-u", "-m", "pulumi.policy", *arguments, str(directory)]
        return [sys.executable, "-u", str(directory), *arguments]

    def Run(self, request: Any, context: Any) -> Any:
        """Run a program to its end, as the Automation API runs one."""
        request.args.insert(0, self.engine)
        python = _find_python(Path(request.info.root_directory), dict(request.info.options))
        return run_program(request) if python == sys.executable else _run_by(python, request)


def _find_python(root: Path, options: Mapping[str, Any]) -> str:
    """Find the interpreter of a project. (Pulumi docs: "Python": the option `virtualenv`)

    The official host refuses a directory that isn't there; here it stands for the sandbox's own.
    """
    environment = root / str(options.get("virtualenv") or "")
    python = environment / "bin" / "python"
    if not options.get("virtualenv") or not python.exists() or environment.resolve() == Path(sys.prefix).resolve():
        return sys.executable
    return str(python)


def _run_by(python: str, request: Any) -> Any:
    """Run a program by an interpreter of its own, which has an SDK and knows nothing of the sandbox's modules."""
    with tempfile.TemporaryDirectory() as directory:
        asked, answered = Path(directory, "request"), Path(directory, "response")
        asked.write_bytes(request.SerializeToString())
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        program = Path(__file__).with_name("program.py")
        done = subprocess.run([python, "-u", str(program), str(asked), str(answered)], env=environment, check=False)
        if done.returncode != 0:
            return language_pb2.RunResponse(error=f"{python} ended with {done.returncode}, as said above")
        return language_pb2.RunResponse.FromString(answered.read_bytes())
