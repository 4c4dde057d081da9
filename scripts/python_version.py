"""Whether this Python can run the project. It is read by Pythons that can't, from 3.6 on: no newer syntax."""

import sys

OLDEST = (3, 11)
NEWEST = (3, 14)


def require_supported() -> None:
    """End the process, with one line, on a Python that is too old."""
    if sys.version_info < OLDEST:
        raise SystemExit(
            "error: Strongroom needs Python "
            + _text(OLDEST)
            + " to "
            + _text(NEWEST)
            + ", and "
            + sys.executable
            + " is Python "
            + _text(sys.version_info[:3])
            + ". "
            + _advice()
        )


def _advice() -> str:
    from shutil import which  # noqa: PLC0415 - only an old Python needs it

    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        name = "python3." + str(minor)
        if which(name):
            return "Use " + name + " of your PATH: `make up PYTHON=" + name + "`, and .venv/bin/python afterwards"
    return "Install one, and name it: `make up PYTHON=/path/to/python3." + str(NEWEST[1]) + "`"


def _text(version: tuple) -> str:
    return ".".join(map(str, version))
