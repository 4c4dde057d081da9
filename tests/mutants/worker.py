"""Runs pytest again and again, each time in a process of its own that has the libraries loaded already.

To load pulumi's and pytest's modules takes several times as long as a test. Nothing of the project is loaded before a
process forks, so that each test meets the project's files as they are then.
"""

import json
import os
import signal
import sys
import tempfile
from contextlib import suppress
from importlib import import_module

_SECONDS = 600
"""How long a run may take before it is ended."""


def run(nodes: list[str]) -> tuple[int, str, list[str]]:
    """Run the tests `nodes` with pytest.

    Return its exit code, below zero where a signal ended it, what it printed, and the packages that it loaded.
    """
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as loaded:
        child = os.fork()
        if child == 0:
            signal.alarm(_SECONDS)
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            code = _pytest(nodes)
            json.dump(_libraries(), loaded)
            loaded.flush()
            # Nothing of the parent's may be run at the end.
            os._exit(code)
        _, status = os.waitpid(child, 0)
        output.seek(0)
        loaded.seek(0)
        return os.waitstatus_to_exitcode(status), output.read(), json.loads(loaded.read() or "[]")


def _pytest(nodes: list[str]) -> int:
    import pytest  # noqa: PLC0415 - where nothing of it stays

    quiet = ["-q", "-x", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
    # A test that is named runs, however long it takes.
    code = pytest.main([*quiet, "-m", "soak or not soak", *nodes])
    sys.stdout.flush()
    return int(code)


def _libraries() -> list[str]:
    """Name the packages that are loaded and are not the project's, in their order."""
    files = {name: getattr(module, "__file__", None) or "" for name, module in sys.modules.items()}
    # A module of pulumi's SDKs would hide the class of its name, which its package gives.
    return [name for name, file in files.items() if "site-packages" in file and file.endswith("__init__.py")]


def main() -> None:
    """Answer each line of standard input, a JSON list of node ids, with a JSON list of exit code and output."""
    sys.path[0] = os.getcwd()  # noqa: PTH109 - as python -m pytest has it
    first = True
    for line in sys.stdin:
        code, output, libraries = run(json.loads(line))
        print(json.dumps([code, output]), flush=True)
        for name in libraries if first else ():
            with suppress(Exception):
                import_module(name)
        first = False


if __name__ == "__main__":
    main()
