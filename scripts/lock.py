"""The lock of the Python packages: `make lock` writes it from the `.in` files, and keeps every pin that still fits."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from .uv import ROOT, Pip, find_uv, uv_environment_of

_OPTIONS = ("--universal", "--python-version=3.11", "--only-binary=:all:", "--no-annotate", "--no-header", "--quiet")


def names(lock: Path) -> list[str]:
    """List the packages of a lock.

    :param lock: Its file.
    """
    return [line.partition("==")[0] for line in lock.read_text().splitlines() if "==" in line and line[0].isalpha()]


def main() -> None:
    """Write the locks: what runs, tests, uv, releases, the site; and all versions without hashes, as constraints."""
    pip = Pip(Path(sys.executable))
    uv, environment = find_uv(pip), uv_environment_of(pip)

    def compile_lock(source: str, target: str, *options: str, without: Iterable[str] = ()) -> None:
        omitted = [f"--no-emit-package={name}" for name in without]
        command = [str(uv), "pip", "compile", source, "--output-file", target, *_OPTIONS, *options, *omitted]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)

    compile_lock("requirements-dev.in", "constraints.txt")
    pinned = ("--generate-hashes", "--constraints=constraints.txt")
    compile_lock("requirements.in", "requirements.txt", *pinned)
    development = ROOT / "requirements-dev.txt"
    development.unlink(missing_ok=True)
    compile_lock("requirements-dev.in", development.name, *pinned, without=names(ROOT / "requirements.txt"))
    development.write_text(f"-r requirements.txt\n{development.read_text()}")
    # The plugin, with and without Azure: Pulumi's Python host downloads a plugin for every package that it finds.
    compile_lock("pyproject.toml", "components/requirements.txt", *pinned)
    compile_lock("pyproject.toml", "components/requirements-azure.txt", *pinned, "--extra=azure")
    compile_lock("requirements-uv.in", "requirements-uv.txt", "--generate-hashes")
    compile_lock("requirements-release.in", "requirements-release.txt", "--generate-hashes")
    compile_lock("requirements-docs.in", "requirements-docs.txt", *pinned)


if __name__ == "__main__":
    main()
