"""CI's run: `make test` as a fresh machine sees it, and what it took of its 90 minutes."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from . import stage

ROOT = Path(__file__).resolve().parent.parent
BUDGET_MINUTES = 90


def fresh_environment(home: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Build an environment whose caches are empty, save the Go compiler's.

    :param home: The directory for the caches.
    :param environment: The present environment.
    """
    caches = {
        "XDG_CACHE_HOME": "cache",
        "STRONGROOM_CACHE": "strongroom",
        "GOMODCACHE": "go-modules",
        "PIP_CACHE_DIR": "pip",
        "UV_CACHE_DIR": "uv",
        "npm_config_cache": "npm",
        "NPM_CONFIG_CACHE": "npm",
        "PYRIGHT_PYTHON_CACHE_DIR": "pyright",
    }
    fresh = {name: str(home / directory) for name, directory in caches.items()}
    dropped = {"PIP_NO_CACHE_DIR", "UV_NO_CACHE"}
    kept = {name: value for name, value in environment.items() if name not in dropped}
    return {**kept, **fresh, "GOCACHE": go_cache(environment), "CI": "true", stage.RECORD: str(home / "stages")}


def go_cache(environment: Mapping[str, str]) -> str:
    """Return the directory of the Go compiler's cache, which depends on variables that the run sets anew.

    :param environment: The present environment.
    """
    if shutil.which("go"):
        asked = subprocess.run(["go", "env", "GOCACHE"], capture_output=True, text=True, check=False, env=environment)
        if asked.returncode == 0 and asked.stdout.strip():
            return asked.stdout.strip()
    base = environment.get("XDG_CACHE_HOME") or Path(environment.get("HOME") or "/nonexistent") / ".cache"
    return environment.get("GOCACHE") or str(Path(base) / "go-build")


def remove(directory: Path) -> None:
    """Delete `directory`; Go's modules in it are read-only.

    :param directory: The directory.
    """
    for parent, _, _ in os.walk(directory):
        Path(parent).chmod(0o700)
    shutil.rmtree(directory, ignore_errors=True)


def format_summary(stages: str, seconds: float, code: int) -> str:
    """Format the last lines of a run: the seconds of each stage, and what was used of the budget.

    :param stages: The record of the stages, a line each.
    :param seconds: Of the whole run.
    :param code: The exit code.
    """
    parts = [f"{name} {float(taken):.0f} s" for name, taken in map(str.split, stages.splitlines())]
    result = "passed" if code == 0 else f"failed with exit code {code}"
    used = f"{seconds / 60:.1f} of {BUDGET_MINUTES} minutes ({seconds / 60 / BUDGET_MINUTES:.0%})"
    return f"stages: {', '.join(parts) or 'none ended'}\nbudget: {used}; make test {result}"


def main() -> None:
    """Run `make test`, print the summary whatever comes of it, and exit with its code."""
    started = time.monotonic()
    home = Path(tempfile.mkdtemp(prefix="strongroom-ci-"))
    code = 128 + signal.SIGTERM
    try:
        environment = fresh_environment(home, os.environ)
        code = stage.run(["make", "-C", str(ROOT), "test"], environment=environment, quiet_input=True)
    finally:
        record = home / "stages"
        stages = record.read_text() if record.is_file() else ""
        remove(home)
        print(format_summary(stages, time.monotonic() - started, code), flush=True)
    raise SystemExit(code)


if __name__ == "__main__":
    main()
