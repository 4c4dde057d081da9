"""Strongroom's command line for day two: `python -m ops`."""

import logging

import typer

from .commands.access import access
from .commands.charts import charts
from .commands.check import check
from .commands.doctor import doctor
from .commands.preview import preview
from .commands.recover import recover
from .commands.render import render
from .commands.verify import verify
from .errors import OpsError

app = typer.Typer(
    help="Day two of a Strongroom stack.", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False
)
for command in (verify, access, doctor, check, preview, render, recover, charts):
    app.command()(command)


@app.callback()
def day_two() -> None:
    """Day two of a Strongroom stack."""


def main() -> None:
    """Run the command line; an error that a user can mend is one line and exit code 1."""
    # Refusals are what is tried here; azure-identity warns of each.
    logging.getLogger("azure").setLevel(logging.CRITICAL)
    try:
        app()
    except OpsError as error:
        typer.secho(f"error: {error}", fg="red", err=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
