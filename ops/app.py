"""Strongroom's command line for day two: `strongroom`."""

import logging
import sys

import typer

from .command_line import run, wants_json
from .commands.access import access
from .commands.charts import charts
from .commands.check import check
from .commands.doctor import doctor
from .commands.drift import drift
from .commands.preview import preview
from .commands.recover import recover
from .commands.render import render
from .commands.verify import verify
from .errors import OpsError

app = typer.Typer(
    help="Day two of a Strongroom stack.", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False
)
for command in (verify, access, doctor, check, preview, drift, render, recover, charts):
    app.command()(command)


@app.callback()
def day_two() -> None:
    """Day two of a Strongroom stack."""


def main() -> None:
    """Run the command line."""
    # Refusals are what is tried here; azure-identity warns of each.
    logging.getLogger("azure").setLevel(logging.CRITICAL)
    run(app, OpsError, as_json=wants_json(sys.argv[1:]))


if __name__ == "__main__":
    main()
