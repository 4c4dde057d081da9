"""Builds from pinned Go modules."""

import json
import re
import shutil
import subprocess
from pathlib import Path

from .catalogue import MODULES, Source, Tool
from .errors import ToolError, full, no_room

_GO = (1, 26)
_TAIL = 20


def build(tool: Tool, target: Path, cache: Path) -> None:
    """Build `tool` and put it at `target`.

    :param cache: Where logs and adapted sources are kept.
    :raises ToolError: Go is missing or too old, or the build failed.
    """
    go = _go(tool.name)
    modules = MODULES / tool.build.directory
    if tool.build.source:
        modules = _workshop(go, tool.name, modules, tool.build.source, cache)
    log = cache / "logs" / f"{tool.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as output:
        done = subprocess.run(
            [go, "build", "-mod=readonly", *tool.build.flags, "-o", str(target), tool.build.package],
            cwd=modules,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    if done.returncode != 0:
        text = log.read_text(errors="replace")
        if no_room(text):
            raise full(tool.name, cache)
        tail = "\n".join(text.splitlines()[-_TAIL:])
        raise ToolError(f"{tool.name} {tool.version} could not be built from {tool.build.package} ({log}):\n{tail}")


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
    if "Error" in described:
        raise ToolError(f"{tool}: the Go module {source.module} can't be had: {described['Error']}")
    if described["Sum"] != source.sum:
        raise ToolError(f"{tool}: the Go module {source.module} has the checksum {described['Sum']}, not {source.sum}")
    return Path(described["Dir"])


def _go(tool: str) -> str:
    go = shutil.which("go")
    needed = ".".join(map(str, _GO))
    if go is None:
        raise ToolError(f"{tool} must be built, and there is no Go on PATH: install Go {needed} or newer, or {tool}")
    version = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"go(\d+)\.(\d+)", version)
    if not found or (int(found[1]), int(found[2])) < _GO:
        raise ToolError(f"{tool} must be built, and Go on PATH is {version.strip()}: install Go {needed} or newer")
    return go


def _workshop(go: str, tool: str, modules: Path, source: Source, cache: Path) -> Path:
    workshop = cache / "build" / tool
    shutil.rmtree(workshop, ignore_errors=True)
    workshop.mkdir(parents=True)
    for file in modules.iterdir():
        shutil.copy(file, workshop)
    # The module cache is read-only, and copytree keeps modes; a plain copy per file does not.
    shutil.copytree(module_directory(go, tool, source), workshop / "src", copy_function=shutil.copyfile)
    for directory in (workshop / "src").rglob("*/"):
        directory.chmod(0o755)
    (workshop / "src").chmod(0o755)
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
