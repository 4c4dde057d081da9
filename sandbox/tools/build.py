"""Builds from pinned Go modules."""

import contextlib
import fcntl
import hashlib
import json
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from .catalogue import MODULES, Adaptation, Source, Tool
from .environment import list_proxies
from .errors import ToolError, full, no_room

_GO = (1, 26)
_TAIL = 20

_PAUSES = (2, 10)
"""Seconds before a build is tried again that a proxy of Go modules refused a module. Where no proxy can be reached at
all, nothing is tried again."""

_REFUSED = re.compile(r'@v?[\w.+-]+: (Get "https?://[^"\n]*": (?!dial )|reading https?://\S+: (403|429|5\d\d) )')
_NO_MODULE = re.compile(r'Get "https?://|reading https?://|dial tcp|proxyconnect')


class Workplace:
    """Where a tool is built, and with what."""

    def __init__(self, tool: Tool, cache: Path, environment: Mapping[str, str]) -> None:
        """
        :param cache: Where logs and adapted sources are kept.
        :param environment: The environment of all commands.
        """
        self.tool = tool
        self.cache = cache
        self._environment = environment
        self._running: set[subprocess.Popen[str]] = set()

    def fetch(self) -> None:
        """Get all modules that the build needs, so that it finds them there; unless another run is at it.

        :raises ToolError: Go is missing or too old, or the tool's own source can't be had.
        """
        command = [*self._go("list", "-deps"), *self._tags(), self.tool.build.package]
        with contextlib.suppress(BlockingIOError), self._directory(fcntl.LOCK_NB) as directory:
            self._run(command, directory, lambda _: None)

    def build(self, target: Path, on_link: Callable[[], None] = lambda: None) -> None:
        """Build the tool and put it at `target`.

        :param on_link: Called when nothing is left to compile but the program's last package.
        :raises ToolError: Go is missing or too old, or the build failed.
        """
        tool = self.tool
        log = self.cache / "logs" / f"{tool.name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        command = [*self._go("build", "-v"), *tool.build.flags, "-o", str(target), tool.build.package]

        def look(line: str) -> None:
            if line.strip() == tool.build.package:
                on_link()

        code, text = 1, ""
        with self._directory() as directory:
            for pause in (0, *_PAUSES):
                time.sleep(pause)
                code, text = self._run(command, directory, look)
                log.write_text(text)
                if code == 0 or not _REFUSED.search(text):
                    break
        if code != 0:
            if no_room(text):
                raise full(tool.name, self.cache, *_go_directories(self._go()[0], self._environment))
            tail = "\n".join(text.splitlines()[-_TAIL:])
            reported = f"{tool.name} {tool.version} could not be built from {tool.build.package} ({log}):\n{tail}"
            raise ToolError(
                f"{reported}\n{_describe_proxies(self._environment)}" if _NO_MODULE.search(text) else reported
            )

    def stop(self) -> None:
        """End the build."""
        for process in tuple(self._running):
            process.terminate()

    def _run(self, command: list[str], directory: Path, look: Callable[[str], None]) -> tuple[int, str]:
        """Go's exit code, and all that it said."""
        lines: list[str] = []
        with subprocess.Popen(
            command,
            cwd=directory,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
        ) as process:
            self._running.add(process)
            assert process.stdout is not None  # noqa: S101 - it was asked for above
            for line in process.stdout:
                lines.append(line)
                look(line)
        self._running.discard(process)
        return process.returncode, "".join(lines)

    @contextlib.contextmanager
    def _directory(self, operation: int = 0) -> Iterator[Path]:
        """Yield the directory of the module file; nobody changes the copy of a source meanwhile.

        :param operation: `LOCK_NB` to raise `BlockingIOError` where another run has to be waited for.
        """
        build = self.tool.build
        modules = MODULES / build.directory
        if not build.source:
            yield modules
            return
        workshop = self.cache / "build" / build.directory
        workshop.parent.mkdir(parents=True, exist_ok=True)
        stamp, recipe = workshop / ".recipe", digest_recipe(build.directory, asdict(build.source))
        with workshop.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | operation)
            while not stamp.is_file() or stamp.read_text() != recipe:
                fcntl.flock(lock, fcntl.LOCK_EX | operation)
                if not stamp.is_file() or stamp.read_text() != recipe:
                    module = module_directory(self._go()[0], self.tool.name, build.source, self._environment)
                    _fill(workshop, self.tool.name, modules, module, build.source)
                    stamp.write_text(recipe)
                fcntl.flock(lock, fcntl.LOCK_SH | operation)
            yield workshop

    def _go(self, *arguments: str) -> list[str]:
        go = go_program(self.tool.name, self._environment)
        return [go, *arguments, "-mod=readonly"] if arguments else [go]

    def _tags(self) -> list[str]:
        flags = list(self.tool.build.flags)
        return flags[flags.index("-tags") :][:2] if "-tags" in flags else []


def digest_recipe(directory: str, *parts: object) -> str:
    """Return a digest of `parts` and of the files in a directory of modules."""
    digest = hashlib.sha256(repr(parts).encode())
    for file in sorted((MODULES / directory).rglob("*")):
        if file.is_file():
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _describe_proxies(environment: Mapping[str, str]) -> str:
    proxies = list_proxies(environment)
    listed = ", ".join(f"{name}={value}" for name, value in proxies.items())
    return f"Modules were asked for through {listed}" if listed else "No proxy is set: modules were asked for directly"


def module_directory(go: str, tool: str, source: Source, environment: Mapping[str, str]) -> Path:
    """Return the directory of a Go module, once its checksum is what is pinned.

    :raises ToolError: It can't be had, or is not what is pinned.
    """
    done = subprocess.run(
        [go, "mod", "download", "-json", source.module],
        capture_output=True,
        text=True,
        check=False,
        cwd=MODULES,
        env=environment,
    )
    try:
        described: dict[str, str] = json.loads(done.stdout)
    except ValueError:
        described = {"Error": done.stderr.strip()}
    if no_room(described.get("Error", "")):
        raise full(tool, *_go_directories(go, environment))
    if "Error" in described:
        raise ToolError(
            f"{tool}: the Go module {source.module} can't be had: {described['Error']}\n"
            f"{_describe_proxies(environment)}"
        )
    if described["Sum"] != source.sum:
        raise ToolError(f"{tool}: the Go module {source.module} has the checksum {described['Sum']}, not {source.sum}")
    return Path(described["Dir"])


def go_program(tool: str, environment: Mapping[str, str]) -> str:
    """Return the Go that can build `tool`.

    :raises ToolError: Go is missing or too old.
    """
    go = shutil.which("go", path=environment.get("PATH"))
    needed = ".".join(map(str, _GO))
    if go is None:
        raise ToolError(f"{tool}: comes from Go modules, and there is no Go on PATH: install Go {needed} or newer")
    version = subprocess.run(
        [go, "env", "GOVERSION"], capture_output=True, text=True, check=False, env=environment
    ).stdout
    found = re.match(r"go(\d+)\.(\d+)", version)
    if not found or (int(found[1]), int(found[2])) < _GO:
        raise ToolError(
            f"{tool}: comes from Go modules, and Go on PATH is {version.strip()}: install Go {needed} or newer"
        )
    return go


def _go_directories(go: str, environment: Mapping[str, str]) -> list[Path]:
    command = [go, "env", "GOCACHE", "GOMODCACHE"]
    reported = subprocess.run(command, capture_output=True, text=True, check=False, env=environment).stdout
    temporary = environment.get("GOTMPDIR") or tempfile.gettempdir()
    return [Path(line) for line in (temporary, *reported.splitlines()) if Path(line).is_absolute()]


def _fill(workshop: Path, tool: str, modules: Path, module: Path, source: Source) -> None:
    if workshop.exists():
        shutil.rmtree(workshop)
    _copy(module, workshop / "src", source.dropped)
    _copy(modules, workshop)
    for adaptation in source.adaptations:
        _adapt(tool, workshop / "src", source, adaptation)


def _adapt(tool: str, copy: Path, source: Source, adaptation: Adaptation) -> None:
    file = copy / adaptation.file
    text = file.read_text() if file.is_file() else ""
    if (count := text.count(adaptation.before)) != 1:
        raise ToolError(
            f"{tool}: {adaptation.file} of {source.module} has the expression to adapt {count} times, not once: "
            f"{adaptation.before!r}. The catalogue's adaptation belongs to another version"
        )
    start, _, rest = text.partition(adaptation.before)
    if adaptation.until is not None:
        _, end, rest = rest.partition(adaptation.until) if adaptation.until else ("", "", "")
        if end != adaptation.until:
            raise ToolError(
                f"{tool}: {adaptation.file} of {source.module} lacks {adaptation.until!r} after "
                f"{adaptation.before!r}. The catalogue's adaptation belongs to another version"
            )
        rest = end + rest
    file.write_text(start + adaptation.after + rest)


def _copy(module: Path, target: Path, dropped: tuple[str, ...] = ()) -> None:
    # Go's module cache is read-only, and copytree keeps that: what an interrupted copy left could not be deleted.
    for file in module.rglob("*"):
        name = file.relative_to(module)
        if file.is_file() and not any(_matches(name, pattern) for pattern in dropped):
            place = target / name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)


def _matches(name: Path, pattern: str) -> bool:
    return name.as_posix().startswith(pattern) if pattern.endswith("/") else name.match(pattern)
