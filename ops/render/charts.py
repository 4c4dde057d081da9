"""Rendering of charts as the objects that Helm would install."""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any

import yaml
from kubernetes import client

from strongroom.policy.rules.rule import at

from ..errors import OpsError
from ..pulumi.project import find_project
from .objects import Omitted, flatten, format_name, holds_values
from .text import Manifest, parse_yaml

_HOOK = "helm.sh/hook"
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
"""Between the words of a kind, e.g. of `CSIDriver`."""

_INSTEAD = "or leave charts out with --no-charts, and have Helm install them"


def render_release(release: Manifest) -> tuple[list[Manifest], list[Omitted]]:
    """Render the objects of a release, with its CRDs, and list what no file may hold: filled Secrets, and hooks.

    (Helm docs: "helm template", "Chart Hooks")

    :param release: Its inputs, without secret values.
    :raises OpsError: There is no Helm on PATH, Helm fails, or the chart makes up other values each time.
    """
    name = release["name"]
    rendered = [(each, _find_exclusion(each, name)) for each in _list_objects(release)]
    kept = [each for each, why in rendered if why is None]
    if kept != [each for each in _list_objects(release) if _find_exclusion(each, name) is None]:
        raise OpsError(
            f"Release {name}: its chart generates new values each time, so its files would always differ. Choose "
            f"values that avoid that, {_INSTEAD}"
        )
    return kept, [Omitted(f"{each['kind']} {format_name(each)}", why) for each, why in rendered if why]


def _find_exclusion(manifest: Manifest, release: str) -> str | None:
    """Return why an object of a chart can't be in a file; `None` if it can."""
    annotations = at(manifest, "metadata", "annotations")
    if isinstance(annotations, Mapping) and _HOOK in annotations:
        return f"is a hook of the release {release}: only Helm runs it"
    if holds_values(manifest):
        return f"holds secret values, made by the chart of the release {release}: have Helm install it"
    return None


def _list_objects(release: Manifest) -> list[Manifest]:
    namespace = release.get("namespace") or "default"
    objects = _run_helm(release, namespace)
    definitions = {
        (at(each, "spec", "group"), at(each, "spec", "names", "kind")): at(each, "spec", "scope")
        for each in objects
        if each.get("kind") == "CustomResourceDefinition"
    }
    return [
        each
        if _is_cluster_wide(each, definitions)
        else {**each, "metadata": {"namespace": namespace, **each["metadata"]}}
        for each in objects
    ]


def _run_helm(release: Manifest, namespace: str) -> list[Manifest]:
    helm = shutil.which("helm")
    if helm is None:
        raise OpsError(f"Release {release['name']}: charts need Helm, which is not on PATH: install it, {_INSTEAD}")
    version, repository = release.get("version"), at(release, "repositoryOpts", "repo")
    done = subprocess.run(  # noqa: S603 - the arguments are a stack's own
        [
            *(helm, "template", release["name"], release["chart"], f"--namespace={namespace}"),
            *([f"--version={version}"] if version else []),
            *([f"--repo={repository}"] if repository else []),
            *("--include-crds", "--skip-tests", "--values=-"),
        ],
        cwd=find_project(),
        input=json.dumps(release.get("values") or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        reason = " ".join(done.stderr.split()).removeprefix("Error: ")
        raise OpsError(f"Release {release['name']}: helm template: {reason}. Fix that, {_INSTEAD}")
    try:
        documents = parse_yaml(done.stdout)
    except yaml.YAMLError as error:
        raise OpsError(
            f"Release {release['name']}: its chart renders what is no YAML ({type(error).__name__})"
        ) from None
    objects = list(flatten(documents))
    if not all(each.get("apiVersion") and each.get("kind") and at(each, "metadata", "name") for each in objects):
        raise OpsError(f"Release {release['name']}: its chart renders what is no Kubernetes object with a name")
    return objects


def _is_cluster_wide(manifest: Manifest, definitions: Mapping[tuple[Any, Any], Any]) -> bool:
    """Return whether its kind has no namespaces: by its CRD, or by what Kubernetes' own client can do with it."""
    group, _, version = manifest["apiVersion"].rpartition("/")
    if (group, manifest["kind"]) in definitions:
        return definitions[group, manifest["kind"]] == "Cluster"
    name = "".join(part.capitalize() for part in (group or "core").removesuffix(".k8s.io").split("."))
    api = getattr(client, f"{name}{version.capitalize()}Api", None)
    return hasattr(api, f"create_{_WORDS.sub('_', manifest['kind']).lower()}")
