"""A stack's whole life, with known secrets in it, and everything that was reported meanwhile."""

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import pytest

from sandbox.errors import SandboxError
from sandbox.running import ROOT, Sandbox
from tests.support.forked import run_ops
from tests.support.sandboxed import Project, copied
from tests.support.secret_scanner import Canary, SecretScanner, Sighting

from .processes import Processes

COMMANDS: Sequence[str] = (
    "verify",
    "verify --json",
    "preview",
    "preview --json",
    "preview --offline --markdown",
    "access",
    "access --json --html {written}/access.html --svg {written}/access.svg",
    "render --to {written}/rendered --patches-to {written}/patches --no-charts",
    "snippet --workload owners/refunds --for helm",
    "doctor",
    "doctor --json",
    "check",
    "check --json",
)
"""Commands of `ops` that look at a stack; those that the command line has not are skipped."""


class Lifecycle:
    """One stack, deployed, looked at, broken and destroyed, under the eyes of a watcher of processes."""

    def __init__(self, world: Sandbox, stack: str, home: Path) -> None:
        """
        :param world: The sandbox.
        :param stack: Which of its stacks.
        :param home: Where the project's copy and temporary files go.
        """
        (home / "project").mkdir()
        self._home = home
        self.temporary, self._written = home / "temporary", home / "written"
        self.temporary.mkdir()
        self._written.mkdir()
        self.world = world
        self.project = Project(copied(home / "project"), world, stack)
        self.canaries: list[Canary] = []
        self.reported: dict[str, str] = {}
        self.processes = Processes()
        self._patch = pytest.MonkeyPatch()

    def __enter__(self) -> Self:
        self._patch.setenv("TMPDIR", str(self.temporary))
        self._patch.setattr(tempfile, "tempdir", None)
        self.processes.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.processes.__exit__()
        self._patch.undo()

    def add(self, canary: Canary) -> str:
        """Look for this secret too; its value."""
        self.canaries.append(canary)
        return str(canary.value)

    def configure(self, path: str, canary: Canary) -> None:
        """Set a config secret, as its user does: by standard input."""
        self._pulumi("config set", "config", "set", "--secret", "--path", path, given=self.add(canary))

    def forget(self, *paths: str) -> None:
        """Take config values away."""
        for path in paths:
            self._pulumi("config rm", "config", "rm", "--path", path)

    def run(self, what: str, operation: Any) -> None:
        """Run `operation` on the stack."""
        with self._recorded(what):
            self.project.engine.run(operation, self.project.stack)

    def fails(self, what: str, operation: Any, *look: str) -> None:
        """Run `operation` on the stack, which must fail; then commands of `ops`, which fail or not."""
        with pytest.raises(SandboxError):
            self.run(what, operation)
        self.look(*look, during=what)

    def look(self, *commands: str, during: str = "") -> None:
        """Run those of the `commands` that there are.

        What is shown to other users of the machine, arguments and environments, is looked at once a command.

        :param during: What is wrong meanwhile; what they say then is all that is looked at.
        """
        from strongroom.ops.app import app  # noqa: PLC0415 - loads every command

        known = {entry.name or getattr(entry.callback, "__name__", "") for entry in app.registered_commands}
        watched: set[str] = set()
        for command in commands:
            first, *rest = command.format(written=self._written).split()
            if first in known:
                environment = {**self.project.environment, "TMPDIR": str(self.temporary)}
                arguments = [first, "--stack", self.project.stack, *rest]
                what = f"ops {command} {during}".strip()
                if during or first in watched:
                    done = run_ops(*arguments, environment=environment)
                    self._tell(what, done.stdout + done.stderr)
                else:
                    watched.add(first)
                    done = self._done(what, [sys.executable, "-m", "strongroom", *arguments], ROOT, environment)
                assert done.returncode in {0, 1}, f"{command}: {done.stderr}"

    def pulumi(self, what: str, *arguments: str) -> str:
        """Run the CLI on the stack with plugins; all that it said."""
        with self.project.engine.stack(self.project.stack) as driven:
            environment = {**os.environ, **dict(driven.workspace.env_vars)}
            self._pulumi(what, *arguments, environment=environment)
        return self.reported.pop(what)

    @cached_property
    def sightings(self) -> list[Sighting]:
        """Secrets in what was reported, in arguments of processes, in files."""
        scanner = SecretScanner(self.canaries)
        reported = [
            sighting for what, text in self.reported.items() for sighting in scanner.text(f"output of {what}", text)
        ]
        shown = scanner.text("arguments of processes", "\n".join(self.processes.arguments))
        return sorted({*reported, *shown, *scanner.files((self.world.state, self._home))})

    def environments(self) -> set[tuple[str, str, str]]:
        """Processes with a secret in their environment: the program, the variable's name, and the secret's."""
        scanner = SecretScanner(self.canaries)
        return {
            (program, entry.partition("=")[0], sighting.canary)
            for program, entry in self.processes.environments
            for sighting in scanner.known("", entry)
        }

    def _pulumi(
        self, what: str, *arguments: str, given: str | None = None, environment: dict[str, str] | None = None
    ) -> None:
        engine = self.project.engine
        program = self.world.tools.path("pulumi")
        command = [str(program), *arguments, "--stack", self.project.stack, "--non-interactive"]
        done = self._done(what, command, engine.home, environment or {**os.environ, **engine.environment()}, given)
        assert done.returncode == 0, done.stderr

    def _done(
        self, what: str, command: Sequence[str], home: Path, environment: dict[str, str], given: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command, cwd=home, env=environment, input=given, capture_output=True, text=True, check=False
        )
        self._tell(what, done.stdout + done.stderr)
        return done

    def _tell(self, what: str, text: str) -> None:
        self.reported[what] = self.reported.get(what, "") + text

    @contextlib.contextmanager
    def _recorded(self, what: str) -> Iterator[None]:
        """Keep all that this process and its children say, exceptions included."""
        with tempfile.TemporaryFile("w+", dir=self.temporary.parent) as file:
            kept = [os.dup(1), os.dup(2)]
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
            try:
                with contextlib.redirect_stdout(file), contextlib.redirect_stderr(file):
                    yield
            except Exception as error:
                print(repr(error), error.__cause__, error.__context__, file=file)
                raise
            finally:
                file.flush()
                for number, saved in enumerate(kept, 1):
                    os.dup2(saved, number)
                    os.close(saved)
                file.seek(0)
                self._tell(what, file.read())
