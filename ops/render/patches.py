"""Patches for kustomize, of objects whose pods get secrets and that others make."""

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from strongroom.policy.rules import UNKNOWN

from ..errors import OpsError
from ..pulumi.stack import DeployedWorkload
from ..pulumi.state import HIDDEN
from ..snippet import build_patch
from .objects import list_fields
from .text import Manifest

_FILE = "patch.yaml"


def lay_out_patches(stack: str, descriptions: Iterable[Mapping[str, Any]]) -> dict[PurePosixPath, Manifest]:
    """Build a component for each workload whose pods others make, in `<namespace>/<name>`: a patch, and what names it.

    A kustomization lists the directory in `components`. (Kustomize docs: "Components")

    :param descriptions: The workloads, as their components describe themselves.
    :raises OpsError: A value isn't known before something else is deployed.
    """
    files: dict[PurePosixPath, Manifest] = {}
    for description in descriptions:
        if "pod" not in description:
            continue
        title = f"{description['namespace']}/{description['name']}"
        if unset := [path for path, value in list_fields(description) if value in (UNKNOWN, HIDDEN)]:
            raise OpsError(
                f"Workload {title} has values that are secret, or known once others are deployed: {', '.join(unset)}. "
                f"Remove secrets from its settings, and deploy it first with `pulumi up --stack {stack}`"
            )
        workload = DeployedWorkload.model_validate(description)
        folder = PurePosixPath(workload.namespace, workload.name)
        files[folder / _FILE] = build_patch(workload, (), None)
        files[folder / "kustomization.yaml"] = {
            "apiVersion": "kustomize.config.k8s.io/v1alpha1",
            "kind": "Component",
            "patches": [{"path": _FILE}],
        }
    return files
