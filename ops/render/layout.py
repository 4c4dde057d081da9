"""Layout of the rendered files."""

import hashlib
from collections.abc import Iterable
from pathlib import PurePosixPath
from urllib.parse import quote

from strongroom.policy.rules.pods import PODS

from ..errors import OpsError
from .text import Manifest

_RANKS = {"CustomResourceDefinition": 0, "Namespace": 1, "ServiceAccount": 2}
_OTHERS, _PODS = 3, 4
_WITH_PODS = {kind.rpartition(":")[2] for kind in PODS}

_LONGEST = 200
"""Bytes of a file's name that are an object's own: most file systems allow 255."""


def lay_out(manifests: Iterable[Manifest]) -> dict[PurePosixPath, Manifest]:
    """Return each object by its path.

    Paths are `cluster/<rank>-<kind>_<name>.yaml` and `namespaces/<namespace>/<rank>-<kind>_<name>.yaml`.
    `kubectl apply --recursive` reads them in the order of their names: what others need comes first. The kind is
    written with its API group, as kubectl writes it, and ends at the only underscore that may be in it, so that no two
    objects have one file. (kubectl docs: "kubectl apply")

    :raises OpsError: Two are the same object.
    """
    files: dict[PurePosixPath, Manifest] = {}
    for manifest in manifests:
        path = _build_path(manifest)
        if path in files:
            raise OpsError(
                f"{manifest['kind']} {path.stem.partition('_')[2]} is declared twice: once for {path} is enough"
            )
        files[path] = manifest
    return dict(sorted(files.items(), key=lambda item: str(item[0])))


def _build_path(manifest: Manifest) -> PurePosixPath:
    kind = manifest["kind"]
    group = manifest["apiVersion"].rpartition("/")[0]
    rank = _RANKS.get(kind, _PODS if kind in _WITH_PODS else _OTHERS)
    typed = ".".join(part for part in (kind.lower(), group) if part)
    file = f"{rank}-{_quote(typed)}_{_quote(manifest['metadata']['name'])}"
    if len(file) > _LONGEST:
        file = f"{file[:_LONGEST]}~{hashlib.sha256(file.encode()).hexdigest()[:16]}"
    namespace = manifest["metadata"].get("namespace")
    # A namespace has no dots, which could lead elsewhere.
    folder = (
        PurePosixPath("namespaces", _quote(namespace).replace(".", "%2E")) if namespace else PurePosixPath("cluster")
    )
    return folder / f"{file}.yaml"


def _quote(name: str) -> str:
    return quote(name, safe="")
