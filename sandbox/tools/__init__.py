"""The sandbox's tools: found on PATH, in the cache, downloaded or built, in that order."""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from ..progress import Reporter
from .build import build, module_directory
from .catalogue import CRDS, CSI_DRIVER, MODULES, TOOLS, Tool
from .download import OutOfReachError, download
from .errors import ToolError, full, no_room

__all__ = ["ToolError", "Tools", "default_cache"]


def default_cache() -> Path:
    """Where tools are kept: `STRONGROOM_CACHE`, or `strongroom` in the user's cache directory."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.environ.get("STRONGROOM_CACHE") or Path(base) / "strongroom").expanduser()


class Tools:
    """The tools of a catalogue, made available when they are asked for."""

    def __init__(self, reporter: Reporter, *, catalogue: Sequence[Tool] = TOOLS, cache: Path | None = None) -> None:
        """
        :param reporter: Told of what takes long.
        :param catalogue: The tools; `TOOLS` where it is left out.
        :param cache: Where they are kept; `default_cache()` where it is left out.
        """
        self._reporter = reporter
        self._catalogue = {tool.name: tool for tool in catalogue}
        self._cache = cache or default_cache()
        self._found: dict[str, Path] = {}

    def path(self, name: str) -> Path:
        """The program of the tool `name`, at its pinned version.

        :raises ToolError: It can't be had.
        """
        if name not in self._found:
            tool = self._catalogue[name]
            self._found[name] = self._on_path(tool) or self._cached(tool)
        return self._found[name]

    def prepare(self, names: Iterable[str] | None = None) -> None:
        """Make tools available one after another: each uses all cores while it is built.

        :param names: Which; all of the catalogue where it is left out.
        :raises ToolError: One of them can't be had; those before it stay available.
        """
        for name in self._catalogue if names is None else names:
            self.path(name)

    def crds(self) -> list[Path]:
        """The published CRDs of the Secrets Store CSI driver, as files.

        :raises ToolError: They can't be had.
        """
        kept = self._cache / "crds" / CSI_DRIVER.module.rpartition("@")[2]
        if not kept.is_dir():
            go = shutil.which("go")
            if go is None:
                raise ToolError(f"The CSI driver's CRDs come from the Go module {CSI_DRIVER.module}: install Go")
            published = module_directory(go, "CSI driver", CSI_DRIVER) / CRDS
            partial = kept.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            for file in published.glob("*.yaml"):
                shutil.copyfile(file, partial / file.name)
            partial.rename(kept)
        return sorted(kept.glob("*.yaml"))

    def _on_path(self, tool: Tool) -> Path | None:
        program = shutil.which(tool.name)
        if program is None:
            return None
        try:
            told = subprocess.run(
                [program, *tool.version_arguments],
                capture_output=True,
                text=True,
                timeout=30,
                check=False,
                env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        fits = re.search(rf"(?<![\d.]){re.escape(tool.version)}(?![\d.])", told.stdout + told.stderr)
        return Path(program) if fits else None

    def _cached(self, tool: Tool) -> Path:
        program = self._cache / "tools" / tool.name / f"{tool.version}-{_recipe(tool)}" / "bin" / tool.name
        if program.is_file():
            return program
        try:
            program.parent.mkdir(parents=True, exist_ok=True)
            with _alone(self._cache / "tools" / tool.name / "lock"):
                if not program.is_file():
                    self._make(tool, program)
        except OSError as error:
            if no_room(error):
                raise full(tool.name, self._cache) from None
            raise ToolError(f"{tool.name}: the cache {self._cache} can't be written: {error.strerror}") from None
        return program

    def _make(self, tool: Tool, program: Path) -> None:
        partial = program.with_suffix(".partial")
        try:
            try:
                with self._reporter.step(f"downloading {tool.name} {tool.version}"):
                    download(tool, partial)
            except OutOfReachError:
                self._reporter.note(f"{tool.name}'s downloads can't be reached: building it from pinned Go modules")
                with self._reporter.step(
                    f"building {tool.name} {tool.version} (about {tool.build.minutes:g} min on two cores, once)"
                ):
                    build(tool, partial, self._cache)
            partial.replace(program)
        finally:
            partial.unlink(missing_ok=True)


def _recipe(tool: Tool) -> str:
    digest = hashlib.sha256(repr(asdict(tool)).encode())
    for file in sorted((MODULES / tool.build.directory).glob("*")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
