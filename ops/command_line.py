"""A command line's errors: one text for a person, an object for a program."""

import errno
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from itertools import takewhile
from pathlib import Path
from typing import NoReturn

import typer

from .terminal_text import make_printable

_FULL = {errno.ENOSPC, errno.EDQUOT}
_CLOSED = {errno.EACCES, errno.EPERM, errno.EROFS}
_USAGE = 2
"""The exit code for wrong usage."""


def wants_json(arguments: Sequence[str]) -> bool:
    """Tell whether a command line asks for JSON; what follows `--` is another command's."""
    return "--json" in takewhile(lambda word: word != "--", arguments)


def run(app: typer.Typer, *expected: type[Exception], as_json: bool) -> NoReturn:
    """Run a command line to its exit code: 1 for an error that its user can fix, 2 for wrong usage.

    Such an error is one text on standard error; with JSON, standard output has it too, as `{"error": "..."}`.

    :param app: The commands.
    :param expected: The errors that a user can fix.
    :param as_json: Whether JSON is asked for.
    """
    try:
        # By itself, typer prints what is wrong with the usage and ends the process.
        code = app(standalone_mode=not as_json)
    except expected as error:
        fail(str(error), 1, as_json=as_json)
    except typer.Abort:
        fail("aborted", 1, as_json=as_json)
    except OSError as error:
        if (text := _describe_disk(error)) is None:
            raise
        fail(text, 1, as_json=as_json)
    except Exception as error:
        # Usage errors are click's, of which typer carries a copy that has no public name.
        describe: Callable[[], str] | None = getattr(error, "format_message", None)
        if describe is None:
            raise
        fail(describe(), _USAGE, as_json=as_json)
    raise SystemExit(code)


def _describe_disk(error: OSError) -> str | None:
    """Say what is wrong with this machine's disk or its rights, and what to do; `None` if the error is another."""
    place = error.filename or f"the disk of {Path.cwd()} or of {tempfile.gettempdir()}"
    if error.errno in _FULL:
        return f"{place} can't be written: {error.strerror}. Free some space there, and run the same command again"
    if error.errno in _CLOSED:
        return f"{place} can't be used: {error.strerror}. Give this user the right to, and run the same command again"
    return str(error) if isinstance(error, PermissionError) else None


def fail(text: str, code: int, *, as_json: bool) -> NoReturn:
    """End the process with an error.

    :param code: Its exit code.
    :param as_json: Whether standard output has it too, as an object.
    """
    if as_json:
        typer.echo(json.dumps({"error": text}, indent=2))
    typer.secho(make_printable(f"error: {text}"), fg="red", err=True)
    sys.exit(code)
