"""Builds from pinned Go modules."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from .catalogue import MODULES, Source, Tool
from .errors import ToolError, full, no_room

_GO = (1, 26)
_TAIL = 20

_PAUSES = (2, 10, 30, 60, 120, 240, 240)
"""Seconds before a build is tried again that a proxy of Go modules refused a module: it may have to get it first, and
keeps what it has served. Where no proxy can be reached at all, nothing is tried again."""

_REFUSED = re.compile(r'@v?[\w.+-]+: (Get "https?://[^"\n]*": (?!dial )|reading https?://\S+: (403|429|5\d\d) )')


def build(tool: Tool, target: Path, cache: Path) -> None:
    """Build `tool` and put it at `target`.

    :param cache: Where logs and adapted sources are kept.
    :raises ToolError: Go is missing or too old, or the build failed.
    """
    go = go_program(tool.name)
    modules = MODULES / tool.build.directory
    if tool.build.source:
        modules = _workshop(go, tool.name, modules, tool.build.source, cache)
    log = cache / "logs" / f"{tool.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    code, text = _built(go, tool, modules, target, log)
    for pause in _PAUSES:
        if code == 0 or not _REFUSED.search(text):
            break
        time.sleep(pause)
        code, text = _built(go, tool, modules, target, log)
    if code != 0:
        if no_room(text):
            raise full(tool.name, cache, *_go_directories(go))
        tail = "\n".join(text.splitlines()[-_TAIL:])
        raise ToolError(f"{tool.name} {tool.version} could not be built from {tool.build.package} ({log}):\n{tail}")


def _built(go: str, tool: Tool, modules: Path, target: Path, log: Path) -> tuple[int, str]:
    """Go's exit code, and all that it said."""
    with log.open("w") as output:
        done = subprocess.run(
            [go, "build", "-mod=readonly", *tool.build.flags, "-o", str(target), tool.build.package],
            cwd=modules,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    return done.returncode, log.read_text(errors="replace")


def module_directory(go: str, tool: str, source: Source) -> Path:
    """The directory of a Go module, once its checksum is what is pinned.

    :raises ToolError: It can't be had, or is not what is pinned.
    """
    done = subprocess.run(
        [go, "mod", "download", "-json", source.module], capture_output=True, text=True, check=False, cwd=MODULES
    )
    try:
        described: dict[str, str] = json.loads(done.stdout)
    except ValueError:
        described = {"Error": done.stderr.strip()}
    if no_room(described.get("Error", "")):
        raise full(tool, *_go_directories(go))
    if "Error" in described:
        raise ToolError(f"{tool}: the Go module {source.module} can't be had: {described['Error']}")
    if described["Sum"] != source.sum:
        raise ToolError(f"{tool}: the Go module {source.module} has the checksum {described['Sum']}, not {source.sum}")
    return Path(described["Dir"])


def go_program(tool: str) -> str:
    """The Go that can build `tool`.

    :raises ToolError: Go is missing or too old.
    """
    go = shutil.which("go")
    needed = ".".join(map(str, _GO))
    if go is None:
        raise ToolError(f"{tool}: comes from Go modules, and there is no Go on PATH: install Go {needed} or newer")
    version = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"go(\d+)\.(\d+)", version)
    if not found or (int(found[1]), int(found[2])) < _GO:
        raise ToolError(
            f"{tool}: comes from Go modules, and Go on PATH is {version.strip()}: install Go {needed} or newer"
        )
    return go


def _go_directories(go: str) -> list[Path]:
    told = subprocess.run([go, "env", "GOCACHE", "GOMODCACHE"], capture_output=True, text=True, check=False).stdout
    temporary = os.environ.get("GOTMPDIR") or tempfile.gettempdir()
    return [Path(line) for line in (temporary, *told.splitlines()) if Path(line).is_absolute()]


def _workshop(go: str, tool: str, modules: Path, source: Source, cache: Path) -> Path:
    workshop = cache / "build" / tool
    if workshop.exists():
        shutil.rmtree(workshop)
    workshop.mkdir(parents=True)
    for file in modules.iterdir():
        shutil.copy(file, workshop)
    _copy(module_directory(go, tool, source), workshop / "src")
    for adaptation in source.adaptations:
        file = workshop / "src" / adaptation.file
        text = file.read_text() if file.is_file() else ""
        if (count := text.count(adaptation.before)) != 1:
            raise ToolError(
                f"{tool}: {adaptation.file} of {source.module} has the expression to adapt {count} times, not once: "
                f"{adaptation.before!r}. The catalogue's adaptation belongs to another version"
            )
        file.write_text(text.replace(adaptation.before, adaptation.after))
    return workshop


def _copy(module: Path, target: Path) -> None:
    # Go's module cache is read-only, and copytree keeps that: what an interrupted copy left could not be deleted.
    for file in module.rglob("*"):
        if file.is_file():
            place = target / file.relative_to(module)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)
