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
from .build import build, go_program, module_directory
from .catalogue import CRDS, CSI_DRIVER, MODULES, TOOLS, Release, Tool
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
            tool = self._catalogue.get(name)
            if tool is None:
                raise ToolError(f"The catalogue has no tool {name!r}: it has {', '.join(self._catalogue)}")
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
            with self._keeping("CSI driver", kept.parent):
                if not kept.is_dir():
                    _publish_crds(kept)
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
        # "1.2.3-rc1" is not 1.2.3, and "1.21.3+ent" is a Vault that wants a licence.
        fits = re.search(rf"(?<![\w.])v?{re.escape(tool.version)}(?![\w.+-])", told.stdout + told.stderr)
        if not fits:
            self._reporter.note(f"{program} is not {tool.version}: passed over")
            return None
        self._reporter.note(f"{tool.name} {tool.version}: {program}, from PATH")
        return Path(program)

    def _cached(self, tool: Tool) -> Path:
        program = self._cache / "tools" / tool.name / f"{tool.version}-{_recipe(tool)}" / "bin" / tool.name
        if program.is_file():
            return program
        with self._keeping(tool.name, self._cache / "tools" / tool.name):
            if not program.is_file():
                program.parent.mkdir(parents=True, exist_ok=True)
                self._make(tool, program)
        return program

    @contextlib.contextmanager
    def _keeping(self, name: str, directory: Path) -> Iterator[None]:
        """Be the only run that writes to `directory` of the cache, and tell what hinders it as a `ToolError`."""
        try:
            directory.mkdir(parents=True, exist_ok=True)
            with (directory / "lock").open("w") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    with self._reporter.step(f"waiting for another run that makes {name}"):
                        fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            if no_room(error):
                raise full(name, self._cache) from None
            raise ToolError(f"{name}: the cache {self._cache} can't be written: {error}") from None

    def _make(self, tool: Tool, program: Path) -> None:
        partial = program.with_suffix(".partial")
        try:
            if tool.release is None or not self._downloaded(tool, tool.release, partial):
                with self._reporter.step(
                    f"building {tool.name} {tool.version} (about {tool.build.minutes:g} min on two cores, once)"
                ):
                    build(tool, partial, self._cache)
            partial.replace(program)
        finally:
            partial.unlink(missing_ok=True)

    def _downloaded(self, tool: Tool, release: Release, target: Path) -> bool:
        try:
            with self._reporter.step(f"downloading {tool.name} {tool.version}"):
                download(tool.name, release, target)
        except OutOfReachError:
            self._reporter.note(f"{tool.name}'s downloads can't be reached: building it from pinned Go modules")
            return False
        return True


def _recipe(tool: Tool) -> str:
    digest = hashlib.sha256(repr(asdict(tool)).encode())
    for file in sorted((MODULES / tool.build.directory).glob("*")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _publish_crds(kept: Path) -> None:
    published = module_directory(go_program("CSI driver"), "CSI driver", CSI_DRIVER) / CRDS
    partial = kept.with_name(f"{kept.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    for file in published.glob("*.yaml"):
        shutil.copyfile(file, partial / file.name)
    partial.rename(kept)
