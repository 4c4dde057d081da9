"""uv, which installs packages in a fraction of pip's time: kept in the cache, had by pip, checked by its hash."""

import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from .pip_settings import read_settings, uv_environment
from .progress import step

ROOT = Path(__file__).resolve().parent.parent
PIN = ROOT / "requirements-uv.txt"


class PipError(Exception):
    """pip can't be had, or it can't install."""


class Pip:
    """pip as it is at hand: that of this Python, else that which Python brings along."""

    def __init__(self, python: Path) -> None:
        """
        :param python: The environment's Python, for which packages are installed.
        """
        self.python = python
        # Settings of the user's that are meant for other installations than these.
        self.environment = {**os.environ, "PIP_REQUIRE_VIRTUALENV": "0", "PIP_USER": "0", "PIP_NO_INPUT": "1"}
        self.environment |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}

    def command(self) -> list[str]:
        """Return the command that runs pip for the environment.

        :raises PipError: Python has none.
        """
        if importlib.util.find_spec("pip"):
            return [sys.executable, "-m", "pip", "--python", str(self.python)]
        if not list(self.python.parent.parent.glob("lib/python*/site-packages/pip")):
            made = subprocess.run([str(self.python), "-m", "ensurepip"], capture_output=True, text=True, check=False)
            if made.returncode != 0:
                raise PipError(
                    f"{sys.executable} has neither pip nor ensurepip: install pip for it "
                    "(on Debian the packages python3-pip and python3-venv)"
                )
        return [str(self.python), "-m", "pip"]

    def install(self, *arguments: str) -> None:
        """Run `pip install`.

        :param arguments: More of its arguments.
        :raises PipError: It fails; it said why.
        """
        command = [*self.command(), "install", "--quiet", *arguments]
        if subprocess.run(command, env=self.environment, check=False, cwd=ROOT).returncode != 0:
            raise PipError("pip failed, as said above")


def cache() -> Path:
    """Return the directory of the sandbox's tools, in which uv is kept too."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return _expanded(Path(os.environ.get("STRONGROOM_CACHE") or Path(base) / "strongroom"))


def find_uv(pip: Pip) -> Path:
    """Return the pinned uv, installed by `pip` when it isn't there yet.

    :param pip: The pip to use.
    :raises PipError: It can't be installed.
    """
    version = hashlib.sha256(PIN.read_bytes()).hexdigest()[:12]
    # The cache may be somebody else's, and not be written.
    homes = [cache() / "uv" / version, pip.python.parent.parent / "uv" / version]
    for home in homes:
        if os.access(home / "bin" / "uv", os.X_OK):
            return home / "bin" / "uv"
    home = next((home for home in homes if _can_make(home.parent)), None)
    if home is None:
        raise PipError(f"neither {homes[0].parent} nor {homes[1].parent} can be written")
    with tempfile.TemporaryDirectory(dir=home.parent) as partial, step("installing uv with pip"):
        pip.install("--require-hashes", "--no-deps", "--target", partial, "-r", str(PIN))
        (home / "bin").mkdir(parents=True, exist_ok=True)
        (Path(partial) / "bin" / "uv").replace(home / "bin" / "uv")
    return home / "bin" / "uv"


def uv_environment_of(pip: Pip) -> dict[str, str]:
    """Build the environment in which uv installs for `pip`'s environment.

    :param pip: The pip whose settings count.
    :raises PipError: Python has no pip.
    """
    environment = uv_environment(read_settings(pip.command(), pip.environment), os.environ)
    kept = Path(environment.get("UV_CACHE_DIR") or Path(environment.get("XDG_CACHE_HOME") or "~/.cache") / "uv")
    if not _can_make(_expanded(kept)):
        environment["UV_NO_CACHE"] = "1"
    return environment


def _expanded(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:  # no HOME, and nobody in the users' list
        return Path(os.devnull) / path


def _can_make(directory: Path) -> bool:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(directory, os.W_OK | os.X_OK)
