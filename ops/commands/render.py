"""`strongroom render`."""

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from ..console import console
from ..errors import OpsError
from ..terminal_text import make_printable
from .options import AsJson, Stack

if TYPE_CHECKING:
    from ..render.directory import RenderedFile


def render(
    stack: Stack,
    to: Annotated[Path, typer.Option("--to", help="The directory; what others have in it stays.")],
    charts: Annotated[
        bool, typer.Option("--charts/--no-charts", help="Whether Helm charts are rendered too, by Helm.")
    ] = True,
    patches_to: Annotated[
        Path | None,
        typer.Option(
            "--patches-to",
            metavar="DIRECTORY",
            help="Write patches for kustomize here: of attached objects, and of Deployments named like workloads with "
            "pods: none.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the stack's Kubernetes objects as YAML, for GitOps: as they will be, without any secret's value.

    What no file may hold is omitted, and reported on standard error.
    """
    from ..render.directory import write_files
    from ..render.layout import lay_out
    from ..render.patches import lay_out_patches
    from ..render.stack import render_stack
    from ..render.text import to_yaml

    if patches_to and patches_to.resolve().is_relative_to(to.resolve()):
        raise OpsError(
            f"--patches-to {patches_to} is in {to}: what applies that directory would take patches for whole objects. "
            "Name another directory"
        )
    half = render_stack(stack, charts=charts)
    laid_out = [(to, lay_out(half.manifests))]
    if patches_to:
        laid_out.append((patches_to, lay_out_patches(stack, half.workloads)))
    written = [
        (directory, write_files(directory, stack, {path: to_yaml(each) for path, each in manifests.items()}))
        for directory, manifests in laid_out
    ]
    for each in half.omitted:
        typer.secho(make_printable(f"skipped: {each.what} {each.why}"), fg="yellow", err=True)
    if as_json:
        (_, files), *patches = written
        report = {
            "files": [asdict(each) for each in files],
            **({"patches": [asdict(each) for each in patches[0][1]]} if patches else {}),
            "omitted": [asdict(each) for each in half.omitted],
        }
        typer.echo(json.dumps(report, indent=2))
    else:
        for directory, files in written:
            _show(directory, files)


def _show(directory: Path, files: "list[RenderedFile]") -> None:
    out = console()
    changed = [file for file in files if file.done != "unchanged"]
    if changed:
        table = Table("File", "", title=str(directory), title_justify="left")
        for file in changed:
            table.add_row(file.path, file.done)
        out.print(table)
    counts = Counter(file.done for file in files)
    out.print(", ".join(f"{counts[done]} {done}" for done in ("written", "unchanged", "removed")))
