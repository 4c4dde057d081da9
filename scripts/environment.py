"""The project's virtual environment: `python -m scripts.environment` makes it, unless it is as the lock says."""

import argparse
import contextlib
import fcntl
import hashlib
import os
import signal
import subprocess
import sys
import time
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path

from . import stage
from .progress import step
from .uv import Pip, PipError, find_uv, uv_environment_of

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCKS = ("requirements.txt", "requirements-dev.txt")
STAMP = ".installed"


def fingerprint(locks: Sequence[str] = LOCKS) -> str:
    """Describe what an environment is made of: this Python, and the lock.

    :param locks: The lock's files.
    """
    digest = hashlib.sha256(b"".join((ROOT / lock).read_bytes() for lock in locks)).hexdigest()
    return f"{sys.version.split()[0]} {sys.base_prefix}\n{digest}\n"


def is_current(home: Path, locks: Sequence[str] = LOCKS) -> bool:
    """Check whether the environment at `home` is complete, made by this Python from this lock.

    :param home: The environment's directory.
    :param locks: The lock's files.
    """
    stamp = home / STAMP
    return stamp.is_file() and stamp.read_text() == fingerprint(locks) and os.access(home / "bin" / "python", os.X_OK)


def make(home: Path, locks: Sequence[str] = LOCKS) -> None:
    """Make the environment at `home`, or bring it up to date.

    :param home: The environment's directory.
    :param locks: The lock's files; the last one has all packages.
    :raises PipError: Neither uv nor pip can install the packages.
    """
    stamp = home / STAMP
    same_python = stamp.is_file() and stamp.read_text().split("\n")[0] == fingerprint(locks).split("\n")[0]
    stamp.unlink(missing_ok=True)
    # A link to an environment elsewhere stays one.
    venv.EnvBuilder(clear=not same_python, symlinks=True, with_pip=False).create(home.resolve())
    install(home, locks[-1])
    stamp.write_text(fingerprint(locks))


def install(home: Path, file: str = LOCKS[-1]) -> None:
    """Install the packages of the lock into the environment at `home`: by uv, and by pip where uv can't.

    :param home: The environment's directory.
    :param file: The lock.
    :raises PipError: Neither can.
    """
    pip = Pip(home / "bin" / "python")
    lock = str(ROOT / file)
    version = sys.version.split()[0]
    try:
        uv = find_uv(pip)
        environment = uv_environment_of(pip)
        command = [str(uv), "pip", "install", "--quiet", "--require-hashes", "--python", str(pip.python), "-r", lock]
        with step(f"installing Python packages with uv (Python {version})"):
            done = subprocess.run(command, env=environment, check=False, cwd=ROOT)
        if done.returncode == 0:
            return
        reason = "uv failed, as said above"
    except PipError as error:
        reason = f"uv can't be had ({error})"
    print(f"{reason}: installing with pip, which takes longer", file=sys.stderr, flush=True)
    with step(f"installing Python packages with pip (Python {version})"):
        pip.install("--require-hashes", "-r", lock)


@contextlib.contextmanager
def head_start(wanted: bool) -> Iterator[None]:
    """Prepare the sandbox's tools meanwhile. What is unfinished at the end is ended: `sandbox up` goes on with it.

    :param wanted: Whether to.
    """
    if not wanted or not (ROOT / "sandbox" / "tools" / "__main__.py").is_file():
        yield
        return
    tools = subprocess.Popen(
        [sys.executable, "-m", "sandbox.tools"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # with the compilers that it starts
    )
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(tools.pid, signal.SIGTERM)
        try:
            tools.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(tools.pid, signal.SIGKILL)


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """Wait for another `make` in this directory that does the same."""
    directory = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        yield
    finally:
        os.close(directory)


def main() -> None:
    """Make the environment; a failure that a user can mend is one text and exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m scripts.environment", description=__doc__)
    parser.add_argument("--venv", type=Path, default=VENV, help="where (default: .venv of the project)")
    parser.add_argument("--lock", action="append", metavar="FILE", help="the lock (default: of what runs and tests)")
    parser.add_argument("--tools", action="store_true", help="begin to prepare the sandbox's tools meanwhile")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    home: Path = arguments.venv.absolute()
    locks: Sequence[str] = arguments.lock or LOCKS
    with only_one():
        if is_current(home, locks):
            (home / STAMP).touch()
            return
        started = time.monotonic()
        try:
            with head_start(arguments.tools):
                make(home, locks)
        except (PipError, OSError) as error:
            raise SystemExit(f"error: {home} can't be made: {error}") from None
        except KeyboardInterrupt:
            raise SystemExit(128 + signal.SIGINT) from None
        stage.note("packages", time.monotonic() - started)


if __name__ == "__main__":
    main()
