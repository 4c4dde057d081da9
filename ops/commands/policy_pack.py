"""`strongroom policy-pack`."""

from pathlib import Path
from typing import Annotated

import typer

from ..errors import OpsError


def policy_pack(
    directory: Annotated[Path, typer.Argument(help="The directory to write; it must not exist, or be empty.")],
) -> None:
    """Write the policy pack's program, for `pulumi up --policy-pack DIRECTORY` with the installed Strongroom."""
    from ..preview.guardrails import write_pack

    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise OpsError(f"{directory} exists: name a directory that doesn't, or an empty one")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        write_pack(directory)
    except OSError as error:
        raise OpsError(f"{error.filename or directory} can't be written: {error.strerror}") from None
    typer.echo(f"wrote {directory}", err=True)
