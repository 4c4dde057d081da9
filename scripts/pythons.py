"""The oldest and the newest supported Python of this machine: the sandbox starts and the unit tests pass on both."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from shutil import which

from .python_version import NEWEST, OLDEST

ROOT = Path(__file__).resolve().parent.parent
Version = tuple[int, ...]


def find_pythons() -> dict[Version, Path]:
    """Find the supported Pythons that PATH, pyenv and this process name, by their versions."""
    candidates = [Path(sys.executable)]
    for minor in range(OLDEST[1], NEWEST[1] + 1):
        candidates += [Path(found) for found in [which(f"python3.{minor}")] if found]
        pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
        candidates += sorted(pyenv.glob(f"versions/3.{minor}.*/bin/python"))
    versions = {version: python for python in candidates if (version := _version(python)) is not None}
    return {version: python for version, python in versions.items() if OLDEST <= version[:2] <= NEWEST}


def choose(versions: Iterable[Version]) -> list[Version]:
    """Choose the oldest and the newest of `versions`.

    :param versions: Those that are there.
    """
    in_order = sorted(versions)
    return list(dict.fromkeys((in_order[0], in_order[-1])))


def try_python(python: Path) -> bool:
    """Start a sandbox and run the unit tests on `python`, in a directory of their own; whether all went well.

    :param python: The Python.
    """
    with tempfile.TemporaryDirectory(prefix="strongroom-python-") as home:
        environment = {**os.environ, "STRONGROOM_SANDBOX": f"{home}/sandbox"}

        def run(*command: str | Path) -> bool:
            return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0

        made = Path(home) / "venv" / "bin" / "python"
        if not run(python, "-m", "scripts.environment", "--venv", made.parents[1]):
            return False
        try:
            started = run(made, "-m", "sandbox", "up")
        finally:
            run(made, "-m", "sandbox", "down", "--purge")
        return run(made, "-m", "pytest", "-q", "-m", "not integration") and started


def main() -> None:
    """Try the oldest and the newest, print the result of each, and exit with 1 unless both pass."""
    found = find_pythons()
    results: list[str] = []
    failed = False
    for version in choose(found):
        passed = try_python(found[version])
        failed |= not passed
        results.append(f"Python {'.'.join(map(str, version))} ({found[version]}): {'passed' if passed else 'failed'}")
    print("\n".join(["the sandbox's start and the unit tests:", *results]), flush=True)
    raise SystemExit(int(failed))


def _version(python: Path) -> Version | None:
    asked = subprocess.run(
        [python, "-c", "import sys; print(*sys.version_info[:3])"], capture_output=True, text=True, check=False
    )
    return tuple(map(int, asked.stdout.split())) if asked.returncode == 0 else None


if __name__ == "__main__":
    main()
