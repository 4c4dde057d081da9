"""A copy of the project, in which faults do no harm."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import cache_from_source
from pathlib import Path

from .mutant import Mutant

ROOT = Path(__file__).parents[2]
_PARTS = (
    ".github",
    "CHANGELOG.md",
    "Pulumi.yaml",
    "README.md",
    "__main__.py",
    "components",
    "docs",
    "ops",
    "policy",
    "pyproject.toml",
    "sandbox",
    "scripts",
    "stacks",
    "strongroom",
    "template",
    "tests",
)
"""What the tests that mutants name read or import."""


class ProjectCopy:
    """A copy of the project, to be mutated in place."""

    def __init__(self, to: Path, source: Path = ROOT) -> None:
        """
        :param to: An empty directory.
        :param source: The project.
        """
        self.root = to
        self._source = source
        for name in filter(lambda name: (source / name).exists(), _PARTS):
            if (source / name).is_dir():
                shutil.copytree(source / name, to / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source / name, to / name)

    @contextmanager
    def mutated(self, mutant: Mutant) -> Iterator[None]:
        """Have the fault in the copy for as long as this lasts.

        :raises ValueError: The mutant doesn't fit its file.
        """
        original = (self._source / mutant.file).read_text()
        self._write(mutant.file, mutant.apply(original))
        try:
            yield
        finally:
            self._write(mutant.file, original)

    def _write(self, name: str, text: str) -> None:
        file = self.root / name
        file.write_text(text)
        # Two texts of one length, written within a second, look alike to Python.
        if file.suffix == ".py":
            Path(cache_from_source(str(file))).unlink(missing_ok=True)
