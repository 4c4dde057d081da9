"""What a command finds that `python -m sandbox exec` runs: the servers by variables, and programs on PATH."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from .certificates import write_private
from .errors import SandboxError
from .progress import Reporter
from .running import ROOT, Sandbox
from .tools import ToolError, Tools, default_cache
from .tools.catalogue import CHECKS, EXAMPLES, HELM
from .tools.environment import EMULATOR

LANGUAGES = {"nodejs": "pulumi-sdk-nodejs", "yaml": "pulumi-language-yaml"}
"""The languages, besides Python, that a program may be written in, and the tool that each needs."""

_ON_DEMAND = ("kubectl", "helm")
_NOT_FOUND = 127
"""The exit code of a shell for a command that isn't there."""


def parse_languages(text: str) -> list[str]:
    """Read a list such as `nodejs,yaml`.

    :raises SandboxError: One of them is none that the sandbox knows.
    """
    named = [word.strip() for word in text.split(",") if word.strip()]
    if unknown := [name for name in named if name not in {*LANGUAGES, "python"}]:
        raise SandboxError(
            f"--languages {text!r}: {', '.join(unknown)} can't be had: say one or more of {', '.join(LANGUAGES)}, "
            "separated by commas; Python needs nothing"
        )
    return [name for name in named if name in LANGUAGES]


class Shell:
    """A place for commands that work on the sandbox's servers."""

    def __init__(self, world: Sandbox, reporter: Reporter) -> None:
        """
        :param world: The sandbox, which must be up.
        :param reporter: Reported of builds.
        """
        self._world = world
        self._reporter = reporter
        self._tools = Tools(reporter, catalogue=EXAMPLES)

    def environment(self, languages: Sequence[str], *, azure: bool) -> dict[str, str]:
        """Build the variables by which clients find the servers.

        :param languages: Those of which the tool is named too; it is built where it is missing.
        :param azure: Whether clients find Azure, emulated. The proxy that they then have knows no other host.
        """
        authority, api_server = str(self._world.authority.certificate), self._world.api_server
        variables = {
            "VAULT_ADDR": self._world.vault.address,
            "VAULT_CACERT": authority,
            "KUBECONFIG": str(api_server.kubeconfig),
            "KUBERNETES_HOST": api_server.address,
            "KUBERNETES_CA": authority,
            "STRONGROOM_SIGNING_KEY": str(api_server.signing_key),
            "STRONGROOM_SANDBOX": str(self._world.state),
            "STRONGROOM_CACHE": str(default_cache()),
        }
        if "nodejs" in languages:
            variables["STRONGROOM_SDK_NODEJS"] = str(self._tools.path(LANGUAGES["nodejs"]))
        if azure:
            variables |= {**self._world.azure.environment(), "SSL_CERT_FILE": authority}
        return variables

    def note_proxy(self, environment: Mapping[str, str]) -> None:
        """Say where a command's proxy leads, if it is that of the emulated Azure."""
        if EMULATOR in environment:
            self._reporter.note(
                "HTTPS_PROXY leads to the emulated Azure and to nothing else: for npm, pip or go, put "
                "`env -u HTTPS_PROXY -u REQUESTS_CA_BUNDLE -u SSL_CERT_FILE` before the command, "
                "or run `exec --like local`"
            )

    def programs(self, languages: Sequence[str]) -> str:
        """Make what belongs on PATH available; directories, as PATH has them.

        kubectl and helm are made available when they are first run.
        """
        directory = self._world.state / "commands"
        directory.mkdir(exist_ok=True, mode=0o700)
        _write(
            directory / "strongroom",
            f'PYTHONPATH={shlex.quote(str(ROOT))}"${{PYTHONPATH:+:$PYTHONPATH}}"',
            "sandbox.strongroom",
        )
        if not os.environ.get("VIRTUAL_ENV"):
            for name in ("python", "python3"):
                _write(directory / name)
        for name in _ON_DEMAND:
            _put(directory / name, *self._on_demand(directory, name))
        found = [directory, self._world.tools.path("vault").parent]
        if "yaml" in languages:
            found.append(self._tools.path(LANGUAGES["yaml"]).parent)
        return os.pathsep.join(map(str, found))

    def _on_demand(self, directory: Path, name: str) -> list[str]:
        """Write the lines of a command that makes a tool available, and is then replaced by it.

        A build must reach the registries of modules, to which the emulator's proxy knows no way.
        """
        words = ["env"]
        for variable in {**self._world.azure.environment(), "SSL_CERT_FILE": ""}:
            words += [f"{variable}={os.environ[variable]}"] if variable in os.environ else []
            words[1:1] = [] if variable in os.environ else ["-u", variable]
        words += [f"PYTHONPATH={ROOT}", sys.executable, "-m", "sandbox.shell", str(directory), name]
        return [f"{shlex.join(words)} || exit 1", f'exec {shlex.quote(str(directory / name))} "$@"']

    def run(self, command: Sequence[str], environment: Mapping[str, str]) -> int:
        """Run a command to its end; its exit code.

        :raises SandboxError: There is no such command.
        """
        # An interrupt is for the command: a shell, or pulumi, decides what it means. A handler is not inherited.
        before = signal.signal(signal.SIGINT, lambda *_: None)
        try:
            program = shutil.which(command[0], path=environment["PATH"]) or command[0]
            return subprocess.run([program, *command[1:]], env=dict(environment), check=False).returncode
        except OSError as error:
            self._reporter.note(f"error: {command[0]} can't be run: {error.strerror}")
            return _NOT_FOUND
        finally:
            signal.signal(signal.SIGINT, before)


def _write(file: Path, variables: str = "", *module: str) -> None:
    """Write a command that runs this Python, with a module where one is named."""
    arguments = ["-m", *module] if module else []
    command = shlex.join([sys.executable, *arguments])
    _put(file, f'exec env {variables} {command} "$@"' if variables else f'exec {command} "$@"')


def _put(file: Path, *lines: str) -> None:
    write_private(file, "\n".join(["#!/bin/sh", *lines, ""]))
    file.chmod(0o700)


def main(directory: Path, name: str) -> None:
    """Make a tool available, and let its command in `directory` be that tool."""
    # Its own command is no such tool.
    elsewhere = [place for place in os.environ["PATH"].split(os.pathsep) if Path(place) != directory]
    os.environ["PATH"] = os.pathsep.join(elsewhere)
    try:
        program = Tools(Reporter(), catalogue=(*CHECKS, HELM)).path(name)
    except ToolError as error:
        sys.exit(f"error: {error}")
    _put(directory / name, f'exec {shlex.quote(str(program))} "$@"')


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
