"""`strongroom snippet`."""

from enum import Enum
from typing import Annotated

import typer

from .options import Stack


class Form(Enum):
    """What takes the snippet."""

    HELM = "helm"
    KUSTOMIZE = "kustomize"
    MANIFEST = "manifest"


def snippet(
    stack: Stack,
    workload: Annotated[
        str, typer.Option("--workload", "-w", metavar="[NAMESPACE/]NAME", help="A workload whose pods others make.")
    ],
    form: Annotated[
        Form,
        typer.Option(
            "--for", help="A chart's values, a strategic merge patch for kustomize, or the fragment of a pod template."
        ),
    ],
    *,
    container: Annotated[
        list[str] | None,
        typer.Option(
            "--container",
            metavar="NAME",
            help="For kustomize and manifest: a container that reads the secrets. Defaults to the workload's name.",
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            "--target", metavar="KIND/NAME", help="For kustomize: the object. Defaults to a Deployment of that name."
        ),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(
            "--key",
            metavar="KEY=OTHER",
            help="For helm: what the chart calls a value, e.g. extraVolumes=app.volumes.",
        ),
    ] = None,
) -> None:
    """Print what pods that others make need of a workload, as YAML, without any secret's value.

    It is read from the stack's state. A change of the secrets changes an annotation, so that pods are replaced: print
    it again after `pulumi up`.
    """
    from ..doctor.diagnosis import find_workload
    from ..pulumi.stack import read_stack
    from ..render.text import to_yaml
    from ..snippet import build_fragment, build_patch, build_values

    found = find_workload(read_stack(stack), workload)
    match form:
        case Form.HELM:
            manifest = build_values(found, key or ())
        case Form.KUSTOMIZE:
            manifest = build_patch(found, container or (), target)
        case Form.MANIFEST:
            manifest = build_fragment(found, container or ())
    typer.echo(to_yaml(manifest), nl=False)
