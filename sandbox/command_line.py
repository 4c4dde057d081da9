"""The errors of the sandbox's command line: one text for a person, an object for a program."""

import errno
import json
import sys
from collections.abc import Callable
from typing import NoReturn

import typer

from .errors import SandboxError
from .tools import ToolError

_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
_USAGE = 2
"""The exit code for wrong usage."""


def run(app: typer.Typer, *, as_json: bool) -> NoReturn:
    """Run the commands to an exit code: 1 for an error that the user can mend, 2 for wrong usage.

    :param as_json: Whether standard output has such an error too, as `{"error": "..."}`.
    """
    try:
        # By itself, typer prints what is wrong with the usage and ends the process.
        code = app(standalone_mode=not as_json)
    except (SandboxError, ToolError) as error:
        _fail(str(error), 1, as_json=as_json)
    except OSError as error:
        if error.errno not in _DISK and not isinstance(error, PermissionError):
            raise
        _fail(f"{error}: free some space or get the right, and run the same command again", 1, as_json=as_json)
    except Exception as error:
        # Usage errors are click's, of which typer carries a copy that has no public name.
        describe: Callable[[], str] | None = getattr(error, "format_message", None)
        if describe is None:
            raise
        _fail(describe(), _USAGE, as_json=as_json)
    raise SystemExit(code)


def _fail(text: str, code: int, *, as_json: bool) -> NoReturn:
    if as_json:
        typer.echo(json.dumps({"error": text}, indent=2))
    typer.secho(f"error: {text}", fg="red", err=True)
    sys.exit(code)
