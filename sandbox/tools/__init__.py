"""The sandbox's tools: found on PATH, in the cache, downloaded or built, in that order."""

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from . import debian
from .build import Workplace, digest_recipe, go_program, module_directory
from .catalogue import CRDS, CSI_DRIVER, MANIFESTS, TOOLS, TRIMMED, Release, Tool
from .checksums import read_checksums
from .download import OutOfReachError, download
from .environment import clean_environment, default_cache, is_writable, private_cache
from .errors import ANOTHER_CACHE, ToolError, full, no_room
from .pipeline import Pipeline
from .progress import Progress

__all__ = ["ToolError", "Tools", "default_cache"]


class Tools:
    """The tools of a catalogue, made available when they are asked for."""

    def __init__(
        self,
        reporter: Progress,
        *,
        catalogue: Sequence[Tool] = TOOLS,
        cache: Path | None = None,
        environment: Mapping[str, str] | None = None,
        checksums: Mapping[str, str] | None = None,
    ) -> None:
        """
        :param reporter: Reported of what takes long.
        :param catalogue: The tools; if omitted, defaults to `TOOLS`.
        :param cache: Where they are kept; if omitted, defaults to `default_cache()`. One that can't be written to is
            read, and what it lacks goes to `private_cache()`.
        :param environment: The environment of builds and downloads; if omitted, defaults to this process's. A proxy
            that leads to the sandbox's emulator is omitted.
        :param checksums: SHA-256 sums by the URLs of downloads; if omitted, defaults to those pinned in the
            repository. What has none is built.
        """
        given = dict(os.environ if environment is None else environment)
        self._reporter = reporter
        self._catalogue = {tool.name: tool for tool in catalogue}
        named = cache or default_cache(given)
        self._cache = named if is_writable(named) else private_cache(given)
        self._caches = tuple(dict.fromkeys((named, self._cache)))
        self._environment = clean_environment(given, self._cache)
        self._checksums = read_checksums() if checksums is None else checksums
        self._found: dict[str, Path] = {}
        self._pipeline: Pipeline | None = None

    def __contains__(self, name: str) -> bool:
        return name in self._catalogue

    def path(self, name: str) -> Path:
        """Return the program of the tool `name`, at its pinned version.

        :raises ToolError: It can't be had.
        """
        if name not in self._found:
            tool = self._catalogue.get(name)
            if tool is None:
                raise ToolError(f"The catalogue has no tool {name!r}: it has {', '.join(self._catalogue)}")
            if self._pipeline and name in self._pipeline:
                with self._building(tool):
                    self._found[name] = self._pipeline.program(tool)
            elif not self._find(tool):
                with self.preparing([name]):
                    return self.path(name)
        return self._found[name]

    def find(self, name: str) -> Path | None:
        """Return the program of the tool `name` if it is there already; nothing is downloaded or built."""
        return self._found[name] if self._find(self._catalogue[name]) else None

    def prepare(self, names: Iterable[str] | None = None) -> None:
        """Make tools available, each built while the one before is linked.

        :param names: Which; if omitted, defaults to all of the catalogue.
        :raises ToolError: One of them can't be had; those before it stay available.
        """
        names = list(self._catalogue if names is None else names)
        with contextlib.nullcontext() if self._pipeline else self.preparing(names):
            for name in names:
                self.path(name)

    @contextlib.contextmanager
    def preparing(self, names: Iterable[str] | None = None) -> Iterator[None]:
        """Download and build tools in the background while the block runs: `path` waits for the one that it returns.

        :param names: Which, in the order of need; if omitted, defaults to all of the catalogue.
        :raises ToolError: A download is not what was published.
        """
        wanted = [self._catalogue[name] for name in (self._catalogue if names is None else names)]
        missing = self._download([tool for tool in wanted if not self._find(tool)])
        outer = self._pipeline
        self._pipeline = Pipeline([Workplace(tool, self._cache, self._environment) for tool in missing], self._build)
        try:
            yield
        finally:
            self._pipeline.stop()
            self._pipeline = outer

    def crds(self) -> list[Path]:
        """Return the published CRDs of the Secrets Store CSI driver, as files.

        :raises ToolError: They can't be had.
        """
        name = Path("crds") / CSI_DRIVER.module.rpartition("@")[2]
        return sorted(self._kept(name, "CSI driver", self._publish_crds).glob("*.yaml"))

    def manifests(self) -> list[Path]:
        """Return what installs the Secrets Store CSI driver and Azure's provider, as they publish it, as files.

        :raises ToolError: They can't be had.
        """
        name = Path("manifests") / digest_recipe("csi", MANIFESTS)
        return sorted(self._kept(name, "manifests of the CSI driver", self._publish_manifests).glob("*.yaml"))

    def container_runtime(self) -> Path:
        """Return the root below which Debian's packages of a container runtime are unpacked.

        :raises ToolError: They can't be had.
        """
        name = Path("debian", "-".join(debian.PACKAGES))
        return self._kept(name, "container runtime", self._unpack_container_runtime)

    def _kept(self, name: Path, what: str, fill: Callable[[Path], None]) -> Path:
        """Return the directory `name` of a cache, filled where it is missing.

        :param what: What it holds.
        :param fill: Fills a directory that is put in place when it is whole.
        """
        places = [cache / name for cache in self._caches]
        kept = next((place for place in places if os.access(place, os.R_OK | os.X_OK)), self._cache / name)
        if not kept.is_dir():
            with self._keeping(what, kept.parent):
                if not kept.is_dir():
                    partial = kept.with_name(f"{kept.name}.partial")
                    shutil.rmtree(partial, ignore_errors=True)
                    partial.mkdir()
                    fill(partial)
                    partial.rename(kept)
        return kept

    def _publish_crds(self, directory: Path) -> None:
        go = go_program("CSI driver", self._environment)
        published = module_directory(go, "CSI driver", CSI_DRIVER, self._environment) / CRDS
        for file in published.glob("*.yaml"):
            shutil.copyfile(file, directory / file.name)

    def _publish_manifests(self, directory: Path) -> None:
        go = go_program("manifests of the CSI driver", self._environment)
        for name, (source, file) in MANIFESTS.items():
            published = module_directory(go, name, source, self._environment)
            shutil.copyfile(published / file, directory / name)

    def _unpack_container_runtime(self, directory: Path) -> None:
        with self._reporter.step("downloading Debian's packages of a container runtime"):
            debian.unpack(directory, self._environment)

    def _find(self, tool: Tool) -> bool:
        if tool.name not in self._found:
            kept = (cache / _place(tool) for cache in self._caches)
            program = self._on_path(tool) or next((file for file in kept if os.access(file, os.X_OK)), None)
            if program:
                self._found[tool.name] = program
        return tool.name in self._found

    def _building(self, tool: Tool) -> contextlib.AbstractContextManager[None]:
        return self._reporter.step(
            f"building {tool.name} {tool.version} (about {tool.build.minutes:g} min on two cores, once)"
        )

    def _download(self, tools: Sequence[Tool]) -> list[Tool]:
        """Download tools at the same time; those that are left have to be built."""
        if tools and self._cache != self._caches[0]:
            names = ", ".join(tool.name for tool in tools)
            self._reporter.note(
                f"{self._caches[0]} is no directory that this user can write to: {names}, which it lacks, will be in "
                f"{self._cache}"
            )
        pinned = [
            (tool, tool.release, self._checksums[tool.release.url])
            for tool in tools
            if tool.release and tool.release.url in self._checksums
        ]
        if pinned:
            names = ", ".join(tool.name for tool, _, _ in pinned)
            with self._reporter.step(f"downloading {names}"), ThreadPoolExecutor() as pool:
                for had in [pool.submit(self._downloaded, *each) for each in pinned]:
                    had.result()
        left = [tool for tool in tools if not self._find(tool)]
        tried = {tool.name for tool, _, _ in pinned}
        if unreachable := [tool.name for tool in left if tool.name in tried]:
            self._reporter.note(
                f"The downloads of {', '.join(unreachable)} can't be reached: building from pinned Go modules"
            )
        if unpinned := [tool.name for tool in left if tool.release and tool.name not in tried]:
            self._reporter.note(
                f"No checksum is pinned for the downloads of {', '.join(unpinned)}: building from pinned Go modules"
            )
        return left

    def _downloaded(self, tool: Tool, release: Release, checksum: str) -> None:
        def fill(partial: Path) -> None:
            download(tool.name, release, checksum, partial, self._environment)

        with contextlib.suppress(OutOfReachError):
            self._make(tool, fill)

    def _build(self, workplace: Workplace, on_link: Callable[[], None]) -> Path:
        return self._make(workplace.tool, lambda partial: workplace.build(partial, on_link))

    def _make(self, tool: Tool, fill: Callable[[Path], None]) -> Path:
        """Let `fill` write the program, unless another run has made it."""
        program = self._cache / _place(tool)
        partial = program.with_suffix(".partial")
        with self._keeping(tool.name, self._cache / "tools" / tool.name):
            if not os.access(program, os.X_OK):
                program.parent.mkdir(parents=True, exist_ok=True)
                try:
                    fill(partial)
                    partial.replace(program)
                finally:
                    partial.unlink(missing_ok=True)
        return program

    def _on_path(self, tool: Tool) -> Path | None:
        program = shutil.which(tool.name, path=self._environment.get("PATH"))
        if program is None:
            return None
        try:
            reported = subprocess.run(
                [program, *tool.version_arguments],
                capture_output=True,
                text=True,
                timeout=30,
                check=False,
                env={**self._environment, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        # "1.2.3-rc1" is not 1.2.3, and "1.21.3+ent" is a Vault that wants a licence.
        exact = rf"(?<![\w.])v?{re.escape(tool.version)}(\+{TRIMMED})?(?![\w.+-])"
        fits = re.search(exact, reported.stdout + reported.stderr)
        if not fits:
            self._reporter.note(f"{program} is not {tool.version}: passed over")
            return None
        self._reporter.note(f"{tool.name} {tool.version}: {program}, from PATH")
        return Path(program)

    @contextlib.contextmanager
    def _keeping(self, name: str, directory: Path) -> Iterator[None]:
        """Be the only run that writes to `directory` of the cache, and tell what hinders it as a `ToolError`."""
        try:
            directory.mkdir(parents=True, exist_ok=True)
            with (directory / "lock").open("w") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    self._reporter.note(f"waiting for another run that makes {name}")
                    fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            if no_room(error):
                raise full(name, self._cache) from None
            raise ToolError(
                f"{name}: the cache {self._cache} can't be written: {error}. Make it and what is in it this user's, or "
                f"{ANOTHER_CACHE}"
            ) from None


def _place(tool: Tool) -> Path:
    """Return the program's path in a cache."""
    recipe = digest_recipe(tool.build.directory, asdict(tool))
    return Path("tools", tool.name, f"{tool.version}-{recipe}", "bin", tool.name)
