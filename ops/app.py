"""Strongroom's command line for day two: `strongroom`."""

import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from .command_line import run, wants_json
from .commands.access import access
from .commands.age import age
from .commands.charts import charts
from .commands.check import check
from .commands.doctor import doctor
from .commands.drift import drift
from .commands.init import init
from .commands.policy_pack import policy_pack
from .commands.preview import preview
from .commands.recover import recover
from .commands.render import render
from .commands.revoke import revoke
from .commands.rotate import rotate
from .commands.snippet import snippet
from .commands.verify import verify
from .errors import OpsError

app = typer.Typer(
    help="Day two of a Strongroom stack.", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False
)
for command in (
    *(init, verify, access, doctor, check, preview, drift, age, render, snippet),
    *(recover, rotate, revoke, charts, policy_pack),
):
    app.command()(command)


@app.callback()
def day_two(
    cwd: Annotated[
        Path | None,
        typer.Option("--cwd", "-C", metavar="DIRECTORY", help="Run as if started in this directory, as Pulumi does."),
    ] = None,
) -> None:
    """Day two of a Strongroom stack.

    Commands work on the Pulumi project that the current directory is in: one with the settings of Strongroom, or any
    program that uses its components.
    """
    if cwd is not None:
        try:
            os.chdir(cwd)
        except OSError as error:
            raise OpsError(f"--cwd: {cwd} can't be entered ({error.strerror}): name the project's directory") from None


def main() -> None:
    """Run the command line."""
    # Refusals are what is tried here; azure-identity warns of each.
    logging.getLogger("azure").setLevel(logging.CRITICAL)
    run(app, OpsError, as_json=wants_json(sys.argv[1:]))


if __name__ == "__main__":
    main()
